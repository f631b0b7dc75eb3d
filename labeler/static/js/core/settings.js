/** Settings in words, and back from what is typed. Pure. */

import { count, counted, isShare, metricName, metricValue, moment, percent, sentence } from "./format.js";

/**
 * @typedef {"number" | "whole" | "switch" | "choice" | "thresholds" | "weights" | "costs"} Form
 * @typedef {Record<string, Record<string, number>>} Costs true class, said class, cost
 * @typedef {Record<string, import("./types.js").Threshold>} Goals
 *
 * @typedef {object} Setting one of GET /api/settings
 * @property {string} key
 * @property {string} group
 * @property {string} name
 * @property {string} about
 * @property {string} unit
 * @property {any} value
 * @property {any} default
 * @property {Form} form
 * @property {(string | boolean)[]} choices
 * @property {boolean} nullable
 * @property {string} range for people
 * @property {string} off why it has no effect now; empty where it has one
 *
 * @typedef {object} Change one of GET /api/settings/changes
 * @property {number} revision
 * @property {number} time seconds since the epoch
 * @property {string} person
 * @property {number} labels training labels at that time
 * @property {string} key
 * @property {any} old
 * @property {any} new
 *
 * @typedef {object} Version one of GET /api/versions
 * @property {number} version
 * @property {number} labels
 * @property {string} space
 * @property {number} time
 * @property {string} name
 * @property {boolean} kept
 * @property {Record<string, import("./types.js").Metric>} metrics
 */

/** @param {Setting} setting */
export const isChanged = (setting) => JSON.stringify(setting.value) !== JSON.stringify(setting.default);

/**
 * What a field for a number shows; empty for none.
 * @param {number | null} value
 */
export const fieldText = (value) => (value === null ? "" : String(value));

/**
 * The number that was typed, with a point or a comma; null where the field is empty and may be.
 * @param {Setting} setting
 * @param {string} text
 * @returns {{value: number | null} | {error: string}}
 */
export function typed({ nullable, range }, text) {
  const clean = text.trim().replace(",", ".");
  if (!clean && nullable) return { value: null };
  const value = Number(clean);
  if (clean && Number.isFinite(value)) return { value };
  return { error: `${clean ? `“${text.trim()}” is not a number` : "The field is empty"}; expected ${range}.` };
}

/**
 * Why a value was refused, as it stands beside the field of the setting.
 * @param {string} key
 * @param {string} message the labeler's
 */
export const refusalText = (key, message) => sentence(message.replace(`${key} is `, "got ").replace(`${key}: `, ""));

/** What a choice is called. @param {string | boolean | null} choice */
export const choiceText = (choice) => (choice === true ? "on" : choice === false ? "off" : String(choice));

/**
 * A value in words, for lists.
 * @param {any} value
 */
export function valueText(value) {
  if (value === null) return "by itself";
  if (typeof value === "number") return fieldText(value);
  if (typeof value !== "object") return choiceText(value);
  return Object.entries(value).map(partText).join(", ") || "none";
}

/** One entry of a weight per class, a goal per metric, or costs per true class. @param {[string, any]} entry */
function partText([name, inner]) {
  if (typeof inner === "number") return `${name} × ${inner}`;
  if ("at_least" in inner || "at_most" in inner) return goalText(name, inner);
  return Object.entries(inner).map(([said, cost]) => `${mistakeText(name, said)} × ${cost}`).join(", ");
}

/** @param {string} truth @param {string} said */
export const mistakeText = (truth, said) => `${truth} as ${said}`;

/**
 * The costs with that of one mistake set; null takes it away.
 * @param {Costs} costs
 * @param {string} truth
 * @param {string} said
 * @param {number | null} cost
 * @returns {Costs}
 */
export function withCost(costs, truth, said, cost) {
  const row = Object.entries(costs[truth] ?? {}).filter(([name]) => name !== said);
  const changed = { ...costs, [truth]: Object.fromEntries(cost === null ? row : [...row, [said, cost]]) };
  return Object.fromEntries(Object.entries(changed).filter(([, inner]) => Object.keys(inner).length > 0));
}

/** "Accuracy ≥ 95.0 %". @param {string} metric @param {import("./types.js").Threshold} goal */
const goalText = (metric, goal) => `${metricName(metric)} ${signOf(metric)} ${metricValue(metric, goal.at_least ?? goal.at_most ?? 0)}`;

/** Whether a metric's goal is a lower or an upper bound. @param {string} metric */
export const signOf = (metric) => (metric === "loss" || metric === "ece" ? "≤" : "≥");

/** How a goal's number is written: percent, but for the loss. @param {string} metric */
export const goalUnit = (metric) => (isShare(metric) ? "%" : "");

/** @param {string} metric @param {import("./types.js").Threshold} goal */
export const goalField = (metric, goal) => String(+((goal.at_least ?? goal.at_most ?? 0) * (isShare(metric) ? 100 : 1)).toPrecision(10));

/**
 * The goal that was typed.
 * @param {string} metric
 * @param {number} number as in its field
 */
export function goalOf(metric, number) {
  const value = isShare(metric) ? +(number / 100).toPrecision(10) : number;
  return signOf(metric) === "≥" ? { at_least: value } : { at_most: value };
}

/** Metrics that may have a goal. @param {string[]} classes their names */
export const goalMetrics = (classes) => ["accuracy", "f1_macro", "loss", "ece", ...classes.flatMap((name) => [`recall/${name}`, `precision/${name}`])];

/**
 * What stands beside a field: unit, range, and what follows from the value.
 * @param {Setting} setting
 */
export function around({ key, unit, range, form, value }) {
  const limits = form === "number" || form === "whole" ? range.replace(/^a (whole )?number /, "").replace(/^from (\S+) to /, "$1 – ").replace(" or none", ", or empty") : "";
  const decay = key === "train.C" ? `1/C = ${+(1 / value).toPrecision(2)}` : "";
  return [unit, limits, decay].filter(Boolean).join(" · ");
}

/**
 * A change as a sentence without its person and time.
 * @param {Change} change
 * @param {Map<string, Setting>} settings
 */
export function changeText(change, settings) {
  if (change.key === "rollback") return `Back to version ${count(change.new)}`;
  if (change.key === "finetune") return `Next fine-tuning from version ${count(change.new)}`;
  return `${settings.get(change.key)?.name ?? change.key}: ${valueText(change.old)} → ${valueText(change.new)}`;
}

/** @param {Change} change */
export const changeAbout = ({ labels, person }) => `${person || "nobody named"} · at ${counted(labels, "label")}`;

/**
 * Whether a version can be gone back to, and since when it is there.
 * @param {Version} version
 * @param {number} newest
 */
export const keptText = ({ version, kept, time }, newest) => (kept ? moment(time) : version === newest ? "in use now" : "not any more");

/** "91.2 %"; a dash before the first evaluation. @param {Version} version */
export const accuracyText = ({ metrics }) => (metrics.accuracy ? percent(metrics.accuracy.value) : "–");
