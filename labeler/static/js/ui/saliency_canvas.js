/** A saliency map as a canvas, to be laid over its image. */

import { coloured } from "../core/saliency.js";
import { el } from "./dom.js";

/**
 * @param {import("../core/saliency.js").Grey} grey
 * @param {string} label what it shows, for those who do not see it
 * @returns {HTMLCanvasElement}
 */
export function saliencyCanvas(grey, label) {
  const canvas = el("canvas", { class: "saliency", role: "img", "aria-label": label, width: grey.width, height: grey.height });
  const pixels = new ImageData(/** @type {any} */ (coloured(grey)), grey.width, grey.height);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}
