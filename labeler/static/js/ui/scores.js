/** Precision, recall, F1 and AUC per class and version. */

import { scoreRows } from "../core/review.js";
import { count, percent } from "../core/format.js";
import { el } from "./dom.js";

/** @typedef {import("../io/analysis.js").Table} Table */

const HEADS = ["Class", "Version", "Test images", "Predicted", "Precision, %", "Recall, %", "F1, %", "ROC AUC"];

/** @param {number | null | undefined} share */
const figure = (share) => (share === null || share === undefined ? "–" : (100 * share).toFixed(1));

/** @param {HTMLElement} view @param {Table[]} tables @param {string[]} classes @param {Set<string>} chosen */
export function showScores(view, tables, classes, chosen) {
  const overall = tables.map(({ version, n, accuracy, f1_macro, ece }) =>
    `Version ${count(version)}: accuracy ${accuracy.value === null ? "–" : percent(accuracy.value)}${accuracy.low === null || accuracy.high === null ? "" : ` (${(100 * accuracy.low).toFixed(1)} – ${percent(accuracy.high)})`}, macro-F1 ${f1_macro === null ? "–" : percent(f1_macro)}, calibration error ${ece === null ? "–" : percent(ece)}, ${count(n)} test images`);
  const rows = scoreRows(tables, chosen).map(({ name, version, scores }) =>
    el("tr", { dataset: { class: name, version } },
      el("th", { scope: "row" }, el("span", { class: `swatch c${classes.indexOf(name) % 10}` }), name),
      el("td", {}, count(version)), el("td", {}, count(scores?.images ?? 0)), el("td", {}, count(scores?.predicted ?? 0)),
      ...[scores?.precision, scores?.recall, scores?.f1].map((share) => el("td", {}, figure(share))),
      el("td", {}, scores?.auc === null || scores?.auc === undefined ? "–" : scores.auc.toFixed(3))));
  view.replaceChildren(
    el("div", {}, ...overall.map((text) => el("p", { class: "muted" }, text))),
    el("div", { class: "fill" }, el("table", { class: "scores" },
      el("thead", {}, el("tr", {}, ...HEADS.map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, ...rows))));
}
