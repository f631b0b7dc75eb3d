/** The grid: which images are on the page, which were taken out or corrected, and what accepting it means. Pure. */

/**
 * @typedef {import("../io/map.js").GridImage} GridImage
 *
 * @typedef {object} Page
 * @property {GridImage[]} images
 * @property {Set<string>} out image ids that get no answer
 * @property {Map<string, string>} corrections image id → its label instead
 */

/** @param {GridImage[]} images @returns {Page} */
export const pageOf = (images) => ({ images, out: new Set(), corrections: new Map() });

/**
 * Takes images out, or back in where all of them are out.
 * @param {Page} page
 * @param {string[]} ids
 * @returns {Page}
 */
export function toggled(page, ids) {
  const out = new Set(page.out);
  const corrections = new Map(page.corrections);
  const back = ids.every((id) => out.has(id));
  for (const id of ids) {
    corrections.delete(id);
    if (back) out.delete(id);
    else out.add(id);
  }
  return { ...page, out, corrections };
}

/**
 * Gives one image a label of its own; the label of the page takes the correction back.
 * @param {Page} page
 * @param {string} id
 * @param {string} label
 * @param {string} ofPage
 * @returns {Page}
 */
export function corrected(page, id, label, ofPage) {
  const out = new Set(page.out);
  const corrections = new Map(page.corrections);
  out.delete(id);
  if (label === ofPage) corrections.delete(id);
  else corrections.set(id, label);
  return { ...page, out, corrections };
}

/**
 * The images that look like this one, itself among them.
 * @param {Page} page
 * @param {string} id
 */
export function alikeOf({ images }, id) {
  const group = images.find((image) => image.image_id === id)?.group;
  return images.filter((image) => image.group === group).map((image) => image.image_id);
}

/**
 * What accepting the page asks of the labeler.
 * @param {Page} page
 * @param {string} label
 * @param {{suggestion?: string, model_version?: number}} model what it had for all of them, where that is known
 */
export function wishOf({ images, out, corrections }, label, model) {
  const image_ids = images.map((image) => image.image_id).filter((id) => !out.has(id));
  return { kind: /** @type {const} */ ("label"), label, image_ids, corrections: Object.fromEntries(corrections), ...model };
}

/**
 * Squares of about a wished size that fill a box, without scrolling.
 * @param {{width: number, height: number}} box in pixels
 * @param {number} wished side of a square
 * @param {number} gap
 * @returns {{columns: number, rows: number, side: number}} at least one of each
 */
export function fitting({ width, height }, wished, gap) {
  const columns = Math.max(1, Math.round((width + gap) / (wished + gap)));
  const rows = Math.max(1, Math.round((height + gap) / (wished + gap)));
  const side = Math.floor(Math.min((width + gap) / columns, (height + gap) / rows)) - gap;
  return { columns: Math.max(columns, Math.floor((width + gap) / (side + gap))), rows, side: Math.max(1, side) };
}

/**
 * The next page in front, and what is left. Images that look alike stay together where the page has room for them.
 * @param {GridImage[]} queue
 * @param {number} size
 * @returns {{images: GridImage[], rest: GridImage[]}}
 */
export function nextPage(queue, size) {
  let end = Math.min(size, queue.length);
  if (end < queue.length) {
    const group = queue[end].group;
    const start = queue.findIndex((image) => image.group === group);
    if (start > size / 2) end = Math.min(end, start);
  }
  return { images: queue.slice(0, end), rest: queue.slice(end) };
}
