/** Numbers for people: one digit on percentages, separators in counts, no bare floats. Pure. */

const COUNT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const NBSP = "\u00a0";

/** Metrics that are shares and read as percentages; the others are plain numbers. */
const SHARES = /^(accuracy|accuracy_worst|f1_macro|ece|precision\/.*|recall\/.*)$/s;

/** @type {Record<string, string>} */
const METRIC_NAMES = {
  accuracy: "Accuracy",
  f1_macro: "Macro-F1",
  loss: "Loss",
  train_loss: "Training loss",
  accuracy_worst: "Accuracy, skipped ones wrong",
  expected_cost: "Mean cost of an answer",
  ece: "Calibration error",
};

/** @param {number} n */
export const count = (n) => COUNT.format(n);

/**
 * "1 label", "7 labels".
 * @param {number} n
 * @param {string} noun
 * @param {string} [plural]
 */
export const counted = (n, noun, plural = `${noun}s`) => `${count(n)}${NBSP}${n === 1 ? noun : plural}`;

/** @param {number} share in [0, 1] */
export const percent = (share) => `${(share * 100).toFixed(1)}${NBSP}%`;

/** @param {string} name */
export const isShare = (name) => SHARES.test(name);

/** @param {string} name a metric's name on the wire */
export function metricName(name) {
  const [kind, ...rest] = name.split("/");
  if (!rest.length) return METRIC_NAMES[name] ?? name;
  return `${kind === "precision" ? "Precision" : "Recall"} of ${rest.join("/")}`;
}

/**
 * @param {string} name
 * @param {number} value
 */
export const metricValue = (name, value) => (isShare(name) ? percent(value) : value.toFixed(3));

/**
 * "88.6 – 97.1 %"; empty where there is no interval.
 * @param {string} name
 * @param {import("./types.js").Metric} metric
 */
export function interval(name, { low, high }) {
  if (low === null || high === null) return "";
  return isShare(name) ? `${(low * 100).toFixed(1)} – ${percent(high)}` : `${low.toFixed(3)} – ${high.toFixed(3)}`;
}

/**
 * " · 93.1 % with 4 skipped ones as wrong"; empty where no test image was skipped.
 * @param {Record<string, import("./types.js").Metric>} metrics
 */
export function worstCase({ accuracy, accuracy_worst: worst }) {
  const skipped = worst && accuracy ? worst.n - accuracy.n : 0;
  return skipped > 0 ? ` · ${percent(worst.value)} with ${counted(skipped, "skipped one")} as wrong` : "";
}

/**
 * A clause from elsewhere as a sentence: capital first, full stop last.
 * @param {string} text
 */
export const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? "" : "."}`;

/**
 * How long ago: "0.3 s", "12 s", "4 min", "2 h", "3 d".
 * @param {number} seconds
 */
export function age(seconds) {
  const s = Math.max(0, seconds);
  if (s < 9.95) return `${s.toFixed(1)}${NBSP}s`;
  if (s < 59.5) return `${Math.round(s)}${NBSP}s`;
  if (s < 3570) return `${Math.round(s / 60)}${NBSP}min`;
  if (s < 84_600) return `${Math.round(s / 3600)}${NBSP}h`;
  return `${Math.round(s / 86_400)}${NBSP}d`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return counted(bytes, "byte");
  const steps = ["kB", "MB", "GB", "TB"];
  const step = Math.min(steps.length - 1, Math.floor(Math.log10(bytes) / 3) - 1);
  return `${(bytes / 1000 ** (step + 1)).toFixed(1)}${NBSP}${steps[step]}`;
}

/**
 * "35 %", for progress bars.
 * @param {number} done
 * @param {number} total
 */
export const share = (done, total) => `${total > 0 ? Math.floor((100 * done) / total) : 0}${NBSP}%`;

/**
 * Date and time in the person's own zone.
 * @param {number} seconds since the epoch
 */
export const moment = (seconds) =>
  new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(seconds * 1000);

/**
 * A file name with its invisible characters made visible (line breaks, direction marks), so that it cannot deceive.
 * @param {string} name
 */
export const fileName = (name) =>
  name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
