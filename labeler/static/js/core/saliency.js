/** How a saliency map is coloured, and what is said beside it. Pure. */

import { percent } from "./format.js";

/**
 * @typedef {{label: string, confidence: number}} Guess
 *
 * @typedef {object} Facts what the labeler says beside a map
 * @property {string} method
 * @property {string} title
 * @property {string} note where it is an approximation, which; else empty
 * @property {number} version of the model
 * @property {number} labels that the version was trained on
 * @property {string} class the class that is explained
 * @property {number} confidence of the model in it
 * @property {Guess[]} top the likeliest classes
 * @property {string} layer looked at; empty where the method needs none
 * @property {string[]} classes that the version knows
 * @property {number[]} logits of these classes, before calibration
 * @property {number} shift
 *
 * @typedef {{width: number, height: number, values: Uint8ClampedArray}} Grey values row by row, 0..255
 */

/** Perceptually uniform, from dark to light: every sixteenth colour of matplotlib's inferno, which is free (CC0). */
const INFERNO = [
  "000004", "0b0724", "210c4a", "3d0965", "57106e", "71196e", "8a226a", "a32c61", "bc3754",
  "d24644", "e45a31", "f1731d", "f98e09", "fcac11", "f9cb35", "f2ea69", "fcffa4",
];
const STEPS = INFERNO.length - 1;
/** Below this share a map leaves the image as it is; from there to twice of it, it fades in. */
const FAINT = 0.1;

/** 256 colours, three bytes each. */
export const COLOURS = (() => {
  const colours = new Uint8ClampedArray(256 * 3);
  for (let value = 0; value < 256; value += 1) {
    const at = Math.min((value / 255) * STEPS, STEPS - 1e-9);
    const [low, high] = [rgb(INFERNO[Math.floor(at)]), rgb(INFERNO[Math.floor(at) + 1])];
    for (let c = 0; c < 3; c += 1) colours[3 * value + c] = low[c] + (high[c] - low[c]) * (at % 1);
  }
  return colours;
})();

/** @param {string} hex */
function rgb(hex) {
  return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

/**
 * How opaque a value is drawn where the overlay as a whole is: not at all where the map says nothing.
 * @param {number} value 0..255
 */
export const opacityOf = (value) => Math.min(1, Math.max(0, value / 255 / FAINT - 1));

/**
 * The pixels of an overlay.
 * @param {Grey} map
 * @returns {Uint8ClampedArray} red, green, blue, opacity for each value
 */
export function coloured({ values }) {
  const pixels = new Uint8ClampedArray(4 * values.length);
  for (let i = 0; i < values.length; i += 1) {
    const at = 3 * values[i];
    pixels[4 * i] = COLOURS[at];
    pixels[4 * i + 1] = COLOURS[at + 1];
    pixels[4 * i + 2] = COLOURS[at + 2];
    pixels[4 * i + 3] = 255 * opacityOf(values[i]);
  }
  return pixels;
}

/**
 * The grey channel of decoded pixels.
 * @param {{width: number, height: number, data: Uint8ClampedArray}} image
 * @returns {Grey}
 */
export function greyOf({ width, height, data }) {
  const values = new Uint8ClampedArray(width * height);
  for (let i = 0; i < values.length; i += 1) values[i] = data[4 * i];
  return { width, height, values };
}

/** Whose evidence it is, and how sure the model is of it. @param {Facts} facts */
export const subject = (facts) => `${facts.class} ${percent(facts.confidence)}`;

/** Where a map comes from. @param {Facts} facts */
export const origin = ({ title, version, note }) => [title, `version ${version}`, note].filter(Boolean).join(" · ");
