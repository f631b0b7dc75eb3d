/** Which points lie under the pointer, or within a line drawn around them. Pure. */

/** @typedef {[number, number]} Spot on the map */
/** @typedef {{x: Uint16Array, y: Uint16Array, count: number}} Places */

/**
 * Whether a spot lies within a closed line, by the number of its crossings to the right.
 * @param {Spot[]} line
 * @param {number} x
 * @param {number} y
 */
export function isInside(line, x, y) {
  let inside = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i, i += 1) {
    const [ax, ay] = line[i];
    const [bx, by] = line[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/**
 * The positions of the points within the line.
 * @param {Places} points
 * @param {Spot[]} line
 * @returns {number[]}
 */
export function within(points, line) {
  const found = [];
  const [xs, ys] = [line.map((spot) => spot[0]), line.map((spot) => spot[1])];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  for (let i = 0; i < points.count; i += 1) {
    const [x, y] = [points.x[i], points.y[i]];
    if (x < left || x > right || y < top || y > bottom) continue;
    if (isInside(line, x, y)) found.push(i);
  }
  return found;
}

/**
 * The position of the nearest point that is no farther than `reach`, -1 where there is none; of equals the one on top.
 * @param {Places} points
 * @param {Spot} spot
 * @param {number} reach
 */
export function nearest(points, [x, y], reach) {
  let [best, least] = [-1, reach * reach];
  for (let i = 0; i < points.count; i += 1) {
    const dx = points.x[i] - x;
    if (dx > reach || dx < -reach) continue;
    const dy = points.y[i] - y;
    const square = dx * dx + dy * dy;
    if (square <= least) [best, least] = [i, square];
  }
  return best;
}
