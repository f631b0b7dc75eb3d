/** Labelling: what the page knows, and what every action does to it. Drawing is the view's part. */

import { offerOf, takeOffer } from "../core/alike.js";
import { inOrderOf, mergeLease, promoteHint, wanted } from "../core/deck.js";
import { answer, emptyDesk, lookAt, lookedAt, mergeHistory, renameLabels, step, trail, undo, visible } from "../core/desk.js";
import { entriesOf } from "../core/outbox.js";
import { effectOf, outstanding, sumOf, timesOf, withTime } from "../core/tally.js";
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
  #client;
  #outbox;
  #images;
  #changed;
  /** @type {Map<string, number>} image → when its answer was acknowledged; Infinity while it waits */
  #answered = new Map();

  /**
   * @param {{annotator: string, client: string}} who
   * @param {import("../io/outbox.js").Outbox} outbox
   * @param {import("../io/images.js").ImageCache} images
   * @param {() => void} changed called after every change
   */
  constructor({ annotator, client }, outbox, images, changed) {
    this.#annotator = annotator;
    this.#client = client;
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
      const entries = entriesOf(row);
      if (!entries.length || row.refused) continue;
      for (const entry of entries) this.#answered.set(entry.image_id, Infinity);
      if (!this.effects.has(row.id)) this.effects.set(row.id, given(entries));
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

  /** The label that is offered for the look-alikes of the image answered last. */
  get offer() {
    return offerOf(this.desk);
  }

  /** Takes the offer, as one action. @param {Set<string>} without images left out @returns {Entry[]} */
  takeOffer(without) {
    const { offer } = this;
    if (!offer) return [];
    const bulk_id = uuid();
    const { desk, entries } = takeOffer(this.desk, offer, bulk_id, without);
    if (!entries.length) return [];
    const image_ids = entries.map((e) => e.image_id);
    const body = { bulk_id, like: offer.like.annotation_id, label: offer.label, image_ids, annotator: this.#annotator, client: this.#client };
    const row = this.#outbox.add({ op: "bulk", annotation_id: bulk_id, entry: null, entries, body });
    this.effects.set(row.id, given(entries));
    for (const id of image_ids) this.#answered.set(id, Infinity);
    this.#update(desk);
    return entries;
  }

  /** Takes back the newest annotation, or the newest bulk action as a whole. @returns {Entry[]} */
  undo() {
    const done = undo(this.desk);
    if (!done) return [];
    const { undone, all, desk } = done;
    if (desk.look === null) for (const entry of all) this.#answered.delete(entry.image_id);
    this.#withdraw(undone.bulk ?? undone.annotation_id, all, desk.history);
    if (!undone.bulk) this.times = this.times.slice(0, -1);
    this.#update(desk);
    writeHeld(this.holding);
    return all;
  }

  /**
   * An answer the labeler refused never reached it: dropping the row undoes it.
   * @param {string} id of the annotation or the bulk action
   * @param {Entry[]} undone
   * @param {Entry[]} history what stands now
   */
  #withdraw(id, undone, history) {
    const refused = this.#outbox.rows.find((r) => r.refused && r.annotation_id === id);
    if (refused) return this.#outbox.discard(refused.id);
    const row = this.#outbox.add({ op: "undo", annotation_id: id, body: null, entry: null });
    const before = (/** @type {Entry} */ entry) => history.findLast((e) => e.image_id === entry.image_id) ?? null;
    this.effects.set(row.id, sumOf(undone.map((entry) => effectOf(entry, before(entry)))));
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

  /**
   * A row was acknowledged, by this tab or not.
   * @param {Row} row
   * @param {number | null} seq
   * @param {string[]} left images of a bulk action that the labeler left as they were
   */
  settled(row, seq, left) {
    const kept = entriesOf(row).filter((e) => !left.includes(e.image_id));
    const effect = left.length ? given(kept) : this.effects.get(row.id);
    if (effect) this.effects.set(row.id, { ...effect, seq: seq ?? 0 });
    this.effects = outstanding(this.effects, this.state?.last_seq ?? 0);
    for (const { image_id } of kept) if (this.#answered.has(image_id)) this.#answered.set(image_id, performance.now());
    if (left.length) this.#forget(row, left);
    this.#changed();
  }

  /** These images do not carry the row's label after all. @param {Row} row @param {string[]} images */
  #forget(row, images) {
    const gone = new Set(entriesOf(row).filter((e) => images.includes(e.image_id)).map((e) => e.annotation_id));
    for (const id of images) this.#answered.delete(id);
    this.#update({ ...this.desk, history: this.desk.history.filter((e) => !gone.has(e.annotation_id)) });
  }

  /** The labeler refused an answer for good: it counts no longer, and its image may come again. @param {Row} row */
  refused(row) {
    this.effects.delete(row.id);
    this.#forget(row, entriesOf(row).map((e) => e.image_id));
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
        if (row.body?.label === name) this.#outbox.update(/** @type {Row} */ ({ ...row, body: { ...row.body, label: now } }));
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

/** What labelling open images changes in the counts. @param {Entry[]} entries */
const given = (entries) => sumOf(entries.map((entry) => effectOf(null, entry)));
