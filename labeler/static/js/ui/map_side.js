/** The panel beside the map: layout, colours with their legend, and what has been selected. */

import { count, counted } from "../core/format.js";
import { classKey } from "../core/keys.js";
import { SLOT_COLOURS } from "../core/map_colours.js";
import { byId, el, keyed, setText } from "./dom.js";

/**
 * @typedef {import("../core/map_colours.js").Entry} Entry
 * @typedef {import("../core/types.js").ClassInfo} ClassInfo
 * @typedef {ReturnType<typeof import("../core/map_colours.js").summed>} Sum
 */

/** What the labeler takes in one action. */
export const MOST_AT_ONCE = 5_000;

/**
 * A row of buttons of which one is pressed.
 * @param {HTMLElement} box
 * @param {{id: string, text: string, title?: string}[]} options
 * @param {(id: string) => void} onChoose
 */
export function choiceOf(box, options, onChoose) {
  const buttons = new Map(options.map(({ id, text, title }) => [id, el("button", { type: "button", title: title ?? null, onclick: () => onChoose(id) }, text)]));
  box.replaceChildren(...buttons.values());
  return {
    press: (/** @type {string} */ chosen) => buttons.forEach((button, id) => button.setAttribute("aria-pressed", String(id === chosen))),
    setText: (/** @type {string} */ id, /** @type {string} */ text) => setText(/** @type {Element} */ (buttons.get(id)), text),
  };
}

/**
 * @param {Entry[]} legend
 * @param {Set<number>} only groups that are shown alone
 * @param {(group: number) => void} onToggle
 */
export function renderLegend(legend, only, onToggle) {
  keyed(byId("legend"), legend, (entry) => `${entry.group}:${entry.name}:${entry.slot}`, (entry) => {
    const toggle = el("button", { type: "button", title: "Show it alone, or with others", onclick: () => onToggle(entry.group) },
      el("span", { class: `swatch ${swatchClass(entry.slot)}` }), el("span", { class: "name" }, entry.name), el("span", { class: "count" }));
    return el("li", {}, toggle);
  }, (item, entry) => {
    const button = /** @type {HTMLElement} */ (item.firstElementChild);
    setText(/** @type {Element} */ (button.lastElementChild), count(entry.count));
    button.setAttribute("aria-pressed", String(only.has(entry.group)));
    button.classList.toggle("dim", only.size > 0 && !only.has(entry.group));
  });
}

/** The style of a slot's swatch. @param {number} slot */
function swatchClass(slot) {
  const colour = SLOT_COLOURS[slot];
  if (typeof colour === "string") return colour.replace("--class-", "c");
  return slot === 0 ? "rest" : `sure-${slot}`;
}

/**
 * @param {Sum | null} sum null: nothing is selected
 * @param {ClassInfo[]} classes
 * @param {(name: string) => void} onLabel
 */
export function renderSelection(sum, classes, onLabel) {
  byId("selection").hidden = sum === null;
  byId("legend-section").classList.toggle("short", sum !== null);
  if (!sum) return;
  const { takeable, holdout, answered, byClass } = sum;
  setText(byId("selection-title"), `${counted(takeable.length + holdout + answered, "image")} selected`);
  setText(byId("selection-note"), leftOut(takeable.length, holdout, answered));
  const taken = new Map(byClass.map((entry) => [entry.name, entry.count]));
  keyed(byId("selection-classes"), classes.map((info, index) => ({ ...info, index })), (c) => `${c.id}:${c.name}`, (c) =>
    el("li", {}, el("button", { type: "button", class: "button small", title: `Label them ${c.name}`, onclick: () => onLabel(c.name) },
      el("kbd", {}, classKey(c.index)), el("span", { class: `swatch c${c.color % 10}` }), el("span", { class: "name" }, c.name), el("span", { class: "count" }))),
  (item, c) => setText(/** @type {Element} */ (item.querySelector(".count")), taken.has(c.name) ? count(taken.get(c.name) ?? 0) : ""));
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("#selection-classes button, #flag, #to-grid"))) button.disabled = takeable.length === 0;
}

/** @param {number} takeable @param {number} holdout @param {number} answered */
function leftOut(takeable, holdout, answered) {
  const parts = [`${count(takeable)} can be answered together`];
  if (takeable > MOST_AT_ONCE) parts[0] += `, ${count(MOST_AT_ONCE)} at a time`;
  if (answered) parts.push(`${count(answered)} ${answered === 1 ? "has" : "have"} an answer`);
  if (holdout) parts.push(`${count(holdout)} of the hold-out ${holdout === 1 ? "is" : "are"} left out`);
  return parts.join(", ");
}
