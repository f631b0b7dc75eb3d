/** The metrics' history as columns for a chart. Pure. */

/**
 * @typedef {import("./types.js").HistoryRow} HistoryRow
 * @typedef {(number | null)[]} Column
 * @typedef {{labels: number[], value: Column, low: Column, high: Column}} Curve
 */

/**
 * One metric against the number of labels, training and test together; the newest row of each number counts.
 * @param {HistoryRow[]} history
 * @param {string} metric
 * @returns {Curve}
 */
export function curveOf(history, metric) {
  const byLabels = new Map(history.map((row) => [row.labels + row.test_labels, row]));
  const rows = [...byLabels].filter(([, row]) => row.metrics[metric]).sort(([a], [b]) => a - b);
  const pick = (/** @type {"value" | "low" | "high"} */ key) => rows.map(([, row]) => row.metrics[metric][key] ?? null);
  return { labels: rows.map(([labels]) => labels), value: pick("value"), low: pick("low"), high: pick("high") };
}

/**
 * The value at which training stops for a metric, or null.
 * @param {Record<string, import("./types.js").Threshold>} thresholds
 * @param {string} metric
 */
export const stopAt = (thresholds, metric) => thresholds[metric]?.at_least ?? thresholds[metric]?.at_most ?? null;

/**
 * The history with one row more; a row that is there already is replaced.
 * @param {HistoryRow[]} history
 * @param {HistoryRow} row
 */
export const withRow = (history, row) => [...history.filter((r) => r.seq !== row.seq), row];

/**
 * Per-class rows for a table: precision and recall by class name.
 * @param {Record<string, import("./types.js").Metric>} metrics
 * @param {string[]} names
 */
export const perClass = (metrics, names) =>
  names.map((name) => ({ name, precision: metrics[`precision/${name}`] ?? null, recall: metrics[`recall/${name}`] ?? null }));
