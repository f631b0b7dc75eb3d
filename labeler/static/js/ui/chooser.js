/** A list of things that can be chosen, several at once. */

import { el, keyed, setText } from "./dom.js";

/**
 * @typedef {{id: string, name: string, note: string, color?: number}} Choice
 *
 * @param {HTMLElement} list
 * @param {Choice[]} choices
 * @param {Set<string>} chosen
 * @param {(id: string, chosen: boolean) => void} onChange
 */
export function renderChoices(list, choices, chosen, onChange) {
  keyed(list, choices, (choice) => choice.id, ({ id, color }) => makeChoice(id, color, onChange), (item, choice) => {
    const [box, name, note] = [item.querySelector("input"), item.querySelector(".name"), item.querySelector(".muted")];
    if (box) box.checked = chosen.has(choice.id);
    if (name) setText(name, choice.name);
    if (note) setText(note, choice.note);
    item.title = `${choice.name} · ${choice.note}`;
  });
}

/** @param {string} id @param {number | undefined} color @param {(id: string, chosen: boolean) => void} onChange */
const makeChoice = (id, color, onChange) =>
  el("li", {}, el("label", {},
    el("input", { type: "checkbox", value: id, onchange: (/** @type {any} */ event) => onChange(id, event.target.checked) }),
    color === undefined ? null : el("span", { class: `swatch c${color % 10}` }),
    el("span", { class: "name" }), el("span", { class: "muted" })));

/**
 * Buttons of which one is pressed.
 * @param {{id: string, text: string}[]} ways
 * @param {string} chosen
 * @param {string} label
 * @param {(id: string) => void} onChoose
 */
export const switchOf = (ways, chosen, label, onChoose) =>
  el("div", { class: "switch", role: "group", "aria-label": label },
    ...ways.map(({ id, text }) => el("button", { type: "button", "aria-pressed": String(id === chosen), dataset: { id }, onclick: () => onChoose(id) }, text)));
