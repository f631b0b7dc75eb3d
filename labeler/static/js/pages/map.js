/** The Map page: all images at once, placed by what they look like to the model. */

import { startFrame } from "../app/frame.js";
import { Many } from "../app/many.js";
import { MapData } from "../app/map_data.js";
import { commandOf } from "../core/keys.js";
import { colouring, slotsOf, summed } from "../core/map_colours.js";
import { nameImages } from "../io/map.js";
import { confirm, isDialogOpen } from "../ui/dialogs.js";
import { afterPaint, announce, byId, isTyping, setText } from "../ui/dom.js";
import { MapCanvas } from "../ui/map_canvas.js";
import { HoverCard } from "../ui/map_hover.js";
import { MOST_AT_ONCE, choiceOf, renderLegend, renderSelection } from "../ui/map_side.js";
import { toggleTheme } from "../ui/theme.js";

/**
 * @typedef {import("../core/map_points.js").Points} Points
 * @typedef {import("../core/types.js").State} State
 * @typedef {import("../app/map_data.js").Name} Name
 */

const ASK_FROM = 300;
/** From opening the page to the first points on the screen. */
const FIRST_VIEW = "labelstream:map-first-view";
const SELECTION = "labelstream.selection";

/** @type {Record<Name, {x: string, y: string, title: string}>} */
const LAYOUTS = {
  pca: { title: "PCA", x: "first principal component", y: "second principal component" },
  tsne: { title: "t-SNE", x: "t-SNE: near means alike, distances far apart mean little", y: "" },
};
const MODES = [
  { id: "label", text: "Label" },
  { id: "prediction", text: "Prediction" },
  { id: "confidence", text: "Confidence" },
  { id: "lane", text: "Lane" },
];

class MapPage {
  #canvas = new MapCanvas(byId("map"), {
    select: (positions, add) => this.#select(positions, add),
    hover: (position, at) => void (this.#points && this.#hover.show(this.#points, position, at, (id) => this.#className(id))),
    lasso: (on) => this.#setLasso(on),
  });
  #hover = new HoverCard();
  #many = new Many();
  #layout = choiceOf(byId("layouts"), Object.entries(LAYOUTS).map(([id, { title }]) => ({ id, text: title })), (id) => this.#choose(/** @type {Name} */ (id)));
  #colour = choiceOf(byId("modes"), MODES, (id) => this.#recolour(/** @type {any} */ (id)));
  /** @type {State | null} */ #state = null;
  #data = new MapData(() => this.#refresh());
  /** @type {import("../core/map_colours.js").Mode} */ #mode = "label";
  /** @type {Set<number>} */ #only = new Set();
  /** @type {Set<number>} */ #selected = new Set();

  start() {
    this.#layout.press(this.#data.chosen);
    this.#colour.press(this.#mode);
    document.addEventListener("keydown", (event) => this.#onKey(event));
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-command]"))) {
      button.addEventListener("click", () => this.#commands[button.dataset.command ?? ""]?.());
    }
    void startFrame((state) => this.#take(state));
  }

  /** The points that are shown. */
  get #points() {
    return this.#data.shown?.points ?? null;
  }

  /** @param {number} id */
  #className = (id) => this.#state?.classes.find((c) => c.id === id)?.name ?? "?";

  /** @param {State} state */
  #take(state) {
    const before = this.#state;
    this.#state = state;
    const classes = JSON.stringify(state.classes.map((c) => [c.id, c.name]));
    if (!before || classes !== JSON.stringify(before.classes.map((c) => [c.id, c.name]))) this.#draw();
    this.#data.take(state);
  }

  /** Another answer of the trainer may have other images. */
  #refresh() {
    const points = this.#points;
    if (points) this.#selected = new Set([...this.#selected].filter((number) => points.at[number] >= 0));
    this.#draw();
    this.#describe();
    if (points && !performance.getEntriesByName(FIRST_VIEW).length) afterPaint(() => performance.measure(FIRST_VIEW, { start: 0 }));
  }

  /** @param {Name} name */
  #choose(name) {
    this.#data.chosen = name;
    this.#layout.press(name);
    if (this.#data.name !== name) announce(`The ${LAYOUTS[name].title} map is shown when it is drawn.`);
    this.#draw();
    this.#describe();
  }

  /** @param {import("../core/map_colours.js").Mode} mode */
  #recolour(mode) {
    this.#mode = mode;
    this.#only = new Set();
    this.#colour.press(mode);
    this.#draw();
  }

  #draw() {
    const points = this.#points;
    if (!points) return;
    const classes = this.#state?.classes ?? [];
    const colours = colouring(this.#mode, points, classes);
    const selected = this.#positions(points);
    this.#canvas.show(points, slotsOf(colours, this.#only), selected);
    renderLegend(colours.legend, this.#only, (group) => this.#toggle(group));
    renderSelection(selected.length ? summed(points, selected, classes) : null, classes, (name) => void this.#label(name));
  }

  /** @param {Points} points */
  #positions = (points) => [...this.#selected].map((number) => points.at[number]).filter((i) => i >= 0);

  #describe() {
    const { shown: loaded, waiting, name, chosen } = this.#data;
    const layout = LAYOUTS[name];
    setText(byId("axis-x"), layout.x);
    setText(byId("axis-y"), layout.y);
    setText(byId("layout-note"), waiting[chosen] ?? (waiting.tsne ? `t-SNE: ${waiting.tsne}` : ""));
    byId("empty").hidden = loaded !== null;
    setText(byId("empty-text"), waiting.pca ?? "Asking the trainer where the images lie…");
    byId("map").dataset.points = String(loaded?.head.count ?? "");
    byId("map").dataset.layout = loaded ? name : "";
    byId("map").setAttribute("aria-label", loaded ? `Map of ${loaded.head.count} images, ${layout.title}` : "Map, not there yet");
  }

  /** @param {number} group */
  #toggle(group) {
    if (!this.#only.delete(group)) this.#only.add(group);
    this.#draw();
  }

  /** @param {number[]} positions @param {boolean} add */
  #select(positions, add) {
    const points = this.#points;
    if (!points) return;
    const groups = colouring(this.#mode, points, this.#state?.classes ?? []).groups;
    const seen = positions.filter((i) => !this.#only.size || this.#only.has(groups[i]));
    this.#selected = new Set([...(add ? this.#selected : []), ...seen.map((i) => points.numbers[i])]);
    announce(this.#selected.size ? `${this.#selected.size} images selected` : "Nothing selected");
    this.#draw();
  }

  /** @param {boolean} on */
  #setLasso(on) {
    this.#canvas.lassoing = on;
    byId("lasso").setAttribute("aria-pressed", String(on));
    byId("map").classList.toggle("lassoing", on);
  }

  /** The images of the selection that may be answered together, with their ids. */
  async #takeable() {
    const points = this.#points;
    if (!points) return [];
    const { takeable } = summed(points, this.#positions(points), this.#state?.classes ?? []);
    return nameImages(takeable.slice(0, MOST_AT_ONCE).map((i) => points.numbers[i])).catch(() => []);
  }

  /** @param {string} label */
  #label = (label) => this.#act({ kind: "label", label }, `Label them ${label}`);

  /** @param {{kind: "label" | "flag", label?: string}} wish @param {string} text */
  async #act(wish, text) {
    const images = await this.#takeable();
    if (!images.length) return;
    const question = { title: `${text}?`, text: `${images.length} images get this answer at once. It can be undone as a whole.`, yes: text };
    if (images.length >= ASK_FROM && !(await confirm(question))) return;
    const done = await this.#many.act({ ...wish, image_ids: images.map((image) => image.image_id) });
    if (!done) return;
    this.#say(done.text);
    this.#clear();
  }

  async #undo() {
    const undone = await this.#many.undo();
    if (undone) this.#say(`Undone: ${undone.text}`);
  }

  /** @param {string} text */
  #say(text) {
    setText(byId("done"), `${text}.`);
    byId("undo").hidden = this.#many.done.length === 0;
  }

  async #toGrid() {
    const images = await this.#takeable();
    const points = this.#points;
    if (!images.length || !points) return;
    const { byClass } = summed(points, this.#positions(points), this.#state?.classes ?? []);
    const numbers = images.map((image) => image.number);
    sessionStorage.setItem(SELECTION, JSON.stringify({ numbers, label: byClass[0]?.name ?? "" }));
    location.assign("/grid?from=map");
  }

  #clear() {
    this.#selected = new Set();
    this.#setLasso(false);
    this.#draw();
  }

  /** @type {Record<string, () => void>} */
  #commands = {
    lasso: () => this.#setLasso(!this.#canvas.lassoing),
    inSight: () => this.#select(this.#canvas.inSight(), false),
    fit: () => this.#canvas.fit(),
    zoomIn: () => this.#canvas.step(1),
    zoomOut: () => this.#canvas.step(-1),
    flag: () => void this.#act({ kind: "flag" }, "Flag them"),
    grid: () => void this.#toGrid(),
    clear: () => this.#clear(),
    undo: () => void this.#undo(),
    theme: () => toggleTheme(),
    left: () => this.#canvas.pan(-1, 0),
    right: () => this.#canvas.pan(1, 0),
    up: () => this.#canvas.pan(0, -1),
    down: () => this.#canvas.pan(0, 1),
  };

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.defaultPrevented || event.isComposing || isTyping(event.target) || isDialogOpen()) return;
    const classes = this.#state?.classes ?? [];
    const command = commandOf(event, this.#selected.size ? classes.length : 0);
    if (command && "index" in command) void this.#label(classes[command.index].name);
    else if (command?.name === "undo") void this.#undo();
    else {
      const name = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!name || (event.repeat && !REPEATED.has(name))) return;
      this.#commands[name]();
    }
    event.preventDefault();
  }
}

/** @type {Record<string, string>} */
const KEYS = {
  l: "lasso", a: "inSight", z: "fit", "+": "zoomIn", "=": "zoomIn", "-": "zoomOut", "−": "zoomOut", f: "flag", g: "grid",
  Escape: "clear", t: "theme", ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down",
};
const REPEATED = new Set(["zoomIn", "zoomOut", "left", "right", "up", "down"]);

new MapPage().start();
