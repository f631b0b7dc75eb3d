/** One row per setting: what it is, its field, its range, its reset. */

import { around, choiceText, fieldText, isChanged, typed, valueText } from "../core/settings.js";
import { costsEditor, goalsEditor, weightsEditor } from "./settings-maps.js";
import { announce, el, keyed, setText } from "./dom.js";

/**
 * @typedef {import("../core/settings.js").Setting} Setting
 * @typedef {(setting: Setting, value: any) => Promise<string>} Save saves a value; says why it was refused, or nothing
 *
 * @typedef {object} Editor
 * @property {HTMLElement} element
 * @property {(setting: Setting, classes: string[]) => void} show
 */

export class SettingRows {
  /** @type {Map<string, {row: any, editor: Editor, setting: Setting}>} */ #rows = new Map();
  #list;
  #save;

  /** @param {HTMLElement} list @param {Save} save */
  constructor(list, save) {
    this.#list = list;
    this.#save = save;
  }

  /** @param {Setting[]} settings @param {string[]} classes names of the classes */
  show(settings, classes) {
    keyed(this.#list, settings, (s) => s.key, (s) => this.#make(s), (_, s) => this.#draw(s, classes));
  }

  /** @param {Setting} setting */
  #make(setting) {
    const { key, name, about } = setting;
    const id = `set-${key.replace(".", "-")}`;
    const editor = this.#editor(setting, id);
    const simple = editor.element.matches("input, select");
    const title = simple ? el("label", { for: id }, name) : el("span", { class: "title", id: `${id}-title` }, name);
    const reset = el("button", { type: "button", class: "button small reset", "aria-label": `Reset ${name}`, onclick: () => void this.#submit(key, this.#rows.get(key)?.setting.default) }, "Reset");
    const control = el("div", { class: "control" }, editor.element, el("span", { class: "around muted", id: `${id}-around` }), reset, el("p", { class: "error", id: `${id}-error`, role: "alert" }));
    const row = el("li", { dataset: { setting: key, form: setting.form } }, el("div", { class: "what" }, title, el("span", { class: "muted" }, about)), control);
    this.#rows.set(key, { row, editor, setting });
    return row;
  }

  /** @param {Setting} setting @param {string} id @returns {Editor} */
  #editor({ key, form }, id) {
    const save = (/** @type {any} */ value) => void this.#submit(key, value);
    const describe = { id, "aria-describedby": `${id}-around ${id}-error` };
    if (form === "switch") return switchEditor(describe, save);
    if (form === "choice") return choiceEditor(describe, save);
    if (form === "thresholds") return goalsEditor(id, save);
    if (form === "weights") return weightsEditor(id, save);
    if (form === "costs") return costsEditor(id, save);
    return numberEditor(describe, save, (text) => this.#complain(key, text));
  }

  /** @param {Setting} setting @param {string[]} classes */
  #draw(setting, classes) {
    const known = /** @type {{row: any, editor: Editor, setting: Setting}} */ (this.#rows.get(setting.key));
    known.setting = setting;
    known.row.toggleAttribute("data-changed", isChanged(setting));
    known.row.toggleAttribute("data-off", setting.off !== "");
    known.row.querySelector(".reset").title = `Back to ${valueText(setting.default)}`;
    setText(known.row.querySelector(".around"), around(setting));
    known.editor.show(setting, classes);
  }

  /** @param {string} key @param {any} value */
  async #submit(key, value) {
    const setting = this.#rows.get(key)?.setting;
    if (!setting) return;
    this.#complain(key, "");
    const refusal = await this.#save(setting, value);
    this.#complain(key, refusal);
    if (!refusal) announce(`${setting.name}: ${valueText(value)}`);
  }

  /** @param {string} key @param {string} text */
  #complain(key, text) {
    const row = this.#rows.get(key)?.row;
    setText(row.querySelector(".error"), text);
    for (const field of row.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    const field = row.contains(document.activeElement) ? document.activeElement : row.querySelector("input, select");
    if (text) field.setAttribute("aria-invalid", "true");
  }
}

/** @param {Record<string, string>} props @param {(value: any) => void} save @param {(text: string) => void} complain @returns {Editor} */
function numberEditor(props, save, complain) {
  /** @type {Setting} */ let shown;
  const input = el("input", { type: "text", inputmode: "decimal", class: "field", autocomplete: "off", ...props });
  const back = () => {
    input.value = fieldText(shown.value);
    complain("");
  };
  input.addEventListener("change", () => {
    const read = typed(shown, input.value);
    if ("error" in read) complain(read.error);
    else if (read.value === shown.value) back();
    else save(read.value);
  });
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") back();
  });
  const show = (/** @type {Setting} */ setting) => {
    const same = shown && shown.value === setting.value;
    shown = setting;
    input.disabled = setting.off !== "";
    input.title = setting.off;
    input.placeholder = setting.nullable ? "by itself" : "";
    if (!same) input.value = fieldText(setting.value);
  };
  return { element: input, show };
}

/** @param {Record<string, string>} props @param {(value: any) => void} save @returns {Editor} */
function switchEditor(props, save) {
  const input = el("input", { type: "checkbox", class: "toggle", role: "switch", ...props, onchange: () => save(input.checked) });
  return { element: input, show: (setting) => Object.assign(input, { checked: setting.value, disabled: setting.off !== "", title: setting.off }) };
}

/** @param {Record<string, string>} props @param {(value: any) => void} save @returns {Editor} */
function choiceEditor(props, save) {
  /** @type {Setting} */ let shown;
  const select = el("select", { class: "field", ...props, onchange: () => save(shown.choices[select.selectedIndex]) });
  const show = (/** @type {Setting} */ setting) => {
    shown = setting;
    if (select.options.length !== setting.choices.length) select.replaceChildren(...setting.choices.map((choice) => el("option", {}, choiceText(choice))));
    Object.assign(select, { selectedIndex: setting.choices.indexOf(setting.value), disabled: setting.off !== "", title: setting.off });
  };
  return { element: select, show };
}
