/** A mask that is painted with a round brush, one byte per pixel of the image. Pure. */

export const NOTHING = 0;
export const IGNORE = 128;
export const LOOK = 255;
export const MOST_STEPS = 30; // that can be undone

/**
 * @typedef {{width: number, height: number, levels: Uint8Array}} Mask
 * @typedef {{x: number, y: number}} Point in pixels of the image
 * @typedef {{x: number, y: number, width: number, height: number}} Rect
 */

/** @param {number} width @param {number} height @returns {Mask} */
export const emptyMask = (width, height) => ({ width, height, levels: new Uint8Array(width * height) });

/**
 * Sets every pixel whose centre lies within `radius` of the line from `from` to `to`.
 * @param {Mask} mask changed in place
 * @param {Point} from
 * @param {Point} to
 * @param {number} radius in pixels, above 0
 * @param {number} level
 * @returns {Rect} what may have changed
 */
export function stroke({ width, height, levels }, from, to, radius, level) {
  const clamp = (/** @type {number} */ value, /** @type {number} */ most) => Math.max(0, Math.min(most, value));
  const left = clamp(Math.floor(Math.min(from.x, to.x) - radius), width);
  const right = clamp(Math.ceil(Math.max(from.x, to.x) + radius), width);
  const top = clamp(Math.floor(Math.min(from.y, to.y) - radius), height);
  const bottom = clamp(Math.ceil(Math.max(from.y, to.y) + radius), height);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (distance(x + 0.5, y + 0.5, from, to) <= radius) levels[y * width + x] = level;
    }
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** From a point to a line between two others. @param {number} x @param {number} y @param {Point} a @param {Point} b */
function distance(x, y, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / length)) : 0;
  return Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
}

/** @param {Mask} mask @param {number} level @returns {number} share of the image, 0 to 1 */
export function shareOf({ levels }, level) {
  let count = 0;
  for (const found of levels) count += Number(found === level);
  return count / levels.length;
}

/**
 * The mask as grey pixels, of which a canvas makes the PNG that is saved.
 * @param {Mask} mask
 * @returns {Uint8ClampedArray<ArrayBuffer>} RGBA
 */
export function toPixels({ levels }) {
  const pixels = new Uint8ClampedArray(4 * levels.length);
  levels.forEach((level, i) => pixels.set([level, level, level, 255], 4 * i));
  return pixels;
}

/** The mask of such pixels. @param {Uint8ClampedArray} pixels @param {number} width @param {number} height @returns {Mask} */
export function fromPixels(pixels, width, height) {
  const mask = emptyMask(width, height);
  for (let i = 0; i < mask.levels.length; i++) mask.levels[i] = pixels[4 * i];
  return mask;
}

/**
 * What is drawn over the image: "ignore" as stripes and "look here" filled, so that nobody needs the colours.
 * @param {Mask} mask
 * @param {Rect} rect
 * @param {{ignore: number[], look: number[]}} colours RGB
 * @param {number} stripe its width in pixels
 * @returns {Uint8ClampedArray<ArrayBuffer>} RGBA of the rectangle
 */
export function tinted({ width, levels }, rect, colours, stripe) {
  const pixels = new Uint8ClampedArray(4 * rect.width * rect.height);
  for (let y = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++) {
      const level = levels[(rect.y + y) * width + rect.x + x];
      if (level === NOTHING) continue;
      const dense = level === LOOK || (rect.x + x + rect.y + y) % (2 * stripe) < stripe;
      pixels.set([...(level === LOOK ? colours.look : colours.ignore), dense ? (level === LOOK ? 120 : 205) : 70], 4 * (y * rect.width + x));
    }
  }
  return pixels;
}

/** What can be undone: masks as they were before each change, the oldest forgotten. */
export class Steps {
  /** @type {Uint8Array[]} */
  #before = [];

  /** To be called before a change. @param {Mask} mask */
  keep({ levels }) {
    this.#before = [...this.#before, levels.slice()].slice(-MOST_STEPS);
  }

  /** Puts back what was before the last change. @param {Mask} mask changed in place @returns {boolean} whether there was one */
  undo({ levels }) {
    const before = this.#before.pop();
    if (before) levels.set(before);
    return before !== undefined;
  }

  get count() {
    return this.#before.length;
  }
}

/** The next larger or smaller brush, in pixels. @param {number} radius @param {1 | -1} by @param {number} most */
export function nextRadius(radius, by, most) {
  const stepped = by > 0 ? Math.max(radius + 1, Math.round(radius * 1.25)) : Math.min(radius - 1, Math.round(radius / 1.25));
  return Math.max(1, Math.min(most, stepped));
}

/**
 * Which command a key press means; null where it is not ours.
 * @param {Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">} press
 */
export function paintCommand({ key, ctrlKey, metaKey, altKey }) {
  const small = key.length === 1 ? key.toLowerCase() : key;
  if (altKey) return null;
  if (ctrlKey || metaKey) return { z: "undo", s: "save" }[small] ?? null;
  const commands = { i: "ignore", l: "look", e: "erase", "[": "smaller", "]": "larger", Backspace: "undo", c: "clear", Escape: "leave" };
  return commands[/** @type {keyof typeof commands} */ (small)] ?? null;
}
