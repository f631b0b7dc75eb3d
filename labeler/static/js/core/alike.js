/** Images that are nearly the same as one just labelled: what is offered, and what taking the offer does. Pure. */

import { mayShowModel } from "./deck.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("./types.js").Entry} Entry
 * @typedef {import("./types.js").Hint} Hint
 * @typedef {{like: Entry, label: string, images: Hint[], more: number}} Offer more: look-alikes beyond those listed
 */

/**
 * What is offered after the newest answer: its label for the look-alikes of its image. Null where there are none, and
 * as soon as another answer has been given. The image on the stage is left out: it is being asked.
 * @param {Desk} desk
 * @returns {Offer | null}
 */
export function offerOf(desk) {
  const like = desk.history.at(-1);
  if (!like?.label || like.bulk || !mayShowModel(like)) return null;
  const answered = new Set(desk.history.map((e) => e.image_id));
  const shown = desk.deck.tasks[0]?.image_id;
  const listed = like.task?.look_alikes ?? [];
  const images = listed.filter((i) => i.image_id !== shown && !answered.has(i.image_id));
  const more = Math.max(0, (like.task?.look_alike_count ?? 0) - listed.length);
  return images.length ? { like, label: like.label, images, more } : null;
}

/**
 * Gives the offered label to the images that were not left out, as one action.
 * @param {Desk} desk
 * @param {Offer} offer
 * @param {string} bulk the action's id
 * @param {Set<string>} without image ids
 * @returns {{desk: Desk, entries: Entry[]}}
 */
export function takeOffer(desk, offer, bulk, without) {
  const images = offer.images.filter((i) => !without.has(i.image_id));
  const entries = images.map((image, i) => entryOf(image, offer.label, bulk, i));
  const taken = new Set(images.map((i) => i.image_id));
  const open = (/** @type {Hint} */ image) => !taken.has(image.image_id);
  const deck = { ...desk.deck, tasks: desk.deck.tasks.filter(open), upcoming: desk.deck.upcoming.filter(open) };
  return { entries, desk: { ...desk, deck, history: [...desk.history, ...entries] } };
}

/** @param {Hint} image @param {string} label @param {string} bulk @param {number} place @returns {Entry} */
const entryOf = ({ image_id, url, filename }, label, bulk, place) => ({
  annotation_id: `${bulk}-${place}`, image_id, url, filename, lane: "query", kind: "label", label, bulk,
});
