/** Geometry of zooming and panning. Pure: sizes in CSS pixels, offsets from the centre of the stage. */

/** @typedef {{scale: number, x: number, y: number}} View */

/** @type {View} */
export const FIT = Object.freeze({ scale: 1, x: 0, y: 0 });
const LARGEST = 16;
const STEP = 1.25;

/**
 * The largest size at which an image of `width` × `height` fits into the box; small images are enlarged.
 * @param {{width: number, height: number}} image
 * @param {{width: number, height: number}} box
 */
export function fitted(image, box) {
  const scale = Math.min(box.width / image.width, box.height / image.height);
  return { width: Math.max(1, Math.floor(image.width * scale)), height: Math.max(1, Math.floor(image.height * scale)) };
}

/**
 * Zooms by whole steps, keeping the point `at` where it is.
 * @param {View} view
 * @param {number} steps positive: larger
 * @param {{x: number, y: number}} [at] from the centre
 * @returns {View}
 */
export function zoomed(view, steps, at = { x: 0, y: 0 }) {
  const scale = Math.min(LARGEST, Math.max(1, view.scale * STEP ** steps));
  if (scale === 1) return FIT;
  const by = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * by, y: at.y - (at.y - view.y) * by };
}

/**
 * Moves the view, never so far that the image leaves the box.
 * @param {View} view
 * @param {{x: number, y: number}} by
 * @param {{width: number, height: number}} size of the image at scale 1
 * @returns {View}
 */
export function panned(view, by, size) {
  const reach = { x: (size.width * (view.scale - 1)) / 2, y: (size.height * (view.scale - 1)) / 2 };
  const clamp = (/** @type {number} */ v, /** @type {number} */ limit) => Math.min(limit, Math.max(-limit, v));
  return { ...view, x: clamp(view.x + by.x, reach.x), y: clamp(view.y + by.y, reach.y) };
}
