/** One annotator's workplace: makes the parts of the labelling page and passes news and actions between them. */

import { counted } from "../core/format.js";
import { entriesOf } from "../core/outbox.js";
import { getHistory, send } from "../io/api.js";
import { ImageCache } from "../io/images.js";
import { Outbox } from "../io/outbox.js";
import { Sender } from "../io/sender.js";
import { ClassPanel } from "../ui/classes.js";
import { announce, byId } from "../ui/dom.js";
import { Stage } from "../ui/stage.js";
import { say } from "../ui/toast.js";
import { Controls } from "./controls.js";
import { History } from "./history.js";
import { Labelling } from "./labelling.js";
import { Leases } from "./leases.js";
import { Lens } from "./saliency.js";
import { LabelView } from "./view.js";

/**
 * @typedef {import("../core/types.js").State} State
 * @typedef {import("../core/types.js").HistoryRow} HistoryRow
 * @typedef {import("../core/types.js").Row} Row
 */

const ANSWERS_AT_ONCE = 100;
const REDRAW_MS = 1_000;
/** Key press to painted next image, for anyone who measures: performance.getEntriesByName(…). */
const MEASURE = "labelstream:key-to-paint";

export class Workplace {
  #annotator;
  #history = new History(() => this.#view.drawCurve(this.#history.rows));
  /** @type {number | null} when the key was pressed whose next image is being painted */
  #pressedAt = null;
  /** @type {Outbox} */ #outbox;
  /** @type {Labelling} */ #labelling;
  /** @type {Stage} */ #stage;
  /** @type {Sender} */ #sender;
  /** @type {LabelView} */ #view;
  /** @type {Leases} */ #leases;
  /** @type {Controls} */ #controls;
  /** @type {Lens} */ #lens;

  /**
   * @param {string} annotator
   * @param {string} client a UUID per tab
   * @param {import("../io/store.js").RowStore} store
   */
  constructor(annotator, client, store) {
    this.#annotator = annotator;
    const images = new ImageCache();
    const draw = () => this.#view.draw();
    this.#outbox = new Outbox(store, {
      changed: draw,
      settled: (row, seq, left) => this.#settled(row, seq, left),
      refused: (row) => this.#refused(row),
    });
    this.#labelling = new Labelling({ annotator, client }, this.#outbox, images, draw);
    this.#stage = new Stage(byId("stage"), images, () => this.#painted());
    this.#lens = new Lens(this.#stage, () => ({ visible: this.#labelling.image, tasks: this.#labelling.desk.deck.tasks }));
    this.#sender = new Sender(this.#outbox, send, (trouble) => {
      this.#view.trouble = trouble;
      draw();
    });
    const classes = new ClassPanel({
      choose: (name) => this.#controls.choose(name, performance.now()),
      add: (name) => this.#controls.add(name),
      rename: (from, to) => this.#controls.rename(from, to),
    });
    this.#view = new LabelView(this.#labelling, this.#outbox, this.#stage, classes, {
      action: (action) => this.#controls.act(action),
      look: (imageId) => this.#labelling.lookAt(imageId),
      accept: () => this.#controls.accept(performance.now()),
      takeOffer: (time) => this.#controls.run("alike", time),
    });
    this.#leases = new Leases({ annotator, client }, {
      holding: () => this.#labelling.holding,
      pending: () => this.#labelling.waitingAnswers,
      take: (answer, askedAt) => this.#labelling.takeLeases(answer, askedAt),
      link: (online) => this.link(online),
    });
    this.#controls = new Controls({
      labelling: this.#labelling,
      view: this.#view,
      stage: this.#stage,
      classes,
      outbox: this.#outbox,
      sender: this.#sender,
      supply: () => this.#leases.ask(),
      timed: (start) => (this.#pressedAt = start),
      lens: this.#lens,
      older: () => this.#older(),
    });
  }

  /** Takes up what an earlier visit left, and begins. */
  async open() {
    await this.#outbox.load();
    this.#sender.wake();
    this.#leases.ask();
    void this.#older();
    void this.#history.load();
    setInterval(() => this.#view.draw(), REDRAW_MS);
  }

  /** Whether the labeler answers. @param {boolean} online */
  link(online) {
    if (online === this.#labelling.online) return;
    this.#labelling.setOnline(online);
    if (!online) return;
    this.#sender.wake();
    this.#leases.ask();
    void this.#history.load();
  }

  /** @param {State} state */
  state(state) {
    this.link(true);
    const before = this.#labelling.state?.session;
    this.#labelling.takeState(state);
    this.#lens.take(state);
    this.#view.drawSoon();
    if (before !== undefined && before !== state.session) this.#leases.ask();
    this.#view.drawCurve(this.#history.rows);
    void this.#history.take(state);
  }

  /** @param {HistoryRow} row */
  metrics(row) {
    this.#history.add(row);
  }

  /** There is a new order. */
  queue() {
    this.#leases.ask();
  }

  /** @param {Row} row @param {number | null} seq @param {string[]} left */
  #settled(row, seq, left) {
    this.#labelling.settled(row, seq, left);
    const [entry] = entriesOf(row);
    announce(row.op === "undo" ? "undone" : `${entry?.label ?? entry?.kind} saved`);
    if (left.length) say(`${counted(left.length, "look-alike")} left alone: answered or shown to somebody else meanwhile.`);
    this.#leases.ask();
  }

  /** @param {Row} row */
  #refused(row) {
    this.#labelling.refused(row);
    announce(`Not saved: ${row.refused}`, true);
  }

  #painted() {
    const { image, visibleSince } = this.#stage;
    if (this.#pressedAt !== null && visibleSince < Infinity) {
      performance.measure(MEASURE, { start: this.#pressedAt, end: visibleSince, detail: { image_id: image?.image_id } });
      this.#pressedAt = null;
    }
    this.#lens.painted();
    this.#view.draw();
  }

  /** Loads answers older than those known. */
  async #older() {
    const { history } = this.#labelling.desk;
    const oldest = history.find((entry) => entry.seq !== undefined)?.seq;
    const answer = await getHistory(this.#annotator, ANSWERS_AT_ONCE, oldest).catch(() => null);
    if (answer) this.#labelling.restore(answer.annotations);
  }
}
