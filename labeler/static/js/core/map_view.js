/** The part of the map that is in sight: its middle, and how many pixels a unit has. Pure; values are never changed. */

import { FULL } from "./map_points.js";

/** @typedef {{x: number, y: number, scale: number}} View x and y: of the map, in the middle of the canvas */
/** @typedef {{width: number, height: number}} Size in pixels */

const MARGIN = 0.9;
const MOST_ZOOM = 60;
const LEAST_ZOOM = 0.5;

/**
 * The whole map.
 * @param {Size} size
 * @returns {View}
 */
export const fitted = ({ width, height }) => ({ x: FULL / 2, y: FULL / 2, scale: (MARGIN * Math.min(width, height)) / FULL });

/**
 * How many times larger than the whole map it is drawn.
 * @param {View} view
 * @param {Size} size
 */
export const zoomOf = (view, size) => view.scale / fitted(size).scale;

/**
 * Moved by pixels: what lay under the pointer stays there.
 * @param {View} view
 * @param {number} dx
 * @param {number} dy
 * @returns {View}
 */
export const moved = (view, dx, dy) => ({ ...view, x: within(view.x - dx / view.scale), y: within(view.y - dy / view.scale) });

/** @param {number} value */
const within = (value) => Math.min(FULL, Math.max(0, value));

/**
 * Larger by `factor` around a pixel, which keeps its place.
 * @param {View} view
 * @param {Size} size
 * @param {number} factor
 * @param {number} px
 * @param {number} py
 * @returns {View}
 */
export function zoomed(view, size, factor, px, py) {
  const whole = fitted(size).scale;
  const scale = Math.min(MOST_ZOOM * whole, Math.max(LEAST_ZOOM * whole, view.scale * factor));
  const [x, y] = toMap(view, size, px, py);
  return { x: within(x - (px - size.width / 2) / scale), y: within(y - (py - size.height / 2) / scale), scale };
}

/**
 * @param {View} view
 * @param {Size} size
 * @param {number} px
 * @param {number} py
 * @returns {[number, number]} on the map
 */
export const toMap = (view, { width, height }, px, py) => [
  view.x + (px - width / 2) / view.scale,
  view.y + (py - height / 2) / view.scale,
];

/**
 * @param {View} view
 * @param {Size} size
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]} in pixels
 */
export const toPixels = (view, { width, height }, x, y) => [
  (x - view.x) * view.scale + width / 2,
  (y - view.y) * view.scale + height / 2,
];

/**
 * The radius of a point: so that points cover about a fifth of the area, and grow with the zoom, less than it.
 * @param {number} count of points
 * @param {Size} size
 * @param {number} zoom
 */
export function radiusOf(count, { width, height }, zoom) {
  const free = 0.25 * Math.sqrt((width * height) / Math.max(1, count));
  return Math.min(7, Math.max(1.25, Math.min(4.5, free) * Math.sqrt(Math.max(1, zoom))));
}
