/** The outbox of this browser: rows on disk, the same rows in memory, and other tabs told of every change. */

import { inOrder, nextOrder } from "../core/outbox.js";

/**
 * @typedef {import("../core/types.js").Row} Row
 * @typedef {{put: Row} | {remove: string, seq?: number | null, left?: string[]}} Change
 *
 * @typedef {object} OutboxEvents of this tab or another
 * @property {() => void} changed
 * @property {(row: Row, seq: number | null, left: string[]) => void} settled the labeler acknowledged a row; left: images
 *   of a bulk action that it left as they were
 * @property {(row: Row) => void} refused the labeler will never take a row as it is
 */

const CHANNEL = "labelstream-outbox";

export class Outbox {
  /** @type {Row[]} rows in the order they are sent */
  rows = [];
  /** Whether the rows outlive a reload. */
  durable = true;

  #store;
  #channel = new BroadcastChannel(CHANNEL);
  #on;

  /**
   * @param {import("./store.js").RowStore} store
   * @param {OutboxEvents} on
   */
  constructor(store, on) {
    this.#store = store;
    this.#on = on;
    this.durable = store.durable;
    this.#channel.onmessage = ({ data }) => this.#apply(data);
  }

  /** Reads what an earlier visit, or another tab, has left. */
  async load() {
    const known = new Set(this.rows.map((row) => row.id));
    const stored = (await this.#store.all()).filter((row) => !known.has(row.id));
    this.rows = inOrder([...stored, ...this.rows]);
    this.#on.changed();
  }

  /**
   * Adds a row at the end. It counts at once; the disk follows.
   * @param {Omit<Row, "id" | "order">} row
   * @returns {Row}
   */
  add(row) {
    const complete = { ...row, id: `${row.annotation_id}:${row.op}`, order: nextOrder(this.rows, Date.now()) };
    this.#change({ put: complete });
    return complete;
  }

  /**
   * Replaces a row by a changed one.
   * @param {Row} row
   */
  update(row) {
    this.#change({ put: row });
  }

  /**
   * Forgets a row that the labeler has acknowledged.
   * @param {Row} row
   * @param {number | null} seq null where the labeler had nothing to do
   * @param {string[]} [left] images that the labeler left as they were
   */
  settle(row, seq, left = []) {
    this.#change({ remove: row.id, seq, left });
  }

  /**
   * Puts a row aside: it stays until a person decides.
   * @param {Row} row
   * @param {string} refused the labeler's sentence
   */
  putAside(row, refused) {
    this.#change({ put: { ...row, refused } });
  }

  /**
   * Forgets a row that was not sent.
   * @param {string} id
   */
  discard(id) {
    this.#change({ remove: id });
  }

  /** @param {Change} change */
  #change(change) {
    this.#channel.postMessage(change);
    const kept = "put" in change ? this.#store.put(change.put) : this.#store.remove(change.remove);
    kept.catch(() => {
      this.durable = false;
      this.#on.changed();
    });
    this.#apply(change);
  }

  /** @param {Change} change */
  #apply(change) {
    const id = "put" in change ? change.put.id : change.remove;
    const before = this.rows.find((row) => row.id === id);
    const others = this.rows.filter((row) => row.id !== id);
    this.rows = "put" in change ? inOrder([...others, change.put]) : others;
    if ("put" in change && change.put.refused) this.#on.refused(change.put);
    if ("remove" in change && change.seq !== undefined && before) this.#on.settled(before, change.seq, change.left ?? []);
    this.#on.changed();
  }
}
