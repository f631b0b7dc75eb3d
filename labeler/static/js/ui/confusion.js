/** The confusion matrix, as a table of buttons; a click shows the images of a cell. */

import { OTHERS, matrixOf } from "../core/review.js";
import { count, counted, percent } from "../core/format.js";
import { getFound } from "../io/analysis.js";
import { el } from "./dom.js";
import { renderFound } from "./pictures.js";
import { switchOf } from "./chooser.js";

/** @typedef {import("../io/analysis.js").Table} Table */

/** @type {"counts" | "shares"} */
let unit = "counts";

/**
 * @param {HTMLElement} view
 * @param {Table} table
 * @param {string[]} classes
 * @param {Set<string>} chosen
 */
export function showConfusion(view, table, classes, chosen) {
  const matrix = matrixOf(table, classes, chosen);
  const found = el("div", { id: "cell-images", "aria-live": "polite" }, el("p", { class: "none" }, "Choose a cell to see its images."));
  const again = (/** @type {string} */ id) => {
    unit = id === "shares" ? "shares" : "counts";
    showConfusion(view, table, classes, chosen);
  };
  const units = [{ id: "counts", text: "counts" }, { id: "shares", text: "shares of the row" }];
  view.replaceChildren(
    el("div", { class: "tools-row" },
      el("span", {}, `Version ${count(table.version)}, ${counted(table.n, "labelled test image")}`), el("span", { class: "grow" }), switchOf(units, unit, "Unit of the cells", again)),
    el("div", { class: "halves" }, el("div", {}, tableOf(matrix, table, found)), found));
}

/** @param {import("../core/review.js").Matrix} matrix @param {Table} table @param {HTMLElement} found */
function tableOf({ rows, columns, cells }, table, found) {
  const head = el("tr", {}, el("th", { class: "axis" }, "True ↓"), ...columns.map((name) => el("th", { scope: "col", title: name }, name)));
  const body = rows.map((label, i) =>
    el("tr", {}, el("th", { scope: "row", title: label }, label), ...columns.map((prediction, j) => el("td", {}, cellOf(cells[i][j], label, prediction, table, found)))));
  const made = el("table", { class: "matrix" },
    el("thead", {}, el("tr", {}, el("th"), el("th", { class: "axis", colspan: columns.length }, "Predicted →")), head),
    el("tbody", {}, ...body));
  made.style.setProperty("--columns", String(columns.length));
  return made;
}

/**
 * @param {import("../core/review.js").Cell} cell
 * @param {string} label
 * @param {string} prediction
 * @param {Table} table
 * @param {HTMLElement} found
 */
function cellOf({ count: images, part }, label, prediction, table, found) {
  const text = unit === "counts" ? count(images) : (100 * part).toFixed(0);
  if (!images || prediction === OTHERS) return el("span", { class: "zero" }, images ? text : "·");
  const words = `${counted(images, "image")} of ${label} taken for ${prediction}, ${percent(part)} of the row`;
  const cell = el("button", { type: "button", class: label === prediction ? "right" : "wrong", "aria-pressed": "false", "aria-label": words, title: words, onclick: () => void choose() }, text);
  cell.style.setProperty("--part", String(part));
  const choose = async () => {
    for (const other of cell.closest("table").querySelectorAll("[aria-pressed=true]")) other.setAttribute("aria-pressed", "false");
    cell.setAttribute("aria-pressed", "true");
    try {
      renderFound(found, await getFound("cell", [table.version], { label, prediction }), "None any more.");
    } catch (error) {
      found.replaceChildren(el("p", { class: "none" }, error.message));
    }
  };
  return cell;
}
