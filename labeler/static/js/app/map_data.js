/** The maps as they are known here: fetched, asked for anew when the model has moved on, kept up with the answers. */

import { share } from "../core/format.js";
import { applyChanges } from "../core/map_points.js";
import { getChanges, getMap } from "../io/map.js";

/**
 * @typedef {import("../core/types.js").State} State
 * @typedef {"pca" | "tsne"} Name
 * @typedef {{head: import("../core/map_points.js").MapHead, points: import("../core/map_points.js").Points, at: number}} Loaded at: when it came
 */

const TICK_MS = 1_000;
const STALE_MS = 2_000;
const FRESH_MS = 10_000;

/** @type {Name[]} the first one is shown until the others are there */
export const NAMES = ["pca", "tsne"];

export class MapData {
  /** The one that a person wants to see. @type {Name} */
  chosen = NAMES[0];
  /** Why a map is not there yet, or not the newest. @type {Partial<Record<Name, string>>} */
  waiting = {};

  #changed;
  /** @type {Partial<Record<Name, Loaded>>} */ #maps = {};
  /** @type {Set<Name>} */ #asking = new Set();
  /** @type {State | null} */ #state = null;
  #lastSeq = 0;

  /** @param {() => void} changed called after every change */
  constructor(changed) {
    this.#changed = changed;
    void this.#load(NAMES[0]);
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** The name of the map that is shown. @returns {Name} */
  get name() {
    return this.#maps[this.chosen] ? this.chosen : NAMES[0];
  }

  /** The map that is shown; null before there is one. */
  get shown() {
    return this.#maps[this.name] ?? null;
  }

  /** @param {State} state */
  take(state) {
    this.#state = state;
    if (state.last_seq > this.#lastSeq && this.shown) void this.#catchUp();
  }

  /** What is missing or old is asked for, while somebody looks. */
  #tick() {
    if (document.hidden || !this.#state?.trainer.connected) return;
    for (const name of NAMES) if (!this.#maps[name] || (name === this.name && this.#isOld(this.#maps[name]))) void this.#load(name);
  }

  /** @param {Loaded} map */
  #isOld({ head, at }) {
    const age = performance.now() - at;
    if (head.stale) return age > STALE_MS;
    return head.model_version !== this.#state?.trainer.model_version && age > FRESH_MS;
  }

  /** @param {Name} name */
  async #load(name) {
    if (this.#asking.has(name)) return;
    this.#asking.add(name);
    try {
      this.#maps[name] = { ...(await getMap(name)), at: performance.now() };
      this.#lastSeq = Math.min(this.#lastSeq || Infinity, this.#maps[name].head.last_seq);
      const { progress } = this.#maps[name].head;
      this.waiting[name] = progress === null ? undefined : `a newer one is drawn, ${share(progress, 1)}`;
    } catch (error) {
      const progress = error.progress ?? null;
      this.waiting[name] = progress === null ? error.message : `drawing, ${share(progress, 1)}`;
    }
    this.#asking.delete(name);
    this.#changed();
  }

  async #catchUp() {
    const answer = await getChanges(this.#lastSeq).catch(() => null);
    if (!answer?.changes.length) return;
    this.#lastSeq = answer.last_seq;
    for (const map of Object.values(this.#maps)) applyChanges(map.points, answer.changes);
    this.#changed();
    if (answer.last_seq < (this.#state?.last_seq ?? 0)) void this.#catchUp();
  }
}
