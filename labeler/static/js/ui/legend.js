/** The legend of a plot: a sign and a word for each line. */

import { el } from "./dom.js";

/**
 * @typedef {{sign: string, text: string}} Item `sign`: colour and kind as classes, like "line", "bad area", "test dashed"
 *
 * @param {HTMLElement} box
 * @param {Item[]} items
 */
export function renderLegend(box, items) {
  const key = items.map(({ sign, text }) => `${sign}:${text}`).join("|");
  if (box.dataset.shown === key) return;
  box.dataset.shown = key;
  box.replaceChildren(...items.map(({ sign, text }) => el("span", { class: "item" }, el("span", { class: `sign ${sign}` }), text)));
  box.title = items.map(({ text }) => text).join(" · ");
}
