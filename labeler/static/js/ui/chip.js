/** The line above the image: the suggestion, or why there is none, or what one has answered before. */

import { mayShowModel } from "../core/deck.js";
import { percent } from "../core/format.js";
import { byId, el, kbd } from "./dom.js";

/**
 * @typedef {object} ChipFacts
 * @property {import("../core/types.js").Task | null} task the current image
 * @property {import("../core/types.js").Entry | null} looked the answer looked back at
 * @property {import("../core/types.js").Guess | null} suggestion
 * @property {import("../core/types.js").ClassInfo[]} classes
 */

/**
 * @param {ChipFacts} facts
 * @param {() => void} accept
 */
export function renderChip(facts, accept) {
  const row = byId("chip-row");
  const key = keyOf(facts);
  if (row.dataset.key === key) return;
  row.dataset.key = key;
  row.replaceChildren(...content(facts, accept));
}

/** @param {ChipFacts} facts */
function keyOf({ task, looked, suggestion }) {
  if (looked) return `back:${looked.annotation_id}:${looked.label}`;
  return `${task?.image_id ?? ""}:${task?.lane ?? ""}:${suggestion?.label ?? ""}:${suggestion?.confidence ?? ""}`;
}

/** @param {ChipFacts} facts @param {() => void} accept @returns {Node[]} */
function content({ task, looked, suggestion, classes }, accept) {
  if (looked) return [lookedChip(looked, colorOf(classes, looked.label))];
  if (suggestion) return [suggestionChip(suggestion, colorOf(classes, suggestion.label), accept)];
  if (task && !mayShowModel(task) && task.lane !== "unknown") {
    return [el("p", { class: "chip quiet" }, "Test image: nothing is suggested")];
  }
  return [];
}

/** @param {import("../core/types.js").Guess} guess @param {number} color @param {() => void} accept */
const suggestionChip = ({ label, confidence }, color, accept) =>
  el(
    "button",
    { type: "button", class: "chip", id: "suggestion", onclick: accept, "aria-label": `Accept the suggestion ${label}, ${percent(confidence)}` },
    el("span", { class: `swatch c${color % 10}` }),
    el("span", { class: "name" }, label),
    el("span", { class: "muted" }, percent(confidence)),
    kbd("Space"),
  );

/** @param {import("../core/types.js").Entry} entry @param {number} color */
function lookedChip({ label, kind }, color) {
  const swatch = label ? el("span", { class: `swatch c${color % 10}` }) : "";
  const text = label ?? (kind === "skip" ? "skipped" : "flagged");
  return el("p", { class: "chip back" }, el("span", { class: "muted" }, "you said"), swatch, el("span", { class: "name" }, text), el("span", { class: "muted" }, "a class key corrects it"), kbd("Esc"), el("span", { class: "muted" }, "back"));
}

/** @param {import("../core/types.js").ClassInfo[]} classes @param {string | null} name */
const colorOf = (classes, name) => classes.find((c) => c.name === name)?.color ?? 0;
