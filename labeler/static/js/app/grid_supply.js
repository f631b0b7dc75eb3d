/** The images that wait for the grid: asked of the labeler class by class, or brought from the map. */

import { nextPage } from "../core/grid.js";
import { isOpen } from "../core/map_points.js";
import { NotYet, getGrid, nameImages } from "../io/map.js";

/** @typedef {import("../core/grid.js").GridImage} GridImage */

const PAGES_AHEAD = 4;
const MOST = 500;
const ASK_AGAIN_MS = 1_000;

export class Supply {
  /** How many open images the model gives each class. @type {Record<string, number>} */
  counts = {};
  /** The model that the images were chosen by. */
  version = 0;
  /** Why there are none. */
  message = "Asking the trainer…";

  #client;
  #changed;
  #label = "";
  #size = 1;
  /** @type {GridImage[]} */ #queue = [];
  /** @type {Set<string>} images that were on a page already */ #seen = new Set();
  #asking = false;

  /** @param {Promise<string>} client this tab's id @param {() => void} changed called when there is more, or another message */
  constructor(client, changed) {
    this.#client = client;
    this.#changed = changed;
  }

  /** How many wait. */
  get waiting() {
    return this.#queue.length;
  }

  /** Images of another class. @param {string} label @param {number} size of a page */
  async begin(label, size) {
    [this.#label, this.#size, this.#queue, this.message] = [label, size, [], "Asking the trainer…"];
    await this.#ask();
  }

  /** The images of a selection that are open. @param {number[]} numbers */
  async fromSelection(numbers) {
    const images = await nameImages(numbers).catch(() => []);
    this.#queue = images.filter(isOpen).map((image, group) => ({ ...image, confidence: 0, group }));
    this.message = "All images of the selection have been looked at.";
    this.#changed();
  }

  /** Takes the next page out. @param {number} size @returns {{images: GridImage[], ahead: GridImage[]}} ahead: those that follow */
  take(size) {
    const { images, rest } = nextPage(this.#queue, size);
    [this.#queue, this.#size] = [rest, size];
    for (const { image_id } of images) this.#seen.add(image_id);
    if (rest.length < 2 * size) void this.#ask();
    return { images, ahead: nextPage(rest, size).images };
  }

  /** Puts images in front again. @param {GridImage[]} images */
  giveBack(images) {
    this.#queue = [...images, ...this.#queue];
    for (const { image_id } of images) this.#seen.delete(image_id);
  }

  /** Some were answered, or (negative) are open again. @param {string} label @param {number} by */
  answered(label, by) {
    this.counts[label] = Math.max(0, (this.counts[label] ?? 0) - by);
  }

  /** Asks for more of the class, until there is an answer. */
  async #ask() {
    const label = this.#label;
    if (!label || this.#asking) return;
    this.#asking = true;
    try {
      const limit = Math.min(MOST, this.#seen.size + PAGES_AHEAD * this.#size);
      this.#takeIn(await getGrid(label, limit, await this.#client), label);
    } catch (error) {
      this.message = error.message;
      if (error instanceof NotYet || error.status === 422) setTimeout(() => void this.#ask(), ASK_AGAIN_MS);
    }
    this.#asking = false;
    if (label === this.#label) this.#changed();
    else await this.#ask();
  }

  /** @param {import("../io/map.js").GridAnswer} answer @param {string} label */
  #takeIn({ images, counts, model_version }, label) {
    this.counts = counts;
    if (label !== this.#label) return;
    this.version = model_version;
    this.#queue = images.filter((image) => !this.#seen.has(image.image_id));
    this.message = `No further open image is taken for ${label}.`;
  }
}
