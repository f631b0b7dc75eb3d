/** Keeps the page supplied with images: leases, renewed while it is open, and hints of what comes after. */

import { LEASED, UPCOMING } from "../core/deck.js";
import { lease } from "../io/api.js";

const RENEW_MS = 20_000;
const AGAIN_MS = 3_000;
const MOST_AT_ONCE = 20;

/**
 * @typedef {object} LeaseWishes
 * @property {() => string[]} holding images the page shows or keeps ready
 * @property {() => number} pending answers the labeler does not have yet; their images may still count as held
 * @property {(answer: import("../core/types.js").LeaseAnswer, askedAt: number) => void} take
 * @property {(online: boolean) => void} link
 */

export class Leases {
  #annotator;
  #client;
  #on;
  #asking = false;
  #again = false;
  #timer = 0;

  /**
   * @param {{annotator: string, client: string}} who
   * @param {LeaseWishes} on
   */
  constructor({ annotator, client }, on) {
    this.#annotator = annotator;
    this.#client = client;
    this.#on = on;
    document.addEventListener("visibilitychange", () => document.hidden || this.ask());
  }

  /** Asks now, or right after the request that is under way. */
  ask() {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    clearTimeout(this.#timer);
    void this.#request().then((wait) => {
      this.#asking = false;
      this.#timer = setTimeout(() => this.ask(), this.#again ? 0 : wait);
      this.#again = false;
    });
  }

  /** @returns {Promise<number>} milliseconds until it is asked again */
  async #request() {
    const askedAt = performance.now();
    const holding = this.#on.holding().slice(0, MOST_AT_ONCE);
    try {
      const answer = await lease({
        annotator: this.#annotator,
        client: this.#client,
        count: Math.min(MOST_AT_ONCE, Math.max(LEASED, holding.length) + this.#on.pending()),
        upcoming: UPCOMING,
        holding,
      });
      this.#on.link(true);
      this.#on.take(answer, askedAt);
      return answer.tasks.length ? RENEW_MS : AGAIN_MS;
    } catch (error) {
      this.#on.link(error.status > 0);
      return AGAIN_MS;
    }
  }
}
