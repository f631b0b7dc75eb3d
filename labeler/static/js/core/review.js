/** The Review page's tables, made from what the labeler answers. Pure. */

/**
 * @typedef {import("../io/analysis.js").Table} Table
 * @typedef {{count: number, part: number}} Cell `part`: share of its row
 * @typedef {{rows: string[], columns: string[], cells: Cell[][]}} Matrix
 */

export const OTHERS = "others";

/**
 * The confusion matrix of the chosen classes: rows are true classes, columns predicted ones, both in class order.
 * Predictions of classes that are not chosen come together in a last column.
 * @param {Table} table
 * @param {string[]} classes all of them, in order
 * @param {Set<string>} chosen
 * @returns {Matrix}
 */
export function matrixOf({ confusion }, classes, chosen) {
  const places = classes.flatMap((name, number) => (chosen.has(name) ? [number] : []));
  const at = new Map(places.map((number, place) => [number, place]));
  const counts = places.map(() => Array(places.length + 1).fill(0));
  for (const [label, prediction, count] of confusion) {
    const row = at.get(label);
    if (row !== undefined) counts[row][at.get(prediction) ?? places.length] += count;
  }
  const others = counts.some((row) => row[places.length] > 0);
  const names = places.map((number) => classes[number]);
  const cells = counts.map((row) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    return row.slice(0, others ? undefined : places.length).map((count) => ({ count, part: total ? count / total : 0 }));
  });
  return { rows: names, columns: others ? [...names, OTHERS] : names, cells };
}

/**
 * Rows of the table of classes: each chosen class in each version.
 * @param {Table[]} tables
 * @param {Set<string>} chosen
 */
export function scoreRows(tables, chosen) {
  const names = tables.length ? tables[0].per_class.map((row) => row.class).filter((name) => chosen.has(name)) : [];
  return names.flatMap((name) => tables.map((table) => ({ name, version: table.version, scores: table.per_class.find((row) => row.class === name) })));
}

/**
 * What is left to look at after an answer, an undo or a pass.
 * @template T
 * @typedef {{waiting: T[], done: {task: T, id: string}[]}} Round
 */

/** @template T @param {Round<T>} round @param {string} id of the annotation @returns {Round<T>} */
export const answered = ({ waiting: [task, ...waiting], done }, id) => ({ waiting, done: [...done, { task, id }] });

/** The first one goes to the end. @template T @param {Round<T>} round @returns {Round<T>} */
export const passed = ({ waiting: [task, ...waiting], done }) => ({ waiting: [...waiting, task], done });

/** The last answer is taken back, and its image comes first again. @template T @param {Round<T>} round @returns {Round<T>} */
export const undone = ({ waiting, done }) => (done.length ? { waiting: [done[done.length - 1].task, ...waiting], done: done.slice(0, -1) } : { waiting, done });
