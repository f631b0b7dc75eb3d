/** The card beside a point: its image, and what is known of it. */

import { fileName, percent } from "../core/format.js";
import { FLAGGED, SKIPPED, TEST_BIT, isTest, predictionOf, statusOf } from "../core/map_points.js";
import { sized } from "../io/api.js";
import { nameImages } from "../io/map.js";
import { byId, setText } from "./dom.js";

const THUMBNAIL_PX = 192;
const CARD_PX = { width: 208, height: 292 };
const AWAY_PX = 18;
const KEPT = 500;

/** @typedef {import("../core/map_points.js").Points} Points */

export class HoverCard {
  #card = byId("hover");
  /** @type {Map<number, import("../io/map.js").NamedImage>} */ #known = new Map();
  #wanted = -1;

  /**
   * @param {Points} points
   * @param {number} position -1 hides the card
   * @param {[number, number]} at of the pointer
   * @param {(id: number) => string} className
   */
  async show(points, position, at, className) {
    this.#wanted = position;
    if (position < 0) return void (this.#card.hidden = true);
    const image = await this.#image(points.numbers[position]);
    if (this.#wanted !== position || !image) return;
    byId("hover-image").src = sized(image.url, THUMBNAIL_PX);
    setText(byId("hover-name"), fileName(image.filename));
    setText(byId("hover-label"), standing(points, position, className));
    setText(byId("hover-model"), modelSays(points, position, className));
    this.#place(at);
  }

  /** @param {number} number */
  async #image(number) {
    const known = this.#known.get(number);
    if (known) return known;
    const [image] = await nameImages([number]).catch(() => []);
    if (this.#known.size > KEPT) this.#known.clear();
    if (image) this.#known.set(number, image);
    return image;
  }

  /** @param {[number, number]} at */
  #place([x, y]) {
    const left = x + AWAY_PX + CARD_PX.width < innerWidth ? x + AWAY_PX : x - AWAY_PX - CARD_PX.width;
    const top = Math.max(8, Math.min(innerHeight - CARD_PX.height - 8, y - CARD_PX.height / 2));
    this.#card.style.left = `${left}px`;
    this.#card.style.top = `${top}px`;
    this.#card.hidden = false;
  }
}

/** @param {Points} points @param {number} i @param {(id: number) => string} className */
function standing(points, i, className) {
  const lane = points.state[i] & TEST_BIT ? "hold-out" : "training";
  const status = statusOf(points, i);
  if (status === SKIPPED) return `skipped · ${lane}`;
  if (status === FLAGGED) return `flagged · ${lane}`;
  return points.label[i] < 0 ? `no label · ${lane}` : `${className(points.label[i])} · ${lane}`;
}

/** @param {Points} points @param {number} i @param {(id: number) => string} className */
function modelSays(points, i, className) {
  const predicted = predictionOf(points, i);
  if (predicted >= 0) return `model: ${className(predicted)}, ${percent(points.confidence[i] / 255)}`;
  return isTest(points, i) ? "model's view hidden: hold-out" : "no prediction yet";
}
