/** What the colours of the map mean: groups of points, each with a colour and a name. Pure. */

import { FLAGGED, LABELLED, NO_CLASS, OPEN, SKIPPED, isTest, predictionOf, statusOf } from "./map_points.js";

/**
 * @typedef {import("./map_points.js").Points} Points
 * @typedef {import("./types.js").ClassInfo} ClassInfo
 * @typedef {"label" | "prediction" | "confidence" | "lane"} Mode
 * @typedef {{group: number, name: string, slot: number, count: number}} Entry a line of the legend
 * @typedef {{groups: Int16Array, legend: Entry[]}} Colouring groups: by point
 */

export const REST = 0;
export const HALO = 1;
export const UNSEEN = 255;
const FIRST_CLASS = 2;
const CLASS_COLOURS = 10;
const FIRST_SURE = FIRST_CLASS + CLASS_COLOURS;
const SURE_STEPS = [0.5, 0.7, 0.85, 0.95];

/** Slots in the order they are drawn: what says least lies below. @type {((slot: number) => boolean)[]} */
export const LAYERS = [
  (slot) => slot === REST,
  ...Array.from({ length: SURE_STEPS.length + 1 }, (_, i) => (/** @type {number} */ slot) => slot === FIRST_SURE + SURE_STEPS.length - i),
  (slot) => slot >= FIRST_CLASS && slot < FIRST_SURE,
];

/**
 * The colour of each slot, the halo of what is selected among them: a token, or a share of the way from one to another.
 * @type {(string | [string, string, number])[]}
 */
export const SLOT_COLOURS = [
  ["--ground", "--edge", 0.62],
  "--text",
  ...Array.from({ length: CLASS_COLOURS }, (_, i) => `--class-${i}`),
  ...Array.from({ length: SURE_STEPS.length + 1 }, (_, i) => /** @type {[string, string, number]} */ (["--class-1", "--line", (i / SURE_STEPS.length) * 0.8])),
];

/** Groups of the lane: training images by what stands on them, then hold-out images. */
const LANES = [
  { name: "training, open", slot: REST },
  { name: "training, labelled", slot: FIRST_CLASS },
  { name: "skipped", slot: FIRST_CLASS + 6 },
  { name: "flagged", slot: FIRST_CLASS + 4 },
  { name: "hold-out, open", slot: FIRST_CLASS + 3 },
  { name: "hold-out, labelled", slot: FIRST_CLASS + 1 },
];

/** @type {Record<Mode, (points: Points, i: number) => number>} */
const GROUP_OF = {
  label: (points, i) => points.label[i],
  prediction: predictionOf,
  confidence: (points, i) => (predictionOf(points, i) === NO_CLASS ? NO_CLASS : sureness(points.confidence[i] / 255)),
  lane: laneOf,
};

/** @param {number} confidence */
const sureness = (confidence) => SURE_STEPS.filter((step) => confidence >= step).length;

/** @param {Points} points @param {number} i */
function laneOf(points, i) {
  const status = statusOf(points, i);
  if (status === SKIPPED) return 2;
  if (status === FLAGGED) return 3;
  const labelled = status === LABELLED ? 1 : 0;
  return isTest(points, i) ? 4 + labelled : labelled;
}

/**
 * @param {Mode} mode
 * @param {Points} points
 * @param {ClassInfo[]} classes
 * @returns {Colouring} the legend has the groups that there are, the one without a colour last
 */
export function colouring(mode, points, classes) {
  const groups = new Int16Array(points.count);
  /** @type {Map<number, number>} */
  const counts = new Map();
  const groupOf = GROUP_OF[mode];
  for (let i = 0; i < points.count; i += 1) {
    const group = groupOf(points, i);
    groups[i] = group;
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const legend = entries(mode, classes).map((entry) => ({ ...entry, count: counts.get(entry.group) ?? 0 }));
  return { groups, legend: legend.filter((entry) => entry.count > 0) };
}

/** @param {Mode} mode @param {ClassInfo[]} classes @returns {{group: number, name: string, slot: number}[]} */
function entries(mode, classes) {
  if (mode === "lane") return LANES.map((lane, group) => ({ ...lane, group }));
  const none = { group: NO_CLASS, name: mode === "label" ? "no label" : "not predicted, or hold-out", slot: REST };
  if (mode === "confidence") return [...SURE_NAMES.map((name, group) => ({ name, group, slot: FIRST_SURE + group })), none];
  return [...classes.map(({ id, name, color }) => ({ group: id, name, slot: slotOfClass(color) })), none];
}

/** @param {number} color */
export const slotOfClass = (color) => FIRST_CLASS + (color % CLASS_COLOURS);

const SURE_NAMES = ["below 50 %", "50 to 70 %", "70 to 85 %", "85 to 95 %", "95 % and more"];

/**
 * The colour slot of every point. Groups that are not among `only` are drawn as the rest.
 * @param {Colouring} colouring
 * @param {Set<number>} only empty: all
 * @returns {Uint8Array}
 */
export function slotsOf({ groups, legend }, only) {
  const first = Math.min(NO_CLASS, ...legend.map((entry) => entry.group));
  const bySlot = new Uint8Array(Math.max(0, ...legend.map((entry) => entry.group)) - first + 1);
  for (const { group, slot } of legend) bySlot[group - first] = only.size && !only.has(group) ? REST : slot;
  const slots = new Uint8Array(groups.length);
  for (let i = 0; i < groups.length; i += 1) slots[i] = bySlot[groups[i] - first];
  return slots;
}

/**
 * What has been selected, in numbers.
 * @param {Points} points
 * @param {number[]} selected positions
 * @param {ClassInfo[]} classes
 * @returns {{takeable: number[], holdout: number, answered: number, byClass: {name: string, color: number, count: number}[]}}
 *   takeable: positions; byClass: how many of these the model gives each class, most first
 */
export function summed(points, selected, classes) {
  const takeable = selected.filter((i) => points.state[i] === OPEN);
  const holdout = selected.filter((i) => isTest(points, i)).length;
  const byClass = classes
    .map(({ id, name, color }) => ({ name, color, count: takeable.filter((i) => points.predicted[i] === id).length }))
    .filter((entry) => entry.count > 0)
    .sort((a, b) => b.count - a.count);
  return { takeable, holdout, answered: selected.length - takeable.length - holdout, byClass };
}
