/** The strip at the bottom: the last four answers, the current image, the next ones. Each has a fixed place. */

import { LEASED } from "../core/deck.js";
import { fileName } from "../core/format.js";
import { shownUrl } from "../io/images.js";
import { trail } from "../core/desk.js";
import { byId, el, keyed, setText } from "./dom.js";

/**
 * @typedef {import("../core/desk.js").Desk} Desk
 * @typedef {{key: string, place: "past" | "now" | "next" | "hint" | "none", image_id: string, url: string, caption: string, color: number | null, name: string, looked: boolean}} Frame
 */

const PAST = 4;
const NEXT = 4;

export class Film {
  #list = byId("film");
  #onLook;

  /** @param {(imageId: string | null) => void} onLook a thumbnail was chosen; null: the current image */
  constructor(onLook) {
    this.#onLook = onLook;
  }

  /**
   * @param {Desk} desk
   * @param {Map<string, number>} colors class colours by name
   */
  render(desk, colors) {
    keyed(this.#list, frames(desk, colors), (f) => f.key, (f) => this.#frame(f), update);
  }

  /** @param {Frame} frame */
  #frame({ image_id, url }) {
    const image = url && el("img", { src: shownUrl(url), alt: "", draggable: "false", decoding: "async" });
    const choose = () => this.#onLook(item.dataset.place === "past" ? image_id : null);
    const button = el("button", { type: "button", onclick: choose }, image || "", el("span", { class: "caption" }));
    const item = el("li", {}, button);
    return item;
  }
}

/** @param {HTMLElement} item @param {Frame} frame */
function update(item, { place, caption, color, name, looked }) {
  const button = /** @type {HTMLButtonElement} */ (item.firstElementChild);
  const text = /** @type {Element} */ (button.lastElementChild);
  item.dataset.place = place;
  item.classList.toggle("looked", looked);
  item.setAttribute("aria-hidden", String(place === "none"));
  button.disabled = place !== "past" && place !== "now";
  button.setAttribute("aria-label", label(place, fileName(name), caption));
  if (looked || place === "now") button.setAttribute("aria-current", String(looked || place === "now"));
  else button.removeAttribute("aria-current");
  text.className = color === null ? "caption" : `caption c${color}`;
  setText(text, place === "past" ? caption : "");
}

/** @param {Frame["place"]} place @param {string} name @param {string} caption */
function label(place, name, caption) {
  if (place === "past") return `${name}: ${caption}; look at it again`;
  return place === "now" ? `current image, ${name}` : `a next image, ${name}`;
}

/**
 * @param {Desk} desk
 * @param {Map<string, number>} colors
 * @returns {Frame[]}
 */
function frames(desk, colors) {
  const images = trail(desk.history);
  const at = images.findIndex((e) => e.image_id === desk.look);
  const end = at < 0 ? images.length : Math.max(at + 1, Math.min(images.length, at + PAST));
  const past = images.slice(Math.max(0, end - PAST), end).map((entry) => ({
    ...base(entry, "past"),
    caption: entry.label ?? (entry.kind === "skip" ? "skipped" : "flagged"),
    color: entry.label ? (colors.get(entry.label) ?? null) : null,
    looked: entry.image_id === desk.look,
  }));
  const next = [...desk.deck.tasks, ...desk.deck.upcoming].slice(0, 1 + NEXT);
  const ahead = next.map((image, i) => base(image, i === 0 ? "now" : i < LEASED ? "next" : "hint"));
  const asked = new Set(ahead.map((frame) => frame.image_id));
  for (const frame of past) if (asked.has(frame.image_id)) frame.key = `again-${frame.key}`;
  return [...blanks("past", PAST - past.length), ...past, ...ahead, ...blanks("next", 1 + NEXT - ahead.length)];
}

/**
 * @param {{image_id: string, url: string, filename?: string}} image
 * @param {Frame["place"]} place
 * @returns {Frame}
 */
const base = ({ image_id, url, filename = "" }, place) => ({
  key: image_id, place, image_id, url, caption: "", color: null, name: filename, looked: false,
});

/** @param {string} side @param {number} n */
const blanks = (side, n) =>
  Array.from({ length: Math.max(0, n) }, (_, i) => ({ ...base({ image_id: "", url: "" }, "none"), key: `${side}-${i}` }));
