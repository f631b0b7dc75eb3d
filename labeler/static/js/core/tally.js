/** Counts as the person expects them: the labeler's, plus own answers that are not in them yet. Pure. */

/**
 * @typedef {import("./types.js").Entry} Entry
 * @typedef {{seq: number | null, labelled: number, classes: Record<string, number>}} Effect
 */

/**
 * What an annotation changes in the counts.
 * @param {Entry | null} before what stood on the image until now
 * @param {Entry | null} after what stands on it from now on
 * @returns {Effect}
 */
export function effectOf(before, after) {
  /** @type {Record<string, number>} */
  const classes = {};
  for (const [entry, by] of /** @type {[Entry | null, number][]} */ ([[before, -1], [after, 1]])) {
    if (entry?.label) classes[entry.label] = (classes[entry.label] ?? 0) + by;
  }
  return { seq: null, labelled: Number(Boolean(after?.label)) - Number(Boolean(before?.label)), classes };
}

/**
 * What several changes amount to.
 * @param {Effect[]} effects
 * @returns {Effect}
 */
export function sumOf(effects) {
  /** @type {Effect} */
  const sum = { seq: null, labelled: 0, classes: {} };
  for (const { labelled, classes } of effects) {
    sum.labelled += labelled;
    for (const [name, by] of Object.entries(classes)) sum.classes[name] = (sum.classes[name] ?? 0) + by;
  }
  return sum;
}

/**
 * The effects that the labeler's counts at `lastSeq` do not hold yet.
 * @param {Map<string, Effect>} effects by outbox row
 * @param {number} lastSeq
 * @returns {Map<string, Effect>}
 */
export const outstanding = (effects, lastSeq) =>
  new Map([...effects].filter(([, effect]) => effect.seq === null || effect.seq > lastSeq));

/**
 * Labelled images and images per class, own unsent answers included.
 * @param {import("./types.js").State} state
 * @param {Map<string, Effect>} effects
 */
export function countsWith(state, effects) {
  let labelled = state.counts.labelled;
  /** @type {Map<string, number>} */
  const perClass = new Map(state.classes.map((c) => [c.name, c.count]));
  for (const effect of effects.values()) {
    labelled += effect.labelled;
    for (const [name, by] of Object.entries(effect.classes)) perClass.set(name, (perClass.get(name) ?? 0) + by);
  }
  return { labelled, perClass };
}

const SHORTEST_GAP_MS = 50;
const LONGEST_PAUSE_MS = 30_000;
const REMEMBERED = 30;

/**
 * The times of the newest labels, with one more.
 * @param {number[]} times milliseconds, oldest first
 * @param {number} now
 */
export const withTime = (times, now) => [...times, now].slice(-REMEMBERED);

/**
 * The times of answers from the log, as far as they count for the rate.
 * @param {Entry[]} entries newest first
 */
export const timesOf = (entries) =>
  entries.slice(0, REMEMBERED).flatMap((e) => (e.created_at ? [e.created_at * 1000] : [])).reverse();

/**
 * Labels per minute over the newest labels; pauses above half a minute, and labels that came in bulk, do not
 * count. Null until there are three gaps.
 * @param {number[]} times milliseconds, oldest first
 * @returns {number | null}
 */
export function labelsPerMinute(times) {
  const gaps = times.slice(1).map((t, i) => t - times[i]).filter((gap) => gap >= SHORTEST_GAP_MS && gap <= LONGEST_PAUSE_MS);
  if (gaps.length < 3) return null;
  return 60_000 / (gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length);
}
