/** The offer to give the last label to the look-alikes of its image, each of which can be left out. */

import { count, counted, fileName } from "../core/format.js";
import { sized } from "../io/api.js";
import { announce, byId, el, keyed, setText } from "./dom.js";

/**
 * @typedef {import("../core/alike.js").Offer} Offer
 * @typedef {import("../core/types.js").Hint} Hint
 */

const THUMBNAIL_PX = 128;

export class AlikePanel {
  /** @type {Set<string>} image ids that the person left out */
  without = new Set();
  #box = byId("alike");
  /** @type {Offer | null} */ #offer = null;
  #since = Infinity;

  /** @param {(time: number) => void} onApply */
  constructor(onApply) {
    byId("alike-apply").addEventListener("click", (/** @type {Event} */ event) => onApply(event.timeStamp));
  }

  /** Whether the offer was there when a key was pressed. @param {number} time */
  wasVisibleAt(time) {
    return time >= this.#since;
  }

  /**
   * @param {Offer | null} offer
   * @param {number} color of the class
   */
  show(offer, color) {
    if (offer?.like.annotation_id !== this.#offer?.like.annotation_id) this.#begin(offer);
    this.#offer = offer;
    this.#box.hidden = offer === null;
    byId("desk").classList.toggle("offering", offer !== null);
    if (!offer) return;
    keyed(byId("alike-list"), offer.images, (i) => `${offer.like.annotation_id}:${i.image_id}`, (i) => this.#thumbnail(i));
    byId("alike-swatch").className = `swatch c${color % 10}`;
    setText(byId("alike-label"), offer.label);
    this.#count(offer);
  }

  /** @param {Offer | null} offer */
  #begin(offer) {
    this.without = new Set();
    this.#since = offer ? performance.now() : Infinity;
    if (offer) announce(`${counted(offer.images.length, "look-alike")}: A gives ${offer.images.length === 1 ? "it" : "them"} ${offer.label} too`);
  }

  /** @param {Offer} offer */
  #count({ images, more }) {
    const wanted = images.filter((i) => !this.without.has(i.image_id)).length;
    setText(byId("alike-title"), `${counted(images.length + more, "look-alike")} of the last image`);
    const all = wanted > 1 && wanted === images.length && !more;
    setText(byId("alike-text"), all ? `for all ${count(wanted)}` : `for ${count(wanted)}`);
    setText(byId("alike-more"), more ? `The nearest ${count(images.length)} are shown; the others come later.` : "");
    byId("alike-apply").disabled = wanted === 0;
  }

  /** @param {Hint} image */
  #thumbnail({ image_id, url, filename }) {
    const name = fileName(filename ?? "");
    const toggle = () => {
      const out = !this.without.delete(image_id);
      if (out) this.without.add(image_id);
      button.setAttribute("aria-pressed", String(!out));
      if (this.#offer) this.#count(this.#offer);
    };
    const picture = el("img", { src: sized(url, THUMBNAIL_PX), alt: name, draggable: "false", decoding: "async" });
    const button = el("button", { type: "button", "aria-pressed": "true", title: `${name}: click to leave it out`, onclick: toggle }, picture);
    return el("li", {}, button);
  }
}
