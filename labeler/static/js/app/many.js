/** Answers given to many images at once, and taking them back; used by the map and the grid. */

import { counted } from "../core/format.js";
import { actOnMany, undoAction } from "../io/map.js";
import { claimClientId, readName, uuid } from "../io/person.js";
import { nameOr } from "../ui/dialogs.js";
import { announce } from "../ui/dom.js";
import { attempt } from "../ui/toast.js";

/** @typedef {{kind: "label" | "flag", label?: string, image_ids: string[], corrections?: Record<string, string>, suggestion?: string, model_version?: number}} Wish */
/** @typedef {{id: string, text: string, images: string[]}} Done images: those that were answered */

export class Many {
  /** What was done on this page, newest last. @type {Done[]} */
  done = [];
  #client = claimClientId();
  #busy = false;
  /** @type {{wish: string, id: string} | null} */ #unsure = null;

  /** This tab's id. @returns {Promise<string>} */
  get client() {
    return this.#client;
  }

  /**
   * One action; sent again as it was, it counts once.
   * @param {Wish} wish
   * @returns {Promise<Done | null>} null where it did not work
   */
  async act(wish) {
    if (this.#busy || !wish.image_ids.length) return null;
    const key = JSON.stringify(wish);
    const id = this.#unsure?.wish === key ? this.#unsure.id : uuid();
    this.#unsure = { wish: key, id };
    /** @type {Done | null} */
    let done = null;
    await this.#alone(async () => {
      const { left } = await actOnMany({ ...wish, bulk_id: id, annotator: nameOr(readName() ?? ""), client: await this.#client });
      const images = wish.image_ids.filter((image) => !left.includes(image));
      done = { id, images, text: textOf(wish, images.length, left.length) };
      this.#unsure = null;
    });
    if (done) this.#note(done);
    return done;
  }

  /** @param {Done} done */
  #note(done) {
    if (done.images.length) this.done.push(done);
    announce(done.text);
  }

  /** Takes the newest action back as a whole. @returns {Promise<Done | null>} */
  async undo() {
    const newest = this.done.at(-1);
    if (!newest) {
      announce("There is nothing to undo on this page.");
      return null;
    }
    const worked = await this.#alone(() => undoAction(newest.id));
    if (!worked) return null;
    this.done.pop();
    announce(`Undone: ${newest.text}`);
    return newest;
  }

  /** @param {() => Promise<unknown>} work */
  async #alone(work) {
    if (this.#busy) return false;
    this.#busy = true;
    const worked = await attempt(work);
    this.#busy = false;
    return worked;
  }
}

/** @param {Wish} wish @param {number} taken @param {number} left */
function textOf({ kind, label, corrections }, taken, left) {
  const corrected = Object.keys(corrections ?? {}).length;
  const what = kind === "flag" ? "flagged" : `labelled ${label}`;
  const rest = left ? `; ${counted(left, "image")} left alone, answered or shown to somebody else` : "";
  return `${counted(taken, "image")} ${what}${corrected ? `, ${corrected} of them corrected` : ""}${rest}`;
}
