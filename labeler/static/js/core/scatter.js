/** Draws points into an array of pixels: no GPU, no call per point. Pure but for the array it fills. */

/**
 * @typedef {object} Stamp the pixels of one point, as distances in the array from its middle
 * @property {Int32Array} core
 * @property {Int32Array} edge half covered: they take the colour that is half the ground's
 * @property {number} reach pixels on each side
 */

const FINE = 4;

/**
 * @param {number} radius in pixels
 * @param {number} stride of the array
 * @returns {Stamp}
 */
export function stampOf(radius, stride) {
  const reach = Math.ceil(radius);
  const core = [];
  const edge = [];
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const part = covered(dx, dy, radius);
      if (part >= 0.7) core.push(dy * stride + dx);
      else if (part >= 0.2) edge.push(dy * stride + dx);
    }
  }
  return { core: Int32Array.from(core), edge: Int32Array.from(edge), reach };
}

/** The share of a pixel within the circle. @param {number} dx @param {number} dy @param {number} radius */
function covered(dx, dy, radius) {
  let inside = 0;
  for (let i = 0; i < FINE * FINE; i += 1) {
    const x = dx + ((i % FINE) + 0.5) / FINE - 0.5;
    const y = dy + (Math.floor(i / FINE) + 0.5) / FINE - 0.5;
    if (x * x + y * y <= radius * radius) inside += 1;
  }
  return inside / (FINE * FINE);
}

/**
 * @typedef {object} Sheet the array and its size; `margin` more pixels on each side are not shown
 * @property {Uint32Array} pixels
 * @property {number} width
 * @property {number} height
 * @property {number} margin
 * @property {number} ground colour
 */

/**
 * Draws the points of one layer, in their order.
 * @param {Sheet} sheet
 * @param {{x: Uint16Array, y: Uint16Array}} points
 * @param {import("./map_view.js").View} view in pixels of the array
 * @param {Stamp} stamp its reach is at most the margin
 * @param {Uint8Array} slots colour by point
 * @param {(slot: number) => boolean} isWanted whether this layer has points of this slot
 * @param {{full: Uint32Array, half: Uint32Array}} palette colours by slot
 * @param {number} end draw the points before this one
 */
export function drawPoints(sheet, points, view, stamp, slots, isWanted, palette, end) {
  const { pixels, width, height, margin, ground } = sheet;
  const { x, y } = points;
  const { core, edge } = stamp;
  const { scale } = view;
  const stride = width + 2 * margin;
  const left = width / 2 - view.x * scale;
  const top = height / 2 - view.y * scale;
  const wanted = Uint8Array.from({ length: 256 }, (_, slot) => Number(isWanted(slot)));
  for (let i = 0; i < end; i += 1) {
    const slot = slots[i];
    if (!wanted[slot]) continue;
    const px = Math.floor(x[i] * scale + left);
    const py = Math.floor(y[i] * scale + top);
    if (px < 0 || py < 0 || px >= width || py >= height) continue;
    const at = (py + margin) * stride + px + margin;
    const full = palette.full[slot];
    const half = palette.half[slot];
    for (let k = 0; k < core.length; k += 1) pixels[at + core[k]] = full;
    for (let k = 0; k < edge.length; k += 1) if (pixels[at + edge[k]] === ground) pixels[at + edge[k]] = half;
  }
}

/**
 * "#rrggbb" as a pixel.
 * @param {string} colour
 */
export function pixelOf(colour) {
  const [red, green, blue] = channels(colour);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/**
 * A colour between two, as "#rrggbb".
 * @param {string} from
 * @param {string} to
 * @param {number} share of `to`
 */
export function mixed(from, to, share) {
  const [a, b] = [channels(from), channels(to)];
  return `#${a.map((value, i) => Math.round(value + (b[i] - value) * share).toString(16).padStart(2, "0")).join("")}`;
}

/** @param {string} colour @returns {number[]} */
function channels(colour) {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(colour.trim());
  return match ? match.slice(1, 4).map((part) => parseInt(part, 16)) : [128, 128, 128];
}
