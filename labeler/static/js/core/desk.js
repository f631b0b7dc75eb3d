/** What the person sees and has done: deck, own annotations, and where they look back. Pure; values are never changed. */

import { advance, bringBack, emptyDeck } from "./deck.js";
import { entriesOf } from "./outbox.js";

/**
 * @typedef {import("./types.js").Entry} Entry
 * @typedef {import("./types.js").Task} Task
 * @typedef {import("./types.js").Kind} Kind
 *
 * @typedef {object} Desk
 * @property {import("./deck.js").Deck} deck
 * @property {Entry[]} history own annotations that stand, oldest first
 * @property {string | null} look image looked back at; null at the current image
 */

/** @returns {Desk} */
export const emptyDesk = () => ({ deck: emptyDeck(), history: [], look: null });

/**
 * One entry per image in the order they were first answered, each with its newest annotation.
 * @param {Entry[]} history
 * @returns {Entry[]}
 */
export function trail(history) {
  /** @type {Map<string, Entry>} */
  const byImage = new Map();
  for (const entry of history) byImage.set(entry.image_id, entry);
  return [...byImage.values()];
}

/**
 * The entry looked back at, or null at the current image.
 * @param {Desk} desk
 */
export const lookedAt = (desk) =>
  desk.look === null ? null : (trail(desk.history).find((e) => e.image_id === desk.look) ?? null);

/**
 * The image on the stage: the one looked back at, else the first of the deck.
 * @param {Desk} desk
 * @returns {Task | Entry | null}
 */
export const visible = (desk) => lookedAt(desk) ?? desk.deck.tasks[0] ?? null;

/**
 * Answers the visible image. A current one makes way for the next; a correction moves one step forward.
 * @param {Desk} desk
 * @param {{annotation_id: string, kind: Kind, label: string | null}} answer
 * @returns {{desk: Desk, entry: Entry} | null} null where no image is visible
 */
export function answer(desk, { annotation_id, kind, label }) {
  const image = visible(desk);
  if (!image) return null;
  const task = "annotation_id" in image ? image.task : image;
  const { image_id, url, filename, lane } = image;
  /** @type {Entry} */
  const entry = { annotation_id, image_id, url, filename, lane, kind, label, task };
  const history = [...desk.history, entry];
  if (desk.look === null) return { entry, desk: { ...desk, history, deck: advance(desk.deck) } };
  return { entry, desk: step({ ...desk, history }, 1) };
}

/**
 * Takes back the newest annotation. Its image is the current one again; where an older label of the same image stands
 * now, the page looks back at it instead. A bulk action goes as a whole, and its images are not brought back: nobody
 * was asked about them one by one.
 * @param {Desk} desk
 * @returns {{desk: Desk, undone: Entry, all: Entry[]} | null} null where there is nothing to undo
 */
export function undo(desk) {
  const undone = desk.history.at(-1);
  if (!undone) return null;
  if (undone.bulk) {
    const [all, history] = split(desk.history, (e) => e.bulk === undone.bulk);
    return { undone, all, desk: { ...desk, history, look: null } };
  }
  const history = desk.history.slice(0, -1);
  const all = [undone];
  if (history.some((e) => e.image_id === undone.image_id)) {
    return { undone, all, desk: { ...desk, history, look: undone.image_id } };
  }
  return { undone, all, desk: { history, look: null, deck: bringBack(desk.deck, undone.task ?? taskOf(undone)) } };
}

/**
 * @param {Entry[]} entries
 * @param {(entry: Entry) => boolean} belongs
 * @returns {[Entry[], Entry[]]} those that do, and the others
 */
const split = (entries, belongs) => [entries.filter(belongs), entries.filter((e) => !belongs(e))];

/**
 * Looks `by` images further on (negative: back). Past the newest is the current image.
 * @param {Desk} desk
 * @param {number} by
 * @returns {Desk}
 */
export function step(desk, by) {
  const images = trail(desk.history);
  const at = desk.look === null ? images.length : images.findIndex((e) => e.image_id === desk.look);
  const to = Math.max(0, at + by);
  return { ...desk, look: to < images.length ? images[to].image_id : null };
}

/**
 * Looks at one image of the history; null leads back to the current one.
 * @param {Desk} desk
 * @param {string | null} imageId
 * @returns {Desk}
 */
export const lookAt = (desk, imageId) => ({ ...desk, look: imageId });

/**
 * The history after a reload: what the labeler has, and what still waits in the outbox.
 * @param {Entry[]} acknowledged from GET /api/history, newest first
 * @param {import("./types.js").Row[]} rows the outbox in the order it is sent
 * @returns {Entry[]} oldest first
 */
export function mergeHistory(acknowledged, rows) {
  const undone = new Set(rows.filter((r) => r.op === "undo").map((r) => r.annotation_id));
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  for (const entry of [...acknowledged].reverse()) entries.set(entry.annotation_id, entry);
  for (const row of rows) if (!row.refused) for (const entry of entriesOf(row)) entries.set(entry.annotation_id, entry);
  return [...entries.values()].filter((e) => !undone.has(e.annotation_id) && !undone.has(e.bulk ?? ""));
}

/**
 * The history under the new name of a class.
 * @param {Entry[]} history
 * @param {string} from
 * @param {string} to
 * @returns {Entry[]}
 */
export const renameLabels = (history, from, to) => history.map((e) => (e.label === from ? { ...e, label: to } : e));

/**
 * An annotated image as a task again; what the model thought of it is not known here.
 * @param {Entry} entry
 * @returns {Task}
 */
function taskOf({ image_id, url, filename, lane }) {
  return { image_id, url, filename, lane, prediction: null, why: null, neighbours: [] };
}
