/** The evaluations so far, with those that came while nobody listened here, as before the socket stood. */

import { withDetail, withRow } from "../core/curve.js";
import { getMetrics } from "../io/api.js";

/** @typedef {import("../core/types.js").HistoryRow} HistoryRow */

/** A page that stays open for days keeps every second row of what is old. */
const MOST_ROWS = 4_000;

export class History {
  /** @type {HistoryRow[]} in order of time */ rows = [];
  #changed;
  #loading = false;
  /** The metrics whose row was fetched because it had not come by itself. */ #wanted = "";

  /** @param {() => void} changed told after every change of `rows` */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Fetches what there is. */
  async load() {
    this.#loading = true;
    const found = await getMetrics().catch(() => null);
    this.#loading = false;
    if (found) this.refine(found.history);
  }

  /** A row that has come by itself. @param {HistoryRow} row */
  add(row) {
    const rows = withRow(this.rows, row);
    this.#become(rows.filter((_, i) => rows.length <= MOST_ROWS || i % 2 === 0 || i > MOST_ROWS / 2));
  }

  /** Further rows, as of a stretch in finer detail. @param {HistoryRow[]} rows */
  refine(rows) {
    this.#become(withDetail(this.rows, rows));
  }

  /** Fetches again where the newest row is not the one that the state tells of. @param {import("../core/types.js").State} state */
  async take({ metrics }) {
    const newest = JSON.stringify(metrics);
    if (this.#loading || newest === this.#wanted || newest === JSON.stringify(this.rows.at(-1)?.metrics ?? {})) return;
    this.#wanted = newest;
    await this.load();
  }

  /** @param {HistoryRow[]} rows */
  #become(rows) {
    this.rows = rows;
    this.#changed();
  }
}
