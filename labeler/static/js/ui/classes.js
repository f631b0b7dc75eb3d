/** The classes on the left: key, colour, name, count; add, rename and find in place. */

import { classKey } from "../core/keys.js";
import { count } from "../core/format.js";
import { byId, el, keyed, setText } from "./dom.js";

/** @typedef {import("../core/types.js").ClassInfo} ClassInfo */

/**
 * @typedef {object} ClassEvents
 * @property {(name: string) => void} choose
 * @property {(name: string) => Promise<boolean>} add whether it worked
 * @property {(from: string, to: string) => Promise<boolean>} rename whether it worked
 */

const PENCIL = "M2.5 13.5l.7-3 7.6-7.6 2.3 2.3-7.6 7.6z";

export class ClassPanel {
  #list = byId("classes");
  #on;
  #renaming = "";
  #filter = "";
  /** @type {ClassInfo[]} */
  #classes = [];

  /** @param {ClassEvents} on */
  constructor(on) {
    this.#on = on;
    this.#startAdding();
    this.#startFinding();
  }

  /**
   * @param {ClassInfo[]} classes in the order of their keys
   * @param {Map<string, number>} counts images per class
   * @param {{suggested: string | null, given: string | null}} marks the model's suggestion, and the label looked back at
   */
  render(classes, counts, { suggested, given }) {
    this.#classes = classes;
    const items = classes.map((info, index) => ({ ...info, index, count: counts.get(info.name) ?? 0 }));
    keyed(
      this.#list,
      items.filter((item) => matches(item.name, this.#filter)),
      (item) => `${item.id}:${item.name}`,
      (item) => this.#item(item.name, item.color),
      (element, item) => {
        setText(/** @type {Element} */ (element.querySelector(".key")), classKey(item.index));
        setText(/** @type {Element} */ (element.querySelector(".count")), count(item.count));
        element.classList.toggle("suggested", item.name === suggested);
        element.classList.toggle("given", item.name === given);
      },
    );
  }

  /** @param {string} name @param {number} color */
  #item(name, color) {
    const button = el(
      "button",
      { type: "button", class: "class", title: name, onclick: () => this.#on.choose(name) },
      el("span", { class: "key" }),
      el("span", { class: `swatch c${color % 10}` }),
      el("span", { class: "name" }, name),
      el("span", { class: "count" }),
    );
    const pencil = el(
      "button",
      { type: "button", class: "rename", "aria-label": `Rename ${name}`, title: "Rename (F2)" },
      pencilIcon(),
    );
    const item = el("li", {}, button, pencil);
    pencil.addEventListener("click", () => this.#rename(item, name));
    item.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "F2") this.#rename(item, name);
    });
    return item;
  }

  /** @param {HTMLElement} item @param {string} name */
  #rename(item, name) {
    if (this.#renaming) return;
    this.#renaming = name;
    const input = el("input", { type: "text", class: "field", value: name, maxlength: 200, "aria-label": `New name of ${name}`, autocomplete: "off", spellcheck: "false" });
    const close = () => {
      this.#renaming = "";
      input.remove();
      item.classList.remove("renaming");
    };
    onEnter(input, async () => {
      const to = input.value.trim();
      if (!to || to === name || (await this.#on.rename(name, to))) close();
    }, close);
    input.addEventListener("blur", () => this.#renaming && close());
    item.classList.add("renaming");
    item.append(input);
    input.select();
  }

  #startAdding() {
    const [button, input] = [byId("add-button"), byId("add-input")];
    byId("add-class").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    button.addEventListener("click", () => this.openAdding());
    const close = () => {
      [button.hidden, input.hidden, input.value] = [false, true, ""];
    };
    onEnter(input, async () => {
      const name = input.value.trim();
      if (!name || (await this.#on.add(name))) close();
    }, close);
    input.addEventListener("blur", () => input.value.trim() || close());
  }

  /** Opens the field for a new class. */
  openAdding() {
    [byId("add-button").hidden, byId("add-input").hidden] = [true, false];
    byId("add-input").focus();
  }

  #startFinding() {
    const input = byId("find-input");
    input.addEventListener("input", () => this.#setFilter(input.value));
    onEnter(input, () => {
      const found = this.#classes.find((c) => matches(c.name, this.#filter));
      this.#closeFinding();
      if (found) this.#on.choose(found.name);
    }, () => this.#closeFinding());
    input.addEventListener("blur", () => this.#closeFinding());
  }

  /** Opens the field that finds a class by name. */
  openFinding() {
    byId("find").hidden = false;
    byId("find-input").focus();
  }

  #closeFinding() {
    if (byId("find").hidden) return;
    byId("find").hidden = true;
    byId("find-input").value = "";
    this.#setFilter("");
  }

  /** @param {string} text */
  #setFilter(text) {
    this.#filter = text;
    const needle = fold(text);
    const first = needle ? this.#classes.find((c) => matches(c.name, text)) : undefined;
    for (const item of this.#list.children) {
      const name = item.querySelector(".name").textContent;
      item.hidden = !matches(name, text);
      item.classList.toggle("found", name === first?.name);
    }
  }
}

/** @param {string} name @param {string} filter */
const matches = (name, filter) => fold(name).includes(fold(filter));

/** Case and accents do not matter when finding. @param {string} text */
const fold = (text) => text.trim().normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * @param {HTMLInputElement} input
 * @param {() => void} enter
 * @param {() => void} escape
 */
function onEnter(input, enter, escape) {
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") enter();
    else escape();
  });
}

function pencilIcon() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PENCIL);
  svg.append(path);
  return svg;
}
