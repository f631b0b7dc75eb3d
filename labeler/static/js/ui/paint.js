/** The canvas that is painted on: the image below, the mask over it, a ring for the brush. */

import { LOOK, NOTHING, fromPixels, stroke, tinted, toPixels } from "../core/paint.js";
import { fitted } from "../core/zoom.js";
import { byId, el } from "./dom.js";

/** @typedef {import("../core/paint.js").Mask} Mask @typedef {import("../core/paint.js").Point} Point */

const STRIPES = 70; // across the longer side of the image
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Painting by pointer, and by arrow keys and Space where the canvas has the focus. */
export class Easel {
  /**
   * @param {Mask} mask
   * @param {HTMLImageElement} image
   * @param {() => {level: number, radius: number}} brush
   * @param {{begins: () => void, changed: () => void}} tell
   */
  constructor(mask, image, brush, tell) {
    this.mask = mask;
    this.image = image;
    this.brush = brush;
    this.tell = tell;
    /** @type {Point} where the brush is, in pixels of the image */
    this.at = { x: mask.width / 2, y: mask.height / 2 };
    this.painting = false;
    this.canvas = el("canvas", { width: mask.width, height: mask.height, class: "mask-canvas", tabindex: "0", role: "application", "aria-label": "The image to paint on. Arrow keys move the brush, Space paints." });
    this.ring = el("span", { class: "brush-ring", "aria-hidden": "true" });
    this.box = el("div", { class: "easel" }, image, this.canvas, this.ring);
    this.#listen();
  }

  /** Draws what lies in `rect`; without it everything. @param {import("../core/paint.js").Rect} [rect] */
  draw(rect = { x: 0, y: 0, width: this.mask.width, height: this.mask.height }) {
    if (!rect.width || !rect.height) return;
    const stripe = Math.max(1, Math.round(Math.max(this.mask.width, this.mask.height) / (2 * STRIPES)));
    const pixels = tinted(this.mask, rect, { ignore: colour("--mask-ignore"), look: colour("--mask-look") }, stripe);
    this.canvas.getContext("2d").putImageData(new ImageData(pixels, rect.width, rect.height), rect.x, rect.y);
  }

  /** Fits image and mask into the stage. @param {{width: number, height: number}} stage */
  fit(stage) {
    const size = fitted(this.mask, stage);
    this.scale = size.width / this.mask.width;
    Object.assign(this.box.style, { width: `${size.width}px`, height: `${size.height}px` });
    this.showBrush();
  }

  showBrush() {
    const { level, radius } = this.brush();
    const side = Math.max(4, 2 * radius * (this.scale ?? 1));
    const [x, y] = [this.at.x * (this.scale ?? 1), this.at.y * (this.scale ?? 1)];
    Object.assign(this.ring.style, { width: `${side}px`, height: `${side}px`, transform: `translate(${x - side / 2}px, ${y - side / 2}px)` });
    this.ring.dataset.tool = level === NOTHING ? "erase" : level === LOOK ? "look" : "ignore";
  }

  #listen() {
    const canvas = /** @type {HTMLCanvasElement} */ (this.canvas);
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.painting = true;
      this.tell.begins();
      this.#paint(this.#place(event), true);
    });
    canvas.addEventListener("pointermove", (event) => {
      for (const part of event.getCoalescedEvents?.() ?? [event]) this.painting ? this.#paint(this.#place(part)) : (this.at = this.#place(part));
      this.showBrush();
    });
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => this.#end());
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #end() {
    if (this.painting) this.tell.changed();
    this.painting = false;
  }

  /** @param {Point} to @param {boolean} [dot] */
  #paint(to, dot = false) {
    const { level, radius } = this.brush();
    this.draw(stroke(this.mask, dot ? to : this.at, to, radius, level));
    this.at = to;
    this.showBrush();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = MOVES[/** @type {keyof typeof MOVES} */ (event.key)];
    if (!move && event.key !== " ") return;
    event.preventDefault();
    if (move) {
      const by = event.shiftKey ? 1 : Math.max(1, this.brush().radius);
      this.at = { x: limit(this.at.x + by * move[0], this.mask.width), y: limit(this.at.y + by * move[1], this.mask.height) };
      this.showBrush();
    } else if (!event.repeat) {
      this.tell.begins();
      this.#paint(this.at, true);
      this.tell.changed();
    }
  }

  /** @param {PointerEvent} event @returns {Point} */
  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * this.mask.width, y: ((event.clientY - box.top) / box.height) * this.mask.height };
  }
}

/** @param {number} value @param {number} most */
const limit = (value, most) => Math.max(0, Math.min(most, value));

/** A colour of tokens.css, `#rrggbb`, as RGB. @param {string} name */
function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((start) => parseInt(text.slice(start, start + 2), 16));
}

/** The PNG of a mask. @param {Mask} mask @returns {Promise<Blob>} */
export async function encodeMask(mask) {
  const canvas = el("canvas", { width: mask.width, height: mask.height });
  canvas.getContext("2d").putImageData(new ImageData(toPixels(mask), mask.width, mask.height), 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error(`The browser cannot make a PNG of ${mask.width} × ${mask.height} pixels.`);
  return blob;
}

/** The mask of a PNG. @param {Blob} png @returns {Promise<Mask>} */
export async function decodeMask(png) {
  const bitmap = await createImageBitmap(png, { colorSpaceConversion: "none" });
  const context = el("canvas", { width: bitmap.width, height: bitmap.height }).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  return fromPixels(context.getImageData(0, 0, bitmap.width, bitmap.height).data, bitmap.width, bitmap.height);
}

/** Says what the page is doing. @param {string} text @param {boolean} [bad] */
export function say(text, bad = false) {
  const note = byId("mask-note");
  note.classList.toggle("bad", bad);
  note.textContent = text;
}
