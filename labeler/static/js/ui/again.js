/** Looking at doubted labels again: one image at a time, a digit gives a new label, Space keeps the old one. */

import { answered, passed, undone } from "../core/review.js";
import { classKey, commandOf } from "../core/keys.js";
import { count, counted, fileName, percent, sentence } from "../core/format.js";
import { answerAgain, getDoubted, takeBack } from "../io/analysis.js";
import { shownUrl } from "../io/images.js";
import { readName, uuid } from "../io/person.js";
import { switchOf } from "./chooser.js";
import { isDialogOpen } from "./dialogs.js";
import { announce, el, isTyping, kbd } from "./dom.js";
import { attempt } from "./toast.js";

/**
 * @typedef {import("../io/analysis.js").Doubted} Doubted
 * @typedef {import("../core/types.js").ClassInfo} ClassInfo
 * @typedef {"training" | "holdout"} Part
 */

const PARTS = [{ id: "training", text: "training labels" }, { id: "holdout", text: "test labels, blind" }];
const AGAIN_MS = 1_000;

/** @type {Record<Part, string>} */
const ABOUT = {
  training: "Training labels that the model, fitted without them, takes for errors. The likeliest error comes first.",
  holdout: "Test images, half of them doubted by the model and half not. You are not told which, nor what the label was, so that the measurement is not bent towards the model.",
};

export class Again {
  /** @type {Part} */ #part = "training";
  /** @type {import("../core/review.js").Round<Doubted>} */ #round = { waiting: [], done: [] };
  #examined = 0;
  #since = 0;
  #busy = false;
  /** @type {HTMLElement | null} */ #view = null;
  /** @type {ClassInfo[]} */ #classes = [];
  #turn;

  /** @param {() => number} turn number of the newest version */
  constructor(turn) {
    this.#turn = turn;
    document.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @param {HTMLElement} view @param {ClassInfo[]} classes */
  show(view, classes) {
    [this.#view, this.#classes] = [view, classes];
    if (this.#round.waiting.length || this.#round.done.length) this.#draw();
    else void this.#fetch();
  }

  hide() {
    this.#view = null;
  }

  async #fetch() {
    const part = this.#part;
    this.#say(part === "training" ? "The trainer is asked which labels it doubts…" : "…");
    try {
      const { tasks, examined } = await getDoubted(part, this.#turn());
      if (part !== this.#part) return;
      [this.#round, this.#examined] = [{ waiting: tasks, done: [] }, examined];
      this.#draw();
    } catch (error) {
      if (part !== this.#part) return;
      this.#say(sentence(error.message));
      if (error.status === 503 && this.#view) setTimeout(() => this.#view && part === this.#part && void this.#fetch(), AGAIN_MS);
    }
  }

  /** @param {Part} part */
  #choose(part) {
    [this.#part, this.#round] = [part, { waiting: [], done: [] }];
    void this.#fetch();
  }

  #draw() {
    const [task, next] = this.#round.waiting;
    if (!task) return this.#say(this.#round.done.length ? "All of them have been looked at." : `No label is doubted: ${counted(this.#examined, "label")} examined.`);
    this.#since = performance.now();
    if (next) new Image().src = shownUrl(next.url);
    this.#view?.replaceChildren(...this.#head(), el("div", { class: "again" }, this.#centre(task), this.#answers(task)));
  }

  /** @param {string} text */
  #say(text) {
    this.#view?.replaceChildren(...this.#head(), el("p", { class: "none", id: "again-note" }, text));
  }

  #head() {
    const { waiting, done } = this.#round;
    const left = waiting.length ? `${count(waiting.length)} left${done.length ? `, ${count(done.length)} done` : ""}` : "";
    const parts = switchOf(PARTS, this.#part, "Which labels", (id) => this.#choose(id === "holdout" ? "holdout" : "training"));
    return [el("div", { class: "tools-row" }, parts, el("span", { class: "grow" }), el("span", { id: "again-left" }, left)), el("p", { class: "muted" }, ABOUT[this.#part])];
  }

  /** @param {Doubted} task */
  #centre(task) {
    const { label, suggestion, confidence, label_confidence: doubt } = task;
    const said = task.blind
      ? [el("span", { class: "muted" }, "What is it?")]
      : [el("span", {}, `label ${label}`, el("span", { class: "muted" }, ` ${percent(doubt ?? 0)}`)), el("span", {}, `model ${suggestion}`, el("span", { class: "muted" }, ` ${percent(confidence ?? 0)}`))];
    return el("div", { class: "centre" },
      el("div", { class: "said", id: "again-said" }, ...said),
      el("div", { class: "show", dataset: { imageId: task.image_id } }, el("img", { src: shownUrl(task.url), alt: fileName(task.filename) })),
      el("div", { class: "tools-row" },
        task.blind ? null : el("button", { type: "button", class: "button small", onclick: () => void this.#keep() }, "Keep ", kbd("Space")),
        el("button", { type: "button", class: "button small", onclick: () => void this.#undo(), disabled: !this.#round.done.length }, "Undo ", kbd("⌫")),
        el("button", { type: "button", class: "button small", onclick: () => this.#pass() }, "Later ", kbd("→")),
        el("a", { class: "button small", href: `/explain?${new URLSearchParams({ image: task.image_id })}`, hidden: task.blind }, "Explain"),
        el("span", { class: "muted" }, fileName(task.filename))));
  }

  /** @param {Doubted} task */
  #answers(task) {
    const buttons = this.#classes.map(({ name, color }, index) =>
      el("li", {}, el("button", { type: "button", class: `class${name === task.label ? " given" : ""}${name === task.suggestion ? " suggested" : ""}`, onclick: () => void this.#answer(name) },
        classKey(index) ? kbd(classKey(index)) : null, el("span", { class: `swatch c${color % 10}` }), el("span", { class: "name" }, name))));
    return el("aside", {}, el("h2", {}, task.blind ? "Its class" : "Another class"), el("ul", { id: "again-classes" }, ...buttons));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!this.#view || event.defaultPrevented || isTyping(event.target) || isDialogOpen()) return;
    if (event.target instanceof Element && event.target.matches("button:focus-visible, a:focus-visible") && " Enter".includes(event.key)) return;
    const { key, code, shiftKey, ctrlKey, metaKey, altKey, repeat } = event;
    const command = commandOf({ key, code, shiftKey, ctrlKey, metaKey, altKey, repeat, altGraph: event.getModifierState("AltGraph") }, this.#classes.length);
    const act = command && ("index" in command ? () => this.#answer(this.#classes[command.index].name) : this.#acts[command.name]);
    if (!act) return;
    event.preventDefault();
    void act();
  }

  /** @type {Record<string, () => unknown>} */
  #acts = { accept: () => this.#keep(), undo: () => this.#undo(), forward: () => this.#pass() };

  async #keep() {
    const [task] = this.#round.waiting;
    if (task?.label) await this.#answer(task.label);
  }

  /** @param {string} label */
  async #answer(label) {
    const [task] = this.#round.waiting;
    if (!task || this.#busy) return;
    const id = uuid();
    const duration = Math.round(performance.now() - this.#since);
    const body = { annotation_id: id, image_id: task.image_id, label, annotator: readName() ?? "", duration_ms: duration };
    await this.#send(() => answerAgain({ ...body, lane: "review" }), () => answered(this.#round, id), `${label} saved`);
  }

  async #undo() {
    const last = this.#round.done.at(-1);
    if (last && !this.#busy) await this.#send(() => takeBack(last.id), () => undone(this.#round), "undone");
  }

  #pass() {
    if (this.#busy || this.#round.waiting.length < 2) return;
    this.#round = passed(this.#round);
    this.#draw();
  }

  /** @param {() => Promise<unknown>} work @param {() => import("../core/review.js").Round<Doubted>} then @param {string} words */
  async #send(work, then, words) {
    this.#busy = true;
    if (await attempt(work)) {
      this.#round = then();
      announce(words);
      this.#draw();
    }
    this.#busy = false;
  }
}
