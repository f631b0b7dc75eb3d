/** The metrics' history as columns for a chart. Pure. */

/**
 * @typedef {import("./types.js").HistoryRow} HistoryRow
 * @typedef {import("./types.js").Metric} Metric
 * @typedef {(number | null)[]} Column
 * @typedef {{value: Column, low: Column, high: Column}} Line
 * @typedef {"labels" | "time"} By
 * @typedef {{x: number[], lines: Line[]}} Curve
 */

export const TRAINING_LOSS = "train_loss";

/**
 * Metrics against the number of labels, training and test together (the newest row of each number counts), or against
 * time; one line each. Rows without any of them are left out.
 * @param {HistoryRow[]} history
 * @param {string[]} metrics
 * @param {By} [by]
 * @returns {Curve}
 */
export function curveOf(history, metrics, by = "labels") {
  const place = (/** @type {HistoryRow} */ row) => (by === "time" ? row.time : row.labels + row.test_labels);
  const newest = new Map(history.map((row) => [place(row), row]));
  const rows = [...newest].filter(([, row]) => metrics.some((name) => metricIn(row, name))).sort(([a], [b]) => a - b);
  return { x: rows.map(([x]) => x), lines: metrics.map((name) => lineOf(rows.map(([, row]) => metricIn(row, name)))) };
}

/** @param {HistoryRow} row @param {string} name @returns {Pick<Metric, "value" | "low" | "high"> | null} */
const metricIn = (row, name) => {
  if (name !== TRAINING_LOSS) return row.metrics[name] ?? null;
  return row.train_loss === null ? null : { value: row.train_loss, low: null, high: null };
};

/** @param {(Pick<Metric, "value" | "low" | "high"> | null)[]} found @returns {Line} */
const lineOf = (found) => ({
  value: found.map((metric) => metric?.value ?? null),
  low: found.map((metric) => metric?.low ?? null),
  high: found.map((metric) => metric?.high ?? null),
});

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
 * The history with the rows of a stretch in finer detail.
 * @param {HistoryRow[]} history
 * @param {HistoryRow[]} detail
 */
export function withDetail(history, detail) {
  const byTime = new Map([...history, ...detail].map((row) => [row.time, row]));
  return [...byTime.values()].sort((a, b) => a.time - b.time);
}

/**
 * The times of the rows that lie at the ends of a stretch of a chart, or null where none lies in it.
 * @param {HistoryRow[]} history
 * @param {By} by
 * @param {number} low
 * @param {number} high
 */
export function timesWithin(history, by, low, high) {
  if (by === "time") return [low, high];
  const times = history.filter((row) => row.labels + row.test_labels >= low && row.labels + row.test_labels <= high).map((row) => row.time);
  return times.length ? [Math.min(...times), Math.max(...times)] : null;
}

/**
 * Where a moment lies on a chart: itself, or the labels that there were then.
 * @param {HistoryRow[]} history in order of time
 * @param {By} by
 * @param {number} time
 */
export function placeOf(history, by, time) {
  if (by === "time") return time;
  const before = history.findLast((row) => row.time <= time);
  return before ? before.labels + before.test_labels : 0;
}

/**
 * Per-class rows for a table: precision and recall by class name.
 * @param {Record<string, import("./types.js").Metric>} metrics
 * @param {string[]} names
 */
export const perClass = (metrics, names) =>
  names.map((name) => ({ name, precision: metrics[`precision/${name}`] ?? null, recall: metrics[`recall/${name}`] ?? null }));
