/** The map on its canvas: drawn into an array of pixels, moved by mouse, wheel, touch and keys. */

import { within, nearest } from "../core/lasso.js";
import { HALO, LAYERS, SLOT_COLOURS, UNSEEN } from "../core/map_colours.js";
import { fitted, moved, radiusOf, toMap, toPixels, zoomOf, zoomed } from "../core/map_view.js";
import { drawPoints, mixed, pixelOf, stampOf } from "../core/scatter.js";
import { token } from "./theme.js";

/**
 * @typedef {import("../core/map_points.js").Points} Points
 * @typedef {{select: (positions: number[], add: boolean) => void, hover: (position: number, at: [number, number]) => void, lasso: (on: boolean) => void}} MapEvents
 */

const REACH_PX = 9;
const LARGEST_RATIO = 2;
const MARGIN = 16;
const STEP_PX = 80;
const ZOOM_STEP = 1.35;
const FRAME_MS = 22;
const REST_MS = 140;

export class MapCanvas {
  /** Whether the next drag draws a line around points. */
  lassoing = false;

  #canvas;
  #on;
  /** @type {Points | null} */ #points = null;
  /** @type {Uint8Array} */ #slots = new Uint8Array(0);
  #halos = this.#slots;
  #chosen = this.#slots;
  #hasSelection = false;
  #view = { x: 0, y: 0, scale: 0 };
  #size = { width: 0, height: 0 };
  #ratio = 1;
  /** @type {ImageData | null} */ #image = null;
  #palette = readPalette();
  #perPoint = 0;
  #isMoving = false;
  #frame = 0;
  #timer = 0;
  /** @type {[number, number][]} */ #line = [];
  #hovered = -1;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {MapEvents} on
   */
  constructor(canvas, on) {
    this.#canvas = canvas;
    this.#on = on;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    document.addEventListener("themechange", () => {
      this.#palette = readPalette();
      this.#ask();
    });
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("pointermove", (event) => this.#hover(event));
    canvas.addEventListener("pointerleave", () => this.#point(-1, [0, 0]));
    canvas.addEventListener("dblclick", (event) => this.zoom(ZOOM_STEP ** 2, this.#spot(event)));
  }

  /** @param {Points} points @param {Uint8Array} slots colour by point @param {number[]} selected positions */
  show(points, slots, selected) {
    if (!this.#points && this.#size.width) this.#view = fitted(this.#size);
    this.#points = points;
    this.#slots = slots;
    this.#halos = new Uint8Array(points.count).fill(UNSEEN);
    this.#chosen = new Uint8Array(points.count).fill(UNSEEN);
    for (const i of selected) [this.#halos[i], this.#chosen[i]] = [HALO, slots[i]];
    this.#hasSelection = selected.length > 0;
    this.#hovered = -1;
    this.#ask();
  }

  /** Shows the whole map. */
  fit() {
    this.#look(fitted(this.#size));
  }

  /** @param {number} right steps to the right @param {number} down */
  pan(right, down) {
    this.#look(moved(this.#view, -right * STEP_PX * this.#ratio, -down * STEP_PX * this.#ratio));
  }

  /** @param {number} factor @param {[number, number]} [at] pixels */
  zoom(factor, at = [this.#size.width / 2, this.#size.height / 2]) {
    this.#look(zoomed(this.#view, this.#size, factor, ...at));
  }

  /** @param {1 | -1} by */
  step(by) {
    this.zoom(ZOOM_STEP ** by);
  }

  /** The positions of all points in sight. @returns {number[]} */
  inSight() {
    const { width, height } = this.#size;
    const corners = [[0, 0], [width, 0], [width, height], [0, height]];
    return this.#points ? within(this.#points, corners.map(([x, y]) => toMap(this.#view, this.#size, x, y))) : [];
  }

  /** @param {import("../core/map_view.js").View} view */
  #look(view) {
    this.#view = view;
    this.#isMoving = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isMoving = false;
      this.#ask();
    }, REST_MS);
    this.#point(-1, [0, 0]);
    this.#ask();
  }

  #resize() {
    const { clientWidth, clientHeight } = this.#canvas;
    if (!clientWidth || !clientHeight) return;
    const isFirst = !this.#size.width;
    const zoom = isFirst ? 1 : zoomOf(this.#view, this.#size);
    this.#ratio = Math.min(LARGEST_RATIO, devicePixelRatio);
    this.#size = { width: Math.round(clientWidth * this.#ratio), height: Math.round(clientHeight * this.#ratio) };
    const whole = fitted(this.#size);
    this.#view = isFirst ? whole : { ...this.#view, scale: whole.scale * zoom };
    [this.#canvas.width, this.#canvas.height] = [this.#size.width, this.#size.height];
    this.#image = new ImageData(this.#size.width + 2 * MARGIN, this.#size.height + 2 * MARGIN);
    this.#draw();
  }

  #ask() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const context = this.#canvas.getContext("2d", { alpha: false });
    if (!context || !this.#image) return;
    const pixels = new Uint32Array(this.#image.data.buffer);
    pixels.fill(this.#palette.ground);
    if (this.#points) this.#drawPoints(this.#points, pixels);
    context.putImageData(this.#image, -MARGIN, -MARGIN);
    this.#drawMarks(context);
  }

  /** While it moves, as many points as a frame has time for; their order is random, so any part is like the whole. @param {Points} points @param {Uint32Array} pixels */
  #drawPoints(points, pixels) {
    const { width, height } = this.#size;
    const sheet = { pixels, width, height, margin: MARGIN, ground: this.#palette.ground };
    const radius = radiusOf(points.count, this.#size, zoomOf(this.#view, this.#size));
    const end = this.#isMoving && this.#perPoint ? Math.min(points.count, Math.round(FRAME_MS / this.#perPoint)) : points.count;
    const start = performance.now();
    const layer = (/** @type {Uint8Array} */ slots, /** @type {number} */ size, /** @type {(slot: number) => boolean} */ isWanted) =>
      drawPoints(sheet, points, this.#view, stampOf(size, width + 2 * MARGIN), slots, isWanted, this.#palette, end);
    for (const isWanted of LAYERS) layer(this.#slots, radius, isWanted);
    if (this.#hasSelection) {
      layer(this.#halos, radius + 1.5 * this.#ratio, (slot) => slot === HALO);
      layer(this.#chosen, radius, (slot) => slot !== UNSEEN);
    }
    this.#perPoint = (performance.now() - start) / Math.max(1, end);
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawMarks(context) {
    context.lineWidth = 1.5 * this.#ratio;
    if (this.#line.length > 1) {
      context.strokeStyle = this.#palette.mark;
      context.fillStyle = this.#palette.band;
      context.beginPath();
      for (const [x, y] of this.#line) context.lineTo(...toPixels(this.#view, this.#size, x, y));
      context.closePath();
      context.fill();
      context.stroke();
    }
    if (this.#hovered >= 0 && this.#points) {
      const [x, y] = toPixels(this.#view, this.#size, this.#points.x[this.#hovered], this.#points.y[this.#hovered]);
      context.strokeStyle = this.#palette.text;
      context.beginPath();
      context.arc(x, y, REACH_PX * this.#ratio, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /** @param {MouseEvent} event @returns {[number, number]} in pixels of the canvas */
  #spot({ clientX, clientY }) {
    const { left, top } = this.#canvas.getBoundingClientRect();
    return [(clientX - left) * this.#ratio, (clientY - top) * this.#ratio];
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    this.zoom(Math.exp(-0.0015 * lines * event.deltaY), this.#spot(event));
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    const isLasso = this.lassoing || event.shiftKey;
    let last = this.#spot(event);
    if (isLasso) this.#line = [toMap(this.#view, this.#size, ...last)];
    const done = new AbortController();
    this.#canvas.addEventListener("pointermove", (move) => {
      const spot = this.#spot(move);
      if (isLasso) this.#line.push(toMap(this.#view, this.#size, ...spot));
      else this.#look(moved(this.#view, spot[0] - last[0], spot[1] - last[1]));
      last = spot;
      this.#ask();
    }, { signal: done.signal });
    const end = (/** @type {PointerEvent} */ up) => {
      done.abort();
      if (isLasso) this.#close(up.ctrlKey || up.metaKey);
    };
    this.#canvas.addEventListener("pointerup", end, { signal: done.signal });
    this.#canvas.addEventListener("pointercancel", end, { signal: done.signal });
  }

  /** @param {boolean} add to what is selected already */
  #close(add) {
    const line = this.#line;
    this.#line = [];
    this.#ask();
    this.#on.lasso(false);
    if (this.#points && line.length > 2) this.#on.select(within(this.#points, line), add);
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    if (!this.#points || event.buttons || this.lassoing) return;
    const spot = this.#spot(event);
    this.#point(nearest(this.#points, toMap(this.#view, this.#size, ...spot), (REACH_PX * this.#ratio) / this.#view.scale), [event.clientX, event.clientY]);
  }

  /** @param {number} position @param {[number, number]} at */
  #point(position, at) {
    if (position === this.#hovered) return;
    this.#hovered = position;
    this.#ask();
    this.#on.hover(position, at);
  }
}

/** The theme's colours as pixels. */
function readPalette() {
  const ground = token("--field");
  const colours = SLOT_COLOURS.map((colour) => (typeof colour === "string" ? token(colour) : mixed(token(colour[0]), token(colour[1]), colour[2])));
  return {
    ground: pixelOf(ground),
    full: Uint32Array.from(colours, pixelOf),
    half: Uint32Array.from(colours, (colour) => pixelOf(mixed(ground, colour, 0.45))),
    mark: token("--accent"),
    band: token("--band"),
    text: token("--text"),
  };
}
