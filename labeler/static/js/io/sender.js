/** Sends the outbox: in order, one request at a time, one tab at a time, until every row is acknowledged. */

import { fateOf, head, waitBefore } from "../core/outbox.js";

/**
 * @typedef {import("../core/types.js").Row} Row
 * @typedef {import("../core/outbox.js").Fate | ""} Trouble what keeps rows from being sent; "" when nothing does
 */

const LOCK = "labelstream-outbox";

export class Sender {
  #outbox;
  #send;
  #onTrouble;
  #attempt = 0;
  #timer = 0;
  #running = false;
  #wakeAgain = false;

  /**
   * @param {import("./outbox.js").Outbox} outbox
   * @param {(row: Row) => Promise<{seq: number, left?: string[]}>} send
   * @param {(trouble: Trouble) => void} onTrouble called after every request
   */
  constructor(outbox, send, onTrouble) {
    this.#outbox = outbox;
    this.#send = send;
    this.#onTrouble = onTrouble;
  }

  /** Sends what there is, now; call it after adding a row and when the connection is back. */
  wake() {
    clearTimeout(this.#timer);
    if (this.#running) {
      this.#wakeAgain = true;
      return;
    }
    this.#running = true;
    void this.#alone(() => this.#drain()).finally(() => this.#rest());
  }

  /** Another tab may be sending; then its turn comes first. Without locks a row may go twice, which is harmless. */
  async #alone(/** @type {() => Promise<void>} */ work) {
    return navigator.locks ? navigator.locks.request(LOCK, work) : work();
  }

  async #drain() {
    for (let row = head(this.#outbox.rows); row; row = head(this.#outbox.rows)) {
      if (!(await this.#sendOne(row))) return;
    }
  }

  /**
   * @param {Row} row
   * @returns {Promise<boolean>} whether the next row may follow at once
   */
  async #sendOne(row) {
    /** @type {{seq: number | null, left?: string[]}} */
    let answer = { seq: null };
    let [status, message] = [200, ""];
    try {
      answer = await this.#send(row);
    } catch (error) {
      [status, message] = [error.status ?? 0, error.message];
    }
    const fate = fateOf(row.op, status);
    if (fate === "done") this.#outbox.settle(row, answer.seq, answer.left);
    else if (fate === "aside") this.#outbox.putAside(row, message);
    else return this.#retryLater(fate);
    this.#attempt = 0;
    this.#onTrouble("");
    return true;
  }

  /** @param {import("../core/outbox.js").Fate} fate */
  #retryLater(fate) {
    this.#attempt += 1;
    this.#onTrouble(fate);
    return false;
  }

  #rest() {
    this.#running = false;
    const again = this.#wakeAgain;
    this.#wakeAgain = false;
    if (!head(this.#outbox.rows)) return;
    if (again && this.#attempt === 0) this.wake();
    else this.#timer = setTimeout(() => this.wake(), waitBefore(Math.max(1, this.#attempt)));
  }
}
