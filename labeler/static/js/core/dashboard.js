/** The dashboard's figures in words. Pure. */

import { count, counted, metricName, metricValue, percent } from "./format.js";

/**
 * @typedef {import("../io/analysis.js").Forecast} Forecast
 * @typedef {import("../io/analysis.js").Paired} Paired
 * @typedef {import("../io/analysis.js").Version} Version
 */

const RECENT_S = 300;
const CERTAIN = 0.05;

/**
 * How far the goal is: a figure and what stands beside it.
 * @param {Forecast | undefined} forecast
 * @returns {{figure: string, note: string}}
 */
export function forecastWords(forecast) {
  if (!forecast) return { figure: "–", note: "no goal is set" };
  const goal = `${metricName(forecast.metric).toLowerCase()} ${metricValue(forecast.metric, forecast.goal)}`;
  if (forecast.needed === 0) return { figure: "reached", note: `${goal}; what is left is the proof` };
  if (forecast.needed === null) return { figure: "cannot tell", note: `${goal}: ${forecast.reason}` };
  const high = forecast.high === null ? "more, no upper bound" : count(forecast.high);
  return { figure: `≈ ${counted(forecast.needed, "label")}`, note: `${count(forecast.low ?? 0)} – ${high} · ${goal}` };
}

/**
 * Labels per minute over the last five minutes; null where there was none.
 * @param {{starts: number[], per_minute: number[], interval_s: number}} pace
 * @param {number} now seconds since the epoch
 */
export function recentPace({ starts, per_minute, interval_s }, now) {
  const recent = starts.map((start, i) => ({ end: start + interval_s, rate: per_minute[i] })).filter(({ end }) => end > now - RECENT_S);
  if (!recent.some(({ rate }) => rate > 0)) return null;
  return recent.reduce((sum, { rate }) => sum + rate, 0) / Math.max(recent.length, 1);
}

/** Parts of their sum. @param {number[]} counts */
export function shares(counts) {
  const total = counts.reduce((sum, n) => sum + n, 0);
  return counts.map((n) => (total ? n / total : 0));
}

/**
 * What became better or worse between two versions.
 * @param {Paired} paired
 * @param {string} images how many both have judged
 */
export function verdict({ difference, p }, images) {
  if (p < CERTAIN) return `The ${difference > 0 ? "second" : "first"} is better on ${images}.`;
  return `No difference can be shown on ${images}.`;
}

/** "+2.1 points". @param {number} difference of two shares */
export const pointsOf = (difference) => `${signed(difference)}\u00a0points`;

/** @param {number} difference */
const signed = (difference) => `${difference > 0 ? "+" : difference < 0 ? "−" : "±"}${Math.abs(100 * difference).toFixed(1)}`;

/** @param {Paired} paired */
export const pointsInterval = ({ low, high }) => `${signed(low)} to ${signed(high)}, 95\u00a0%`;

/** A version in a list. @param {Version} version @param {boolean} newest */
export function versionName({ version, name, labels, metrics }, newest) {
  const accuracy = metrics.accuracy ? ` · ${percent(metrics.accuracy.value)}` : "";
  return `${name || `Version ${count(version)}`}${newest ? ", newest" : ""} · ${counted(labels, "label")}${accuracy}`;
}

/** A change of a setting in words. @param {import("../io/analysis.js").Change} change */
export function changeWords({ key, old, new: now, person }) {
  const value = (/** @type {unknown} */ v) => (typeof v === "object" && v !== null ? JSON.stringify(v) : String(v ?? "none"));
  const what = old === null && (key === "rollback" || key === "finetune") ? `${key} to version ${value(now)}` : `${key}: ${value(old)} → ${value(now)}`;
  return `${what}${person ? ` (${person})` : ""}`;
}

/** @param {string} annotator */
export const personName = (annotator) => (annotator === "import" ? "from a file" : annotator || "unnamed");
