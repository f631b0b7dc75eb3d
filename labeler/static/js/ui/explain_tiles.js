/** Tiles of the Explain page: an image with a map over it, and what is said of it. */

import { subject } from "../core/saliency.js";
import { sized } from "../io/api.js";
import { el, setText } from "./dom.js";
import { saliencyCanvas } from "./saliency_canvas.js";

/**
 * @typedef {import("../io/saliency.js").SaliencyMap} SaliencyMap
 * @typedef {import("../io/saliency.js").ExplainedImage} ExplainedImage
 */

const TILE_PX = 512;

/** An image with room for a map over it. */
export class Tile {
  #image;
  #frame;
  #note = el("figcaption", { class: "muted" });

  /** @param {ExplainedImage} image @param {string} title for those who do not see it */
  constructor(image, title) {
    this.#image = image;
    this.#frame = el("div", { class: "tile-frame" }, el("img", { src: sized(image.url, TILE_PX), alt: image.filename, draggable: "false" }));
    this.#frame.style.setProperty("--shape", `${image.width} / ${image.height}`);
    this.element = el("figure", { class: "tile", "aria-label": title }, this.#frame, this.#note);
  }

  /** @param {SaliencyMap} map */
  show({ grey, facts }) {
    this.#frame.querySelector("canvas")?.remove();
    this.#frame.append(saliencyCanvas(grey, `What speaks for ${facts.class}, by ${facts.title}, version ${facts.version}`));
    const [first] = facts.top;
    const right = this.#image.label === null ? "" : first.label === this.#image.label ? "right" : "wrong";
    this.element.dataset.verdict = right;
    const sign = { right: "✓ ", wrong: "✗ ", "": "" }[right];
    const other = facts.class === first.label ? "" : `, for ${subject(facts)}`;
    this.say(`${sign}${subject({ ...facts, class: first.label, confidence: first.confidence })}${other}`, facts.layer ? `layer ${facts.layer}` : "");
  }

  /** @param {string} text @param {string} [hint] */
  say(text, hint = "") {
    setText(this.#note, text);
    this.#note.title = hint || text;
  }
}

/**
 * A heading of a row or column.
 * @param {string} title
 * @param {string} text
 */
export const heading = (title, text) => el("span", { class: "grid-head" }, el("b", {}, title), el("span", { class: "muted" }, text));
