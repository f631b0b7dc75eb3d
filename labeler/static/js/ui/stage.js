/** The image itself: shown as large as it fits, zoomed, moved, brightened. */

import { SHOWN_PX, decoded } from "../io/images.js";
import { FIT, fitted, panned, zoomed } from "../core/zoom.js";
import { fileName } from "../core/format.js";
import { afterPaint, el } from "./dom.js";

/**
 * @typedef {{image_id: string, url: string, filename: string}} Shown
 * @typedef {"empty" | "loading" | "ready" | "failed"} Status
 */

const LIGHT_STEP = 0.15;
const LIGHT_RANGE = [0.25, 4];
const NOTE_AFTER_MS = 200;
const WHEEL_PER_STEP = 100;

export class Stage {
  /** @type {Shown | null} */
  image = null;
  /** @type {Status} */
  status = "empty";
  /** When the image was on screen, as performance.now(); Infinity until it is. */
  visibleSince = Infinity;

  #box;
  #cache;
  #onChange;
  /** @type {HTMLImageElement | null} */
  #element = null;
  /** @type {HTMLElement | null} */
  #cover = null;
  #view = FIT;
  #light = 1;
  #inverted = false;
  /** The stage's size, kept because asking for it makes the browser lay out the page. */
  #room = { width: 1, height: 1 };
  #size = { width: 1, height: 1 };
  #sharpened = "";

  /**
   * @param {HTMLElement} box
   * @param {import("../io/images.js").ImageCache} cache
   * @param {() => void} onChange called when an image has been painted, and when zoom or light change
   */
  constructor(box, cache, onChange) {
    this.#box = box;
    this.#cache = cache;
    this.#onChange = onChange;
    new ResizeObserver(([{ contentRect }]) => {
      this.#room = contentRect;
      this.#layout();
    }).observe(box);
    box.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    box.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  /**
   * Shows an image, at once where it has been decoded.
   * @param {Shown | null} image
   */
  show(image) {
    if (image?.image_id === this.image?.image_id && this.status !== "failed") return;
    this.image = image;
    this.#sharpened = "";
    this.#cover = null;
    this.#view = FIT;
    if (image) this.#place(image);
    else this.#empty("empty", null);
  }

  /**
   * Whether a key pressed at `time` was pressed with this image on screen.
   * @param {number} time as performance.now()
   */
  wasVisibleAt(time) {
    return this.status !== "loading" && this.status !== "empty" && time >= this.visibleSince;
  }

  /** @param {Shown} image */
  #place(image) {
    const cached = this.#cache.get(image);
    if (cached.status === "ready") return this.#paint(cached.element, image);
    this.#empty("loading", image);
    void cached.done.then(() => {
      if (this.image?.image_id !== image.image_id) return;
      if (cached.status === "ready") this.#paint(cached.element, image);
      else this.#fail(image);
    });
  }

  /** @param {HTMLImageElement} element @param {Shown} image */
  #paint(element, image) {
    element.alt = fileName(image.filename) || "image without a known name";
    this.#element = element;
    this.#box.replaceChildren(element);
    this.#layout();
    this.#appear("ready", image);
  }

  /** @param {Shown} image */
  #fail(image) {
    const text = "This image cannot be opened; it may have been removed. Skip it with X, it stays listed on the Data page.";
    this.#element = null;
    this.#box.replaceChildren(el("p", { class: "stage-note" }, text));
    this.#appear("failed", image);
  }

  /** @param {Status} status @param {Shown | null} image */
  #empty(status, image) {
    this.status = status;
    this.visibleSince = Infinity;
    this.#element = null;
    this.#box.replaceChildren();
    delete this.#box.dataset.imageId;
    if (status !== "loading") return;
    setTimeout(() => {
      if (this.image === image && this.status === "loading") {
        this.#box.replaceChildren(el("p", { class: "stage-note" }, "Fetching the image…"));
      }
    }, NOTE_AFTER_MS);
  }

  /** @param {Status} status @param {Shown} image */
  #appear(status, image) {
    this.status = status;
    this.visibleSince = Infinity;
    afterPaint(() => {
      if (this.image?.image_id !== image.image_id) return;
      this.visibleSince = performance.now();
      this.#box.dataset.imageId = image.image_id;
      this.#onChange();
    });
  }

  /** What lies over the image and goes wherever it goes, until another image is shown. @param {HTMLElement | null} cover */
  cover(cover) {
    this.#cover?.remove();
    this.#cover = cover;
    if (!this.#element) return;
    this.#box.append(...this.#covers);
    this.#layout();
  }

  get #covers() {
    return this.#cover ? [this.#cover] : [];
  }

  #layout() {
    const element = this.#element;
    if (!element) return;
    this.#size = fitted({ width: element.naturalWidth, height: element.naturalHeight }, this.#room);
    for (const part of [element, ...this.#covers]) {
      part.style.width = `${this.#size.width}px`;
      part.style.height = `${this.#size.height}px`;
    }
    this.#transform();
  }

  #transform() {
    const element = this.#element;
    if (!element) return;
    this.#view = panned(this.#view, { x: 0, y: 0 }, this.#size);
    const { scale, x, y } = this.#view;
    for (const part of [element, ...this.#covers]) {
      part.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
    }
    const light = this.#light === 1 ? "" : `brightness(${this.#light})`;
    element.style.filter = [light, this.#inverted ? "invert(1)" : ""].filter(Boolean).join(" ");
    this.#box.classList.toggle("zoomed", scale > 1);
  }

  /** @param {number} steps @param {{x: number, y: number}} [at] */
  zoom(steps, at) {
    this.#view = zoomed(this.#view, steps, at);
    this.#changed();
    if (this.#element && this.image) void this.#sharpen(this.#element, this.image);
  }

  /** A large image was fetched at screen size; zoomed in, all of its pixels are wanted. @param {HTMLImageElement} coarse @param {Shown} image */
  async #sharpen(coarse, image) {
    const { naturalWidth: width, naturalHeight: height } = coarse;
    const wanted = this.#size.width * this.#view.scale * devicePixelRatio;
    if (wanted <= width || Math.max(width, height) < SHOWN_PX || this.#sharpened === image.image_id) return;
    this.#sharpened = image.image_id;
    const sharp = await decoded(image.url).catch(() => null);
    if (!sharp || this.#element !== coarse) return;
    sharp.alt = coarse.alt;
    this.#element = sharp;
    this.#box.replaceChildren(sharp, ...this.#covers);
    this.#layout();
  }

  /** Back to the size that fits, with the light as it is. */
  fit() {
    this.#view = FIT;
    this.#changed();
  }

  /** @param {number} steps negative: darker */
  brighten(steps) {
    const light = this.#light * (1 + LIGHT_STEP) ** steps;
    const clamped = Math.min(LIGHT_RANGE[1], Math.max(LIGHT_RANGE[0], light));
    this.#light = Math.abs(clamped - 1) < LIGHT_STEP / 4 ? 1 : clamped;
    this.#changed();
  }

  invert() {
    this.#inverted = !this.#inverted;
    this.#changed();
  }

  /** What differs from the plain view, for the line below the image; empty where nothing does. */
  get note() {
    const parts = [];
    if (this.#view.scale > 1) parts.push(`zoom ${this.#view.scale.toFixed(1)}×`);
    if (this.#light !== 1) parts.push(`light ${Math.round(this.#light * 100)} %`);
    if (this.#inverted) parts.push("inverted");
    return parts.join(" · ");
  }

  #changed() {
    this.#transform();
    this.#onChange();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!this.#element) return;
    event.preventDefault();
    const box = this.#box.getBoundingClientRect();
    const at = { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    this.zoom((-event.deltaY * lines) / WHEEL_PER_STEP, at);
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (event.button !== 0 || this.#view.scale === 1) return;
    event.preventDefault();
    this.#box.setPointerCapture(event.pointerId);
    const done = new AbortController();
    const move = (/** @type {PointerEvent} */ to) => {
      this.#view = panned(this.#view, { x: to.movementX, y: to.movementY }, this.#size);
      this.#transform();
    };
    this.#box.addEventListener("pointermove", move, { signal: done.signal });
    for (const end of ["pointerup", "pointercancel"]) {
      this.#box.addEventListener(end, () => done.abort(), { once: true, signal: done.signal });
    }
  }
}
