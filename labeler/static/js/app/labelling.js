/** Labelling: what the page knows, and what every action does to it. Drawing is the view's part. */

import { inOrderOf, mergeLease, promoteHint, wanted } from "../core/deck.js";
import { answer, emptyDesk, lookAt, lookedAt, mergeHistory, renameLabels, step, trail, undo, visible } from "../core/desk.js";
import { effectOf, outstanding, timesOf, withTime } from "../core/tally.js";
import { readHeld, uuid, writeHeld } from "../io/person.js";

/**
 * @typedef {import("../core/types.js").State} State
 * @typedef {import("../core/types.js").Entry} Entry
 * @typedef {import("../core/types.js").Kind} Kind
 * @typedef {import("../core/types.js").Row} Row
 */

const KEPT_READY_BEHIND = 4;

export class Labelling {
  /** @type {import("../core/desk.js").Desk} */
  desk = emptyDesk();
  /** @type {State | null} */
  state = null;
  /** @type {Map<string, import("../core/tally.js").Effect>} */
  effects = new Map();
  /** @type {number[]} */
  times = [];
  online = true;

  #annotator;
  #outbox;
  #images;
  #changed;
  /** @type {Map<string, number>} image → when its answer was acknowledged; Infinity while it waits */
  #answered = new Map();

  /**
   * @param {string} annotator
   * @param {import("../io/outbox.js").Outbox} outbox
   * @param {import("../io/images.js").ImageCache} images
   * @param {() => void} changed called after every change
   */
  constructor(annotator, outbox, images, changed) {
    this.#annotator = annotator;
    this.#outbox = outbox;
    this.#images = images;
    this.#changed = changed;
  }

  /** The image on the stage. */
  get image() {
    return visible(this.desk);
  }

  /** Takes up the work of an earlier visit. @param {Entry[]} older acknowledged answers not known yet, newest first */
  restore(older) {
    const { rows } = this.#outbox;
    const acknowledged = [...this.desk.history].reverse().concat(older);
    if (!this.times.length) this.times = timesOf(older);
    this.desk = { ...this.desk, history: mergeHistory(acknowledged, rows) };
    for (const row of rows) {
      if (!row.entry || row.refused) continue;
      this.#answered.set(row.entry.image_id, Infinity);
      if (!this.effects.has(row.id)) this.effects.set(row.id, effectOf(null, row.entry));
    }
    this.#update(this.desk);
  }

  /**
   * Answers the visible image: into the outbox, and on to the next.
   * @param {Kind} kind
   * @param {string | null} label
   * @param {number} durationMs how long the image was visible
   * @returns {Entry | null}
   */
  answer(kind, label, durationMs) {
    const before = this.#standing(this.image?.image_id);
    const done = answer(this.desk, { annotation_id: uuid(), kind, label });
    if (!done) return null;
    const { entry, desk } = done;
    const row = this.#outbox.add({ op: "label", annotation_id: entry.annotation_id, entry, body: this.#body(entry, durationMs) });
    this.effects.set(row.id, effectOf(before, entry));
    this.#answered.set(entry.image_id, Infinity);
    this.times = withTime(this.times, Date.now());
    this.#update(desk);
    return entry;
  }

  /** @param {Entry} entry @param {number} durationMs */
  #body({ annotation_id, image_id, kind, label }, durationMs) {
    const queueVersion = this.desk.deck.queueVersion;
    /** @type {import("../core/types.js").AnnotationBody} */
    const body = { annotation_id, image_id, kind, annotator: this.#annotator, duration_ms: Math.round(durationMs) };
    if (label !== null) body.label = label;
    if (queueVersion > 0) body.queue_version = queueVersion;
    return body;
  }

  /** Takes back the newest annotation. @returns {Entry | null} */
  undo() {
    const done = undo(this.desk);
    if (!done) return null;
    const { undone, desk } = done;
    if (desk.look === null) this.#answered.delete(undone.image_id);
    this.#withdraw(undone);
    this.times = this.times.slice(0, -1);
    this.#update(desk);
    writeHeld(this.holding);
    return undone;
  }

  /** An answer the labeler refused never reached it: dropping the row undoes it. @param {Entry} undone */
  #withdraw(undone) {
    const refused = this.#outbox.rows.find((r) => r.refused && r.annotation_id === undone.annotation_id);
    if (refused) return this.#outbox.discard(refused.id);
    const row = this.#outbox.add({ op: "undo", annotation_id: undone.annotation_id, body: null, entry: null });
    const before = this.desk.history.slice(0, -1).findLast((e) => e.image_id === undone.image_id) ?? null;
    this.effects.set(row.id, effectOf(undone, before));
  }

  /** @param {number} by images to look back (negative) or forward */
  look(by) {
    this.#update(step(this.desk, by));
  }

  /** @param {string | null} imageId null: the current image */
  lookAt(imageId) {
    this.#update(lookAt(this.desk, imageId));
  }

  /**
   * @param {import("../core/types.js").LeaseAnswer} leased
   * @param {number} askedAt as performance.now()
   */
  takeLeases(leased, askedAt) {
    const isAnswered = (/** @type {string} */ id) => (this.#answered.get(id) ?? -1) > askedAt;
    const { deck } = this.desk;
    const tasks = deck.tasks.length ? leased.tasks : inOrderOf(leased.tasks, readHeld());
    this.#update({ ...this.desk, deck: mergeLease(deck, { ...leased, tasks }, isAnswered) });
    writeHeld(this.holding);
  }

  /** The images this page shows or keeps ready; before the first lease, those it held before a reload. */
  get holding() {
    const { tasks } = this.desk.deck;
    return tasks.length ? tasks.map((task) => task.image_id) : readHeld();
  }

  /** Takes news in; the view draws them when it is time. @param {State} state */
  takeState(state) {
    this.#followRenames(state);
    this.state = state;
    this.effects = outstanding(this.effects, state.last_seq);
  }

  /** A row was acknowledged, by this tab or not. @param {Row} row @param {number | null} seq */
  settled(row, seq) {
    const effect = this.effects.get(row.id);
    if (effect) this.effects.set(row.id, { ...effect, seq: seq ?? 0 });
    this.effects = outstanding(this.effects, this.state?.last_seq ?? 0);
    if (row.entry && this.#answered.has(row.entry.image_id)) this.#answered.set(row.entry.image_id, performance.now());
    this.#changed();
  }

  /** The labeler refused an answer for good: it counts no longer, and its image may come again. @param {Row} row */
  refused(row) {
    this.effects.delete(row.id);
    if (row.entry) this.#answered.delete(row.entry.image_id);
    this.#update({ ...this.desk, history: this.desk.history.filter((e) => e.annotation_id !== row.annotation_id) });
  }

  /** @param {boolean} online */
  setOnline(online) {
    this.online = online;
    this.#update(this.desk);
  }

  /** Answers the labeler does not have yet. */
  get waitingAnswers() {
    return this.#outbox.rows.filter((row) => row.op === "label" && !row.refused).length;
  }

  /** @param {string | undefined} imageId @returns {Entry | null} */
  #standing(imageId) {
    return this.desk.history.findLast((e) => e.image_id === imageId) ?? null;
  }

  /** A class renamed by anyone keeps its number; labels given under the old name follow. @param {State} state */
  #followRenames(state) {
    const names = new Map(state.classes.map((c) => [c.id, c.name]));
    for (const { id, name } of this.state?.classes ?? []) {
      const now = names.get(id);
      if (now === undefined || now === name) continue;
      this.desk = { ...this.desk, history: renameLabels(this.desk.history, name, now) };
      for (const row of this.#outbox.rows) {
        if (row.body?.label === name) this.#outbox.update({ ...row, body: { ...row.body, label: now } });
      }
    }
  }

  /** @param {import("../core/desk.js").Desk} desk */
  #update(desk) {
    const deck = this.online ? desk.deck : promoteHint(desk.deck, (id) => this.#images.isReady(id));
    this.desk = { ...desk, deck };
    const behind = trail(this.desk.history).slice(-KEPT_READY_BEHIND);
    const looked = lookedAt(this.desk);
    this.#images.keep([...(looked ? [looked] : []), ...wanted(deck), ...behind]);
    this.#changed();
  }
}
