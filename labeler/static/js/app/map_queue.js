/** Asks for many maps, a few at a time, in order; what is no longer wanted is not asked for. */

import { NotYet } from "../io/map.js";
import { getSaliency } from "../io/saliency.js";

/**
 * @typedef {import("../io/saliency.js").Wish} Wish
 * @typedef {import("../io/saliency.js").SaliencyMap} SaliencyMap
 *
 * @typedef {object} Job
 * @property {string} key
 * @property {string} imageId
 * @property {Wish} wish
 * @property {(map: SaliencyMap) => void} done
 * @property {(text: string) => void} waiting
 * @property {(text: string) => void} failed
 */

const AT_ONCE = 2;
const AGAIN_MS = 500;
const KEPT = 400;

export class MapQueue {
  /** @type {Map<string, SaliencyMap>} */
  #kept = new Map();
  /** @type {Job[]} */
  #jobs = [];
  /** @type {Set<string>} */
  #asking = new Set();

  /** From now on these maps are wanted, and no others. @param {Job[]} jobs most urgent first */
  want(jobs) {
    this.#jobs = [];
    for (const job of jobs) {
      const known = this.#kept.get(job.key);
      if (known) job.done(known);
      else this.#jobs.push(job);
    }
    this.#next();
  }

  #next() {
    for (const job of this.#jobs) {
      if (this.#asking.size >= AT_ONCE) return;
      if (!this.#asking.has(job.key)) void this.#ask(job);
    }
  }

  /** @param {Job} job */
  async #ask(job) {
    this.#asking.add(job.key);
    job.waiting("…");
    try {
      const map = await getSaliency(job.imageId, job.wish);
      this.#keep(job.key, map);
      this.#settle(job, (wanted) => wanted.done(map));
    } catch (error) {
      if (!(error instanceof NotYet)) this.#settle(job, (wanted) => wanted.failed(/** @type {Error} */ (error).message));
      else await this.#tellBusy(job, error);
    }
    this.#asking.delete(job.key);
    this.#next();
  }

  /** @param {Job} job @param {NotYet} error */
  async #tellBusy(job, { code, progress }) {
    const text = code === "trainer_away" ? "the trainer is away" : progress ? `${Math.round(progress * 100)} %` : "busy…";
    this.#jobs.find((other) => other.key === job.key)?.waiting(text);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }

  /** @param {Job} job @param {(wanted: Job) => void} tell */
  #settle(job, tell) {
    const wanted = this.#jobs.filter((other) => other.key === job.key);
    this.#jobs = this.#jobs.filter((other) => other.key !== job.key);
    wanted.forEach(tell);
  }

  /** @param {string} key @param {SaliencyMap} map */
  #keep(key, map) {
    this.#kept.set(key, map);
    for (const old of [...this.#kept.keys()].slice(0, -KEPT)) this.#kept.delete(old);
  }
}
