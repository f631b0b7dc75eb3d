/** The map as it comes from the labeler: columns of equal length, see docs/protocol.md. Pure. */

/**
 * @typedef {object} Points columns by position, in an order that is random but always the same
 * @property {number} count
 * @property {Uint32Array} numbers
 * @property {Uint16Array} x 0..65535
 * @property {Uint16Array} y
 * @property {Int16Array} predicted class id, -1 for none
 * @property {Int16Array} label
 * @property {Uint8Array} confidence 255 is certain
 * @property {Uint8Array} state what stands on it, plus TEST_BIT
 * @property {Int32Array} at position by number, -1 for none
 *
 * @typedef {object} MapHead
 * @property {number} count
 * @property {string} projection
 * @property {number} model_version
 * @property {number} last_seq
 * @property {boolean} stale
 * @property {number | null} progress of a newer one
 */

export const OPEN = 0;
export const LABELLED = 1;
export const SKIPPED = 2;
export const FLAGGED = 3;
export const TEST_BIT = 8;
export const NO_CLASS = -1;
export const FULL = 65_535;

/** Names and types in the order they come. @type {[string, any][]} */
const COLUMNS = [
  ["numbers", Uint32Array],
  ["x", Uint16Array],
  ["y", Uint16Array],
  ["predicted", Int16Array],
  ["label", Int16Array],
  ["confidence", Uint8Array],
  ["state", Uint8Array],
];

/**
 * @param {ArrayBuffer} buffer
 * @returns {{head: MapHead, points: Points}}
 */
export function readMap(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  /** @type {any} */
  const columns = {};
  let start = 4 + size;
  for (const [name, Type] of COLUMNS) {
    columns[name] = new Type(buffer, start, head.count);
    start += columns[name].byteLength;
  }
  return { head, points: shuffled(columns, head.count) };
}

/** Drawn in the order of the folder, one class would lie on top of another. @param {any} columns @param {number} count */
function shuffled(columns, count) {
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i += 1) keys[i] = (Math.imul(columns.numbers[i], 2654435761) >>> 0) * 2 ** 21 + i;
  keys.sort();
  /** @type {any} */
  const points = { count };
  for (const [name, Type] of COLUMNS) {
    const column = (points[name] = new Type(count));
    for (let i = 0; i < count; i += 1) column[i] = columns[name][keys[i] % 2 ** 21];
  }
  points.at = positions(points.numbers);
  return /** @type {Points} */ (points);
}

/** @param {Uint32Array} numbers */
function positions(numbers) {
  const at = new Int32Array(numbers.reduce((most, number) => Math.max(most, number), -1) + 1).fill(-1);
  numbers.forEach((number, position) => (at[number] = position));
  return at;
}

/**
 * Takes over what has been labelled, skipped, flagged or taken back.
 * @param {Points} points
 * @param {[number, number, number][]} changes number, label, state
 */
export function applyChanges(points, changes) {
  for (const [number, label, state] of changes) {
    const position = number < points.at.length ? points.at[number] : -1;
    if (position < 0) continue;
    points.label[position] = label;
    points.state[position] = state;
  }
}

/** @param {Points} points @param {number} i */
export const isTest = (points, i) => (points.state[i] & TEST_BIT) !== 0;

/** What stands on it. @param {Points} points @param {number} i */
export const statusOf = (points, i) => points.state[i] & 7;

/** Whether a bulk action may take it: open, and not of the hold-out. @param {Points} points @param {number} i */
export const isTakeable = (points, i) => points.state[i] === OPEN;

/** What the model says of it; nothing of a hold-out image without a label. @param {Points} points @param {number} i */
export const predictionOf = (points, i) => (isTest(points, i) && points.label[i] < 0 ? NO_CLASS : points.predicted[i]);

/** The same of an image that is known by name. @param {{state: number}} image */
export const isOpen = ({ state }) => state === OPEN;
