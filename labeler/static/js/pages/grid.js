/** The Grid page: images that the model gives one class, surest first; a page is accepted at once, exceptions clicked. */

import { startFrame } from "../app/frame.js";
import { Supply } from "../app/grid_supply.js";
import { Many } from "../app/many.js";
import { count, counted, percent } from "../core/format.js";
import { alikeOf, corrected, fitting, pageOf, toggled, wishOf } from "../core/grid.js";
import { classKey, commandOf } from "../core/keys.js";
import { isDialogOpen } from "../ui/dialogs.js";
import { byId, el, isTyping, keyed, setText } from "../ui/dom.js";
import { renderTiles, thumbnail } from "../ui/grid_tiles.js";
import { toggleTheme } from "../ui/theme.js";

/**
 * @typedef {import("../core/types.js").State} State
 * @typedef {import("../io/map.js").GridImage} GridImage
 */

const SELECTION = "labelstream.selection";
const SIDE = "labelstream.tile";
const SIDES = [96, 128, 168, 216];
const GAP_PX = 8;
const TOP_PX = 6;
const MOST = 500;
const POOR = 0.8;

class GridPage {
  #many = new Many();
  /** @type {State | null} */ #state = null;
  #label = "";
  #page = pageOf([]);
  /** @type {{id: string, page: import("../core/grid.js").Page, label: string}[]} */ #accepted = [];
  #supply = new Supply(this.#many.client, () => this.#refill());
  #fromMap = new URLSearchParams(location.search).get("from") === "map";
  #side = Number(localStorage.getItem(SIDE)) || 128;

  start() {
    new ResizeObserver(() => this.#draw()).observe(byId("tiles-box"));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-command]"))) {
      button.addEventListener("click", () => this.#commands[button.dataset.command ?? ""]?.());
    }
    void startFrame((state) => this.#take(state));
  }

  /** @param {State} state */
  #take(state) {
    const isFirst = !this.#state && state.classes.length > 0;
    this.#state = state.classes.length ? state : this.#state;
    if (isFirst) void (this.#fromMap ? this.#fromSelection() : this.#begin());
    if (!state.classes.length) this.#supply.message = "There are no classes yet; make some on the Label page first.";
    this.#draw();
  }

  async #begin() {
    const wanted = new URLSearchParams(location.search).get("class");
    const first = this.#classes.find((c) => c.name === wanted) ?? this.#classes[0];
    this.#label = first.name;
    await this.#supply.begin(this.#label, this.#size);
    const { counts } = this.#supply;
    if (wanted || this.#label !== first.name) return;
    const most = this.#classes.reduce((best, c) => ((counts[c.name] ?? 0) > (counts[best.name] ?? 0) ? c : best), first);
    if (most !== first) this.#choose(most.name);
  }

  /** Images chosen on the map: they get the label that is pressed on the left. */
  async #fromSelection() {
    const { numbers, label } = JSON.parse(sessionStorage.getItem(SELECTION) ?? '{"numbers": [], "label": ""}');
    this.#label = this.#classes.find((c) => c.name === label)?.name ?? this.#classes[0].name;
    await this.#supply.fromSelection(numbers);
  }

  get #classes() {
    return this.#state?.classes ?? [];
  }

  /** @param {string} label */
  #choose(label) {
    if (label === this.#label) return;
    this.#label = label;
    if (this.#fromMap) return this.#draw();
    this.#page = pageOf([]);
    void this.#supply.begin(label, this.#size);
    this.#draw();
  }

  #refill() {
    if (!this.#page.images.length && this.#supply.waiting) this.#turn();
    else this.#draw();
  }

  /** Puts the next images on the page. */
  #turn() {
    const { images, ahead } = this.#supply.take(this.#size);
    this.#page = pageOf(images);
    this.#draw();
    for (const { url } of ahead) new Image().src = thumbnail(url, this.#side);
  }

  get #fit() {
    const { clientWidth: width, clientHeight: height } = byId("tiles-box");
    return fitting({ width, height: height - TOP_PX }, this.#side, GAP_PX);
  }

  get #size() {
    return Math.min(MOST, this.#fit.columns * this.#fit.rows);
  }

  #draw() {
    const { images, out, corrections } = this.#page;
    if (images.length > this.#size) this.#giveBack(images.slice(this.#size));
    const colours = new Map(this.#classes.map((c) => [c.name, c.color]));
    const toggle = (/** @type {string} */ id, /** @type {boolean} */ group) => this.#toggle(group ? alikeOf(this.#page, id) : [id]);
    renderTiles(this.#page, { columns: this.#fit.columns, side: this.#fit.side, wished: this.#side, colours }, toggle);
    this.#drawClasses();
    const taken = images.length - out.size;
    byId("nothing").hidden = images.length > 0;
    setText(byId("nothing-text"), this.#supply.message);
    byId("accept").disabled = taken === 0;
    byId("accept-swatch").className = `swatch c${(colours.get(this.#label) ?? 0) % 10}`;
    setText(byId("accept-text"), `${count(taken - corrections.size)} are ${this.#label}${corrections.size ? `, ${corrections.size} corrected` : ""}`);
    setText(byId("grid-title"), this.#label);
    setText(byId("grid-note"), this.#note());
    byId("grid-warning").hidden = !this.#isPoor;
  }

  #note() {
    const { images } = this.#page;
    if (this.#fromMap) return `${counted(images.length + this.#supply.waiting, "image")} from the map; choose their class on the left`;
    if (!images.length) return "";
    const sure = images.map((image) => image.confidence);
    const range = `${percent(Math.max(...sure))} to ${percent(Math.min(...sure))} sure`;
    return `${counted(this.#supply.counts[this.#label] ?? 0, "open image")} taken for it · these are ${range}`;
  }

  get #isPoor() {
    const accuracy = this.#state?.metrics.accuracy;
    return !this.#fromMap && accuracy !== undefined && accuracy.value < POOR;
  }

  #drawClasses() {
    keyed(byId("grid-classes"), this.#classes.map((info, index) => ({ ...info, index })), (c) => `${c.id}:${c.name}`, (c) =>
      el("li", {}, el("button", { type: "button", class: "class", title: c.name, onclick: () => this.#choose(c.name) },
        el("span", { class: "key" }, classKey(c.index)), el("span", { class: `swatch c${c.color % 10}` }), el("span", { class: "name" }, c.name), el("span", { class: "count" }))),
    (item, c) => {
      const button = /** @type {HTMLElement} */ (item.firstElementChild);
      button.setAttribute("aria-pressed", String(c.name === this.#label));
      setText(/** @type {Element} */ (button.lastElementChild), this.#fromMap ? "" : count(this.#supply.counts[c.name] ?? 0));
    });
  }

  /** The page has become smaller: what does not fit comes next. @param {GridImage[]} images */
  #giveBack(images) {
    this.#supply.giveBack(images);
    this.#page = { ...this.#page, images: this.#page.images.slice(0, this.#size) };
  }

  /** @param {string[]} ids */
  #toggle(ids) {
    this.#page = toggled(this.#page, ids);
    this.#draw();
  }

  /** The tile under the pointer, else the one in focus. */
  get #current() {
    const hovered = document.querySelector("#tiles button:hover") ?? document.activeElement?.closest("#tiles button");
    return hovered instanceof HTMLElement ? hovered.dataset.id ?? null : null;
  }

  async #accept() {
    const page = this.#page;
    const label = this.#label;
    const wish = wishOf(page, label, this.#fromMap ? {} : { suggestion: label, model_version: this.#supply.version });
    if (!wish.image_ids.length) return;
    const done = await this.#many.act(wish);
    if (!done) return;
    this.#accepted.push({ id: done.id, page, label });
    this.#supply.answered(label, done.images.length);
    this.#say(done.text);
    this.#turn();
  }

  async #undo() {
    const undone = await this.#many.undo();
    const before = this.#accepted.at(-1);
    if (!undone) return;
    this.#say(`Undone: ${undone.text}`);
    if (before?.id !== undone.id) return;
    this.#accepted.pop();
    this.#supply.giveBack(this.#page.images);
    [this.#page, this.#label] = [before.page, before.label];
    this.#supply.answered(before.label, -undone.images.length);
    this.#draw();
  }

  /** @param {string} text */
  #say(text) {
    setText(byId("done"), `${text}.`);
    byId("undo").hidden = this.#many.done.length === 0;
  }

  /** @param {number} by */
  #resize(by) {
    const at = SIDES.findIndex((side) => side >= this.#side);
    this.#side = SIDES[Math.min(SIDES.length - 1, Math.max(0, at + by))];
    localStorage.setItem(SIDE, String(this.#side));
    this.#supply.giveBack(this.#page.images);
    this.#turn();
  }

  /** @param {number} by */
  #step(by) {
    const at = this.#classes.findIndex((c) => c.name === this.#label);
    const to = this.#classes[(at + by + this.#classes.length) % this.#classes.length];
    if (to) this.#choose(to.name);
  }

  /** @param {number} by */
  #focus(by) {
    const tiles = [...byId("tiles").querySelectorAll("button")];
    const at = tiles.indexOf(document.activeElement);
    tiles[at < 0 ? 0 : Math.min(tiles.length - 1, Math.max(0, at + by))]?.focus();
  }

  /** @type {Record<string, () => void>} */
  #commands = {
    accept: () => void this.#accept(),
    undo: () => void this.#undo(),
    out: () => this.#current && this.#toggle([this.#current]),
    next: () => this.#turn(),
    larger: () => this.#resize(1),
    smaller: () => this.#resize(-1),
    before: () => this.#step(-1),
    after: () => this.#step(1),
    theme: () => toggleTheme(),
    left: () => this.#focus(-1),
    right: () => this.#focus(1),
    up: () => this.#focus(-this.#fit.columns),
    down: () => this.#focus(this.#fit.columns),
  };

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.defaultPrevented || event.isComposing || isTyping(event.target) || isDialogOpen()) return;
    const command = commandOf(event, this.#classes.length);
    if (command && "index" in command) this.#correct(this.#classes[command.index].name);
    else if (command?.name === "undo") void this.#undo();
    else {
      const name = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!name || (event.repeat && !name.match(/left|right|up|down/))) return;
      this.#commands[name]();
    }
    event.preventDefault();
  }

  /** @param {string} label */
  #correct(label) {
    if (this.#current) this.#page = corrected(this.#page, this.#current, label, this.#label);
    this.#draw();
  }
}

/** @type {Record<string, string>} */
const KEYS = {
  Enter: "accept", x: "out", n: "next", "+": "larger", "=": "larger", "-": "smaller", "−": "smaller", "[": "before", "]": "after",
  t: "theme", ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down",
};

new GridPage().start();
