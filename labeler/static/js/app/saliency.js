/** The lens of the labelling page: lays what the model looks at over the image, after the image has been painted. */

import { mayShowModel } from "../core/deck.js";
import { origin, subject } from "../core/saliency.js";
import { NotYet } from "../io/map.js";
import { getMethods, getSaliency } from "../io/saliency.js";
import { afterPaint, announce, byId, el, setText } from "../ui/dom.js";
import { saliencyCanvas } from "../ui/saliency_canvas.js";

/**
 * @typedef {import("../io/saliency.js").SaliencyMap} SaliencyMap
 * @typedef {import("../core/types.js").Task | import("../core/types.js").Entry} Shown
 */

/** The first that the present model allows. */
const METHODS = ["gradcam", "occlusion"];
const KEPT = 8;
const AGAIN_MS = 400;
const AWAY_AGAIN_MS = 3_000;
const OPACITY = 0.6;
/** From the key press to the overlay on the screen, for anyone who measures. */
const MEASURE = "labelstream:key-to-overlay";
const PREDICTED = "";

export class Lens {
  on = false;

  #stage;
  #deck;
  /** @type {Map<string, SaliencyMap>} */
  #kept = new Map();
  /** @type {Shown | null} the image whose map is wanted */
  #image = null;
  /** @type {number | null} when the key was pressed whose overlay is awaited */
  #pressedAt = null;
  #opacity = OPACITY;
  #label = PREDICTED;
  #method = METHODS[0];
  #backbone = "";

  /**
   * @param {import("../ui/stage.js").Stage} stage
   * @param {() => {visible: Shown | null, tasks: Shown[]}} deck what is on the stage, and what comes next
   */
  constructor(stage, deck) {
    this.#stage = stage;
    this.#deck = deck;
    const slider = byId("lens-opacity");
    slider.value = String(Math.round(OPACITY * 100));
    slider.addEventListener("input", () => this.#fade(Number(slider.value) / 100));
    byId("lens-class").addEventListener("change", (/** @type {any} */ event) => this.#choose(event.target.value));
  }

  /** Switches it on or off. @param {number} time of the key press */
  toggle(time) {
    this.on = !this.on;
    this.#pressedAt = this.on ? time : null;
    byId("lens").hidden = !this.on;
    byId("lens-button").setAttribute("aria-pressed", String(this.on));
    announce(this.on ? "Showing what the model looks at." : "Saliency off.");
    this.#image = null;
    this.#stage.cover(null);
    this.painted();
  }

  /** @param {import("../core/types.js").State} state */
  take({ classes, trainer }) {
    this.#takeClasses(classes);
    if (!trainer.connected || trainer.backbone === this.#backbone) return;
    this.#backbone = trainer.backbone;
    void this.#learn();
  }

  /** Finds the method that the present model allows. */
  async #learn() {
    const answer = await getMethods().catch(() => null);
    const allowed = new Set(answer?.methods.filter((method) => method.allowed).map((method) => method.name));
    this.#method = METHODS.find((name) => allowed.has(name)) ?? this.#method;
  }

  /** The classes that can be chosen. @param {{name: string}[]} classes */
  #takeClasses(classes) {
    const select = byId("lens-class");
    const names = [PREDICTED, ...classes.map((c) => c.name)];
    if (select.options.length === names.length && names.every((name, i) => select.options[i].value === name)) return;
    select.replaceChildren(...names.map((name) => el("option", { value: name }, name || "the predicted class")));
    if (!names.includes(this.#label)) this.#label = PREDICTED;
    select.value = this.#label;
  }

  /** An image has been painted: only now is its map asked for. */
  painted() {
    const { visible } = this.#deck();
    if (!this.on || visible?.image_id === this.#image?.image_id) return;
    this.#image = visible;
    this.#say("");
    if (!visible || this.#stage.image?.image_id !== visible.image_id) return void (this.#image = null);
    if (!mayShowModel(visible)) return this.#say("Nothing is shown on test images, so that it does not sway the answer that measures the model.");
    void this.#show(visible, true);
  }

  /** @param {string} label */
  #choose(label) {
    this.#label = label;
    this.#image = null;
    this.#stage.cover(null);
    this.painted();
  }

  /** @param {number} opacity */
  #fade(opacity) {
    this.#opacity = opacity;
    const canvas = byId("stage").querySelector(".saliency");
    if (canvas) canvas.style.opacity = String(opacity);
  }

  /**
   * Whether this image's map is still wanted.
   * @param {Shown} image @param {string} label
   */
  #wanted = (image, label) => this.on && this.#image === image && this.#label === label;

  /** @param {Shown} image @param {boolean} first whether nothing has been said of it yet */
  async #show(image, first) {
    const [label, method] = [this.#label, this.#method];
    const patience = setTimeout(() => first && this.#wanted(image, label) && this.#say("asking the trainer…"), AGAIN_MS / 2);
    try {
      const map = await this.#fetch(image, label);
      if (!this.#wanted(image, label)) return;
      this.#lay(map);
      void this.#ahead();
    } catch (error) {
      if (this.#wanted(image, label)) await this.#failed(image, label, method, /** @type {import("../io/api.js").ApiError} */ (error));
    } finally {
      clearTimeout(patience);
    }
  }

  /** @param {Shown} image @param {string} label @param {string} method that was asked for @param {import("../io/api.js").ApiError} error */
  async #failed(image, label, method, error) {
    if (!(error instanceof NotYet)) {
      await this.#learn();
      return this.#method === method ? this.#say(error.message) : void this.#show(image, false);
    }
    const away = error.code === "trainer_away";
    this.#say(away ? "the trainer is away" : `busy${error.progress ? ` · ${Math.round(error.progress * 100)} %` : "…"}`);
    setTimeout(() => this.#wanted(image, label) && void this.#show(image, false), away ? AWAY_AGAIN_MS : AGAIN_MS);
  }

  /** The next image's map, so that it is there with the image. */
  async #ahead() {
    const next = this.#deck().tasks.find((task) => task.image_id !== this.#image?.image_id && mayShowModel(task));
    if (next) await this.#fetch(next, this.#label).catch(() => null);
  }

  /** @param {Shown} image @param {string} label */
  #find = (image, label) => this.#kept.get(`${image.image_id} ${label}`);

  /** @param {Shown} image @param {string} label */
  async #fetch(image, label) {
    const known = this.#find(image, label);
    if (known) return known;
    const map = await getSaliency(image.image_id, { method: this.#method, label });
    this.#kept.set(`${image.image_id} ${label}`, map);
    for (const key of [...this.#kept.keys()].slice(0, -KEPT)) this.#kept.delete(key);
    return map;
  }

  /** @param {SaliencyMap} map */
  #lay({ grey, facts }) {
    const canvas = saliencyCanvas(grey, `What speaks for ${facts.class}, by ${facts.title}`);
    canvas.style.opacity = String(this.#opacity);
    this.#stage.cover(canvas);
    this.#say(`${subject(facts)} · ${origin(facts)}`);
    if (this.#pressedAt === null) return;
    const start = this.#pressedAt;
    this.#pressedAt = null;
    afterPaint(() => performance.measure(MEASURE, { start, end: performance.now() }));
  }

  /** @param {string} text */
  #say(text) {
    setText(byId("lens-note"), text);
    const link = byId("lens-more");
    link.hidden = !this.#image || !mayShowModel(this.#image);
    if (this.#image) link.href = `/explain?image=${encodeURIComponent(this.#image.image_id)}`;
  }
}
