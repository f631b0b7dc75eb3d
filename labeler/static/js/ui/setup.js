/** First run: how many images there are, the classes, the person's name, and one big button. */

import { ApiError, addClass, importLabels } from "../io/api.js";
import { classKey } from "../core/keys.js";
import { count, counted } from "../core/format.js";
import { announce, el, keyed, setText } from "./dom.js";
import { importForm, reportText } from "./importing.js";
import { progressBar, setProgress } from "./notices.js";

/** @typedef {import("../core/types.js").State} State */

export class Setup {
  #start;
  /** @type {string[]} names that are made when labelling starts */
  #draft = [];
  /** @type {State | null} */
  #state = null;

  /**
   * @param {HTMLElement} root
   * @param {string} name the annotator's name, empty where it is not known
   * @param {(name: string) => void} start
   */
  constructor(root, name, start) {
    this.#start = start;
    this.found = el("p", { class: "found", id: "found" });
    this.where = el("p", { class: "muted" });
    this.meter = progressBar("Indexing");
    this.list = el("ul", { class: "draft", id: "draft" });
    this.input = el("input", { type: "text", id: "class-input", class: "field", placeholder: "name of a class, then Enter", "aria-label": "Name of a class; Enter adds it, Enter on the empty field starts", autocomplete: "off", spellcheck: "false", maxlength: 200 });
    this.name = el("input", { type: "text", id: "annotator", class: "field", value: name, placeholder: "your name", autocomplete: "nickname", maxlength: 80 });
    this.note = el("p", { class: "note", role: "status" });
    this.button = el("button", { type: "button", id: "start", class: "button main big", onclick: () => void this.start() }, "Start labelling");
    this.input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#onKey(event));
    root.replaceChildren(this.#card());
    root.hidden = false;
    this.input.focus();
  }

  #card() {
    const folders = el("button", { type: "button", class: "button", id: "use-folders", onclick: () => void this.#import("imagefolder", null) }, "Use the folder names");
    return el(
      "div",
      { class: "card" },
      el("header", {}, el("h1", {}, "Set up"), this.found, this.where, this.meter),
      el("section", {}, el("h2", {}, "Classes"), el("p", { class: "muted" }, "What can an image show? One key each; more can follow at any time."), this.list, this.input),
      el("details", { class: "import" }, el("summary", {}, "Labels exist already?"),
        el("p", { class: "muted" }, "Images sorted into one folder per class:"), folders,
        el("p", { class: "muted" }, "Or a file with file names and labels:"), importForm((format, file) => this.#import(format, file))),
      el("section", {}, el("label", { for: "annotator", class: "heading" }, "Your name"), this.name),
      this.note,
      this.button,
    );
  }

  /** @param {State} state */
  render(state) {
    this.#state = state;
    const { images } = state.counts;
    setText(this.found, images ? `${counted(images, "image")} found` : "No images yet");
    setText(this.where, hint(state));
    setProgress(this.meter, state.scan.done ? null : { done: state.scan.indexed, total: state.scan.found });
    this.#renderClasses();
  }

  #renderClasses() {
    const made = (this.#state?.classes ?? []).map((c) => c.name);
    const draft = this.#draft.filter((name) => !made.includes(name));
    const items = [...made.map((name) => ({ name, made: true })), ...draft.map((name) => ({ name, made: false }))];
    keyed(this.list, items, (item) => `${item.made}:${item.name}`, (item) => this.#chip(item), (element, _, index) => {
      const [key, swatch] = element.children;
      setText(key, classKey(index));
      swatch.className = `swatch c${index % 10}`;
    });
    const ready = items.length > 0 && (this.#state?.counts.images ?? 0) > 0;
    this.button.disabled = !ready;
    this.button.title = ready ? "" : "It takes at least one class and one image";
  }

  /** @param {{name: string, made: boolean}} item */
  #chip({ name, made }) {
    const drop = el("button", { type: "button", class: "drop", "aria-label": `Remove ${name}`, onclick: () => this.#drop(name) }, "×");
    return el("li", {}, el("span", { class: "key" }), el("span", { class: "swatch" }), el("span", { class: "name" }, name), made ? "" : drop);
  }

  /** @param {string} name */
  #drop(name) {
    this.#draft = this.#draft.filter((n) => n !== name);
    this.#renderClasses();
    this.input.focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const name = this.input.value.trim();
    if (!name) return void (this.button.disabled || this.start());
    const known = [...this.#draft, ...(this.#state?.classes ?? []).map((c) => c.name)];
    if (known.includes(name)) return this.#say(`There is a class named “${name}” already.`, true);
    this.#draft.push(name);
    this.input.value = "";
    this.#say("");
    announce(`${name} added`);
    this.#renderClasses();
  }

  /** Makes the classes in their order, then labelling starts. */
  async start() {
    this.button.disabled = true;
    try {
      for (const name of this.#draft) await makeClass(name);
      this.#start(this.name.value);
    } catch (error) {
      this.#say(error.message, true);
      this.button.disabled = false;
    }
  }

  /** @param {string} format @param {File | null} file */
  async #import(format, file) {
    this.#say("Importing…");
    try {
      const report = await importLabels(format, file);
      this.#say(reportText(report));
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  /** @param {string} text @param {boolean} [bad] */
  #say(text, bad = false) {
    this.note.classList.toggle("bad", bad);
    setText(this.note, text);
  }
}

/** A class that exists already is as good as made. @param {string} name */
async function makeClass(name) {
  try {
    await addClass(name);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  }
}

/** @param {State} state */
function hint({ counts, scan, folder }) {
  const where = `in ${folder}`;
  if (!scan.done) return `still looking: ${count(scan.indexed)} of ${count(scan.found)} files read ${where}`;
  if (!counts.images) return `Put JPEG, PNG, WebP, BMP or TIFF files into ${folder}; they appear here within seconds.`;
  const apart = [
    counts.duplicates && counted(counts.duplicates, "duplicate"),
    counts.unreadable && `${count(counts.unreadable)} unreadable`,
  ].filter(Boolean);
  return where + (apart.length ? ` · besides ${apart.join(" and ")}, listed on the Data page` : "");
}
