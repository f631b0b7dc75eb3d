/** The images this page holds: the shown one first, then the next ones, then hints. Pure; values are never changed. */

/**
 * @typedef {import("./types.js").Task} Task
 * @typedef {import("./types.js").Hint} Hint
 * @typedef {import("./types.js").LeaseAnswer} LeaseAnswer
 * @typedef {{tasks: Task[], upcoming: Hint[], reason: string, queueVersion: number}} Deck
 */

/** Images leased at a time: the shown one and the next two. */
export const LEASED = 3;
/** Hints asked for besides. */
export const UPCOMING = 5;

/** @returns {Deck} */
export const emptyDeck = () => ({ tasks: [], upcoming: [], reason: "", queueVersion: 0 });

/**
 * The deck after the shown image has been answered.
 * @param {Deck} deck
 * @returns {Deck}
 */
export const advance = (deck) => ({ ...deck, tasks: deck.tasks.slice(1) });

/**
 * The deck with an undone image back in front.
 * @param {Deck} deck
 * @param {Task} task
 * @returns {Deck}
 */
export function bringBack(deck, task) {
  const others = deck.tasks.filter((t) => t.image_id !== task.image_id);
  return {
    ...deck,
    tasks: [{ ...task, returned: true }, ...others],
    upcoming: deck.upcoming.filter((h) => h.image_id !== task.image_id),
  };
}

/**
 * Takes in the answer to a lease request.
 *
 * The shown image, and those brought back by an undo, stay as they were painted, suggestion included. The next ones
 * stay in their places while the lease holds. New leases and the new order of hints follow.
 * @param {Deck} deck
 * @param {LeaseAnswer} answer
 * @param {(imageId: string) => boolean} isAnswered whether this page has answered the image since the request left
 * @returns {Deck}
 */
export function mergeLease(deck, answer, isAnswered) {
  const leased = new Map(answer.tasks.filter((t) => !isAnswered(t.image_id)).map((t) => [t.image_id, t]));
  const [shown, ...next] = deck.tasks;
  const kept = shown ? [shown] : [];
  for (const task of next) {
    const newer = task.returned ? task : leased.get(task.image_id);
    if (newer) kept.push(newer);
  }
  const seen = new Set(kept.map((t) => t.image_id));
  const tasks = [...kept, ...[...leased.values()].filter((t) => !seen.has(t.image_id))];
  const held = new Set(tasks.map((t) => t.image_id));
  return {
    tasks,
    upcoming: answer.upcoming.filter((h) => !held.has(h.image_id) && !isAnswered(h.image_id)),
    reason: tasks.length ? "" : (answer.reason ?? ""),
    queueVersion: answer.queue?.version ?? deck.queueVersion,
  };
}

/**
 * Tasks in the order in which the page held them before; others follow as they came.
 * @param {Task[]} tasks
 * @param {string[]} order image ids
 */
export function inOrderOf(tasks, order) {
  const places = new Map(order.map((id, place) => [id, place]));
  const place = (/** @type {Task} */ task) => places.get(task.image_id) ?? order.length;
  return [...tasks].sort((a, b) => place(a) - place(b));
}

/**
 * With the labeler out of reach and nothing leased left, the first hint becomes the shown image: labelling goes on.
 * Its lane is not known, so nothing of the model is shown on it.
 * @param {Deck} deck
 * @param {(imageId: string) => boolean} isReady whether the image has been fetched already
 * @returns {Deck}
 */
export function promoteHint(deck, isReady) {
  const hint = deck.tasks.length ? undefined : deck.upcoming.find((h) => isReady(h.image_id));
  if (!hint) return deck;
  /** @type {Task} */
  const task = { ...hint, lane: "unknown", prediction: null, why: null, neighbours: [] };
  return { ...deck, tasks: [task], upcoming: deck.upcoming.filter((h) => h !== hint) };
}

/**
 * Every image the page wants decoded, most urgent first.
 * @param {Deck} deck
 * @returns {Hint[]}
 */
export const wanted = (deck) => [...deck.tasks, ...deck.upcoming];

/**
 * Whether the model's view, suggestion and neighbours may be shown: never where they would bias a measurement.
 * @param {{lane: import("./types.js").Lane}} image
 */
export const mayShowModel = (image) => image.lane === "query" || image.lane === "random" || image.lane === "review";
