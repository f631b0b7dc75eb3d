/** Draws the labelling page from what is known. One call redraws whatever differs. */

import { mayShowModel } from "../core/deck.js";
import { lookedAt } from "../core/desk.js";
import { fileName } from "../core/format.js";
import { tallyRows } from "../core/outbox.js";
import { holding, pageFor, stripsFor } from "../core/situation.js";
import { countsWith, labelsPerMinute } from "../core/tally.js";
import { AlikePanel } from "../ui/alike.js";
import { Film } from "../ui/film.js";
import { renderChip } from "../ui/chip.js";
import { renderPage, renderStrips } from "../ui/notices.js";
import { renderProgress, renderRate, renderSaved, renderTrainer } from "../ui/header.js";
import { Side } from "../ui/side.js";
import { byId, setText } from "../ui/dom.js";
import { drawSession } from "./session.js";

/**
 * @typedef {import("./labelling.js").Labelling} Labelling
 * @typedef {import("../core/types.js").HistoryRow} HistoryRow
 *
 * @typedef {object} ViewEvents
 * @property {(action: import("../core/situation.js").Action) => void} action a button of a strip or page
 * @property {(imageId: string | null) => void} look a thumbnail was chosen
 * @property {() => void} accept the suggestion was clicked
 * @property {(time: number) => void} takeOffer the offer for look-alikes was clicked
 */

const GRACE_MS = 1_500;
const NEWS_TOGETHER_MS = 50;

export class LabelView {
  /** What keeps the outbox from being sent. @type {import("../io/sender.js").Trouble} */
  trouble = "";

  #labelling;
  #outbox;
  #stage;
  #classes;
  #on;
  #side = new Side();
  /** @type {string[]} stop rules after which the person chose to go on */ #wentOn = [];
  #film;
  #drawn = false;
  #later = 0;
  /** @type {unknown} */ #sideOf = undefined;
  /** @type {import("../core/types.js").State | null} */ #stateDrawn = null;
  #receivedAt = 0;
  /** @type {HistoryRow[] | null} */ #curveDrawn = null;
  #away = new Since(() => this.draw());
  #offline = new Since(() => this.draw());

  /**
   * @param {Labelling} labelling
   * @param {import("../io/outbox.js").Outbox} outbox
   * @param {import("../ui/stage.js").Stage} stage
   * @param {import("../ui/classes.js").ClassPanel} classes
   * @param {ViewEvents} on
   */
  constructor(labelling, outbox, stage, classes, on) {
    this.#labelling = labelling;
    this.#outbox = outbox;
    this.#stage = stage;
    this.#classes = classes;
    this.#on = on;
    this.#film = new Film(on.look);
    this.alike = new AlikePanel(on.takeOffer);
  }

  /** The person goes on although it is advised to stop: those rules are not held up again. */
  goOn() {
    const { state } = this.#labelling;
    this.#wentOn = [...this.#wentOn, ...holding(state).map((advice) => advice.rule)];
    this.draw();
  }

  /** Draws at the end of the present task, however often it is called within. */
  draw() {
    if (this.#drawn) return;
    this.#drawn = true;
    queueMicrotask(() => {
      this.#drawn = false;
      this.#draw();
    });
  }

  /** Draws soon; news that come close together are drawn once. */
  drawSoon() {
    this.#later ||= setTimeout(() => {
      this.#later = 0;
      this.draw();
    }, NEWS_TOGETHER_MS);
  }

  #draw() {
    const { desk, state } = this.#labelling;
    const facts = this.#facts();
    const page = pageFor(facts);
    renderPage(page, this.#on.action);
    byId("stage").hidden = page !== null;
    this.#stage.show(page ? null : this.#labelling.image);
    renderStrips(stripsFor(facts), this.#on.action);
    renderSaved({ online: facts.online, waiting: facts.waiting, trouble: this.trouble });
    renderRate(labelsPerMinute(this.#labelling.times));
    this.#drawImage(page !== null);
    if (!state) return;
    const { labelled, perClass } = countsWith(state, this.#labelling.effects);
    renderProgress(state, labelled);
    this.#drawState(state);
    this.#classes.render(state.classes, perClass, this.#marks(page !== null));
    const colors = new Map(state.classes.map((c) => [c.name, c.color]));
    this.#film.render(desk, colors);
    const { offer } = this.#labelling;
    this.alike.show(offer, colors.get(offer?.label ?? "") ?? 0);
  }

  /** @returns {import("../core/situation.js").Facts} */
  #facts() {
    const { desk, state, online } = this.#labelling;
    const away = this.#away.lasts(state !== null && !state.trainer.connected, GRACE_MS);
    return {
      state,
      online: !this.#offline.lasts(!online, GRACE_MS),
      trainerAway: away,
      trouble: this.trouble,
      ...tallyRows(this.#outbox.rows),
      reason: desk.deck.reason,
      hasImage: desk.deck.tasks.length > 0,
      lookingBack: desk.look !== null,
      storage: this.#outbox.durable,
      advice: holding(state).filter((advice) => !this.#wentOn.includes(advice.rule)),
    };
  }

  /** The suggestion on the current image, or null where there is none or it may not be shown. */
  get suggestion() {
    const { desk, state } = this.#labelling;
    const task = desk.look === null ? desk.deck.tasks[0] : undefined;
    const guess = task && mayShowModel(task) ? task.prediction : null;
    return guess && state?.classes.some((c) => c.name === guess.label) ? guess : null;
  }

  /** @param {boolean} noImage */
  #marks(noImage) {
    const given = lookedAt(this.#labelling.desk)?.label ?? null;
    return { suggested: noImage ? null : (this.suggestion?.label ?? null), given };
  }

  /** @param {boolean} noImage */
  #drawImage(noImage) {
    const { desk, state } = this.#labelling;
    const looked = lookedAt(desk);
    const task = noImage || looked ? null : (desk.deck.tasks[0] ?? null);
    renderChip({ task, looked, suggestion: noImage ? null : this.suggestion, classes: state?.classes ?? [] }, this.#on.accept);
    const painted = this.#stage.visibleSince < Infinity;
    setText(byId("file-name"), painted ? fileName(this.#stage.image?.filename ?? "") : "");
    setText(byId("view-note"), noImage ? "" : this.#stage.note);
    byId("tools").hidden = noImage;
    const shown = task ?? looked;
    if (shown === this.#sideOf) return;
    this.#sideOf = shown;
    this.#side.renderImage(task, looked);
  }

  /** @param {import("../core/types.js").State} state */
  #drawState(state) {
    if (state !== this.#stateDrawn) {
      this.#stateDrawn = state;
      this.#receivedAt = performance.now();
      this.#side.renderState(state);
      drawSession(state.session);
    }
    renderTrainer(state, this.#receivedAt);
  }

  /** @param {HistoryRow[]} history */
  drawCurve(history) {
    if (!this.#labelling.state || history === this.#curveDrawn) return;
    this.#curveDrawn = history;
    this.#side.renderCurve(history, this.#labelling.state);
  }
}

/** Tells whether something has lasted for a while, and calls again when it has. */
class Since {
  /** @type {number | null} */
  #from = null;
  #later;

  /** @param {() => void} later */
  constructor(later) {
    this.#later = later;
  }

  /**
   * @param {boolean} holds whether it holds now
   * @param {number} ms
   */
  lasts(holds, ms) {
    if (!holds) {
      this.#from = null;
      return false;
    }
    if (this.#from === null) {
      this.#from = performance.now();
      setTimeout(this.#later, ms + 1);
    }
    return performance.now() - this.#from >= ms;
  }
}
