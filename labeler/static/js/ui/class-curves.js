/** Precision–recall and ROC curves, and calibration, one line per class and version. */

import { count, counted, percent } from "../core/format.js";
import { INVISIBLE, Plot, axis, fixed, polyline } from "./plot.js";
import { ReliabilityPlot } from "./figures.js";
import { el } from "./dom.js";

/**
 * @typedef {import("../io/analysis.js").ClassCurves} ClassCurves
 * @typedef {import("./plot.js").Colours} Colours
 * @typedef {{curve: ClassCurves, color: number, dash: number[]}} Line
 */

const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3]];
const SIGNS = ["", "dashed", "dotted", "dashed"];
const TENTHS = (/** @type {number} */ v) => String(Math.round(100 * v));
const AREA = /** @type {const} */ ([[0, 1], [0, 1]]);

/**
 * Colour by class, dashes by version.
 * @param {ClassCurves[]} curves
 * @param {string[]} classes all of them
 * @param {number[]} versions
 * @returns {Line[]}
 */
const linesOf = (curves, classes, versions) =>
  curves.map((curve) => ({ curve, color: classes.indexOf(curve.class) % 10, dash: DASHES[versions.indexOf(curve.version) % DASHES.length] }));

/** @param {HTMLElement} view @param {ClassCurves[]} curves @param {string[]} classes @param {number[]} versions */
export function showCurves(view, curves, classes, versions) {
  const lines = linesOf(curves, classes, versions);
  const [recall, roc] = [el("div"), el("div")];
  view.replaceChildren(
    el("div", { class: "pair" },
      el("figure", {}, el("figcaption", {}, "Precision against recall"), recall),
      el("figure", {}, el("figcaption", {}, "ROC: true against false positives; the diagonal is a guess"), roc)),
    el("div", { class: "third" }, tableOf(lines, versions, ["Average precision", "ROC AUC"], ({ precision_recall, roc: r }) => [precision_recall, r].map((points) => (points ? points.area.toFixed(3) : "–")))));
  draw(recall, lines, "precision_recall", "Recall, %", "Precision, %", false);
  draw(roc, lines, "roc", "False positive rate, %", "True positive rate, %", true);
}

/** One small plot per class, its versions in it. @param {HTMLElement} view @param {ClassCurves[]} curves @param {string[]} classes @param {number[]} versions */
export function showCalibration(view, curves, classes, versions) {
  const lines = linesOf(curves, classes, versions);
  const byClass = new Map(lines.map(({ curve }) => [curve.class, lines.filter((line) => line.curve.class === curve.class)]));
  const boxes = [...byClass].map(([name, own]) => ({ own, box: el("div"), name }));
  view.replaceChildren(
    el("p", { class: "muted" }, "How many of the images that get a probability for a class are of that class; on the dashed diagonal it means what it says. Bars are 95 % intervals."),
    el("div", { class: "fill multiples" }, ...boxes.map(({ own, box, name }) =>
      el("figure", {}, el("figcaption", {}, el("span", { class: `swatch c${own[0].color}` }), `${name} `, el("span", { class: "muted" }, errorsOf(own))), box))));
  for (const { own, box, name } of boxes) {
    const plot = new ReliabilityPlot(box, "Probability, %", "Of the class, %");
    plot.show(own.map(({ curve, color, dash }) => ({ bins: curve.calibration, dash, colour: (c) => c.classes[color] })), `Calibration of ${name}: ${errorsOf(own)}`);
  }
}

/** @param {Line[]} lines */
const errorsOf = (lines) =>
  lines[0].curve.sentence || lines.map(({ curve }) => `${lines.length > 1 ? `version ${count(curve.version)}: ` : "error "}${curve.ece === null ? "–" : percent(curve.ece)}`).join(", ");

/**
 * @param {HTMLElement} box
 * @param {Line[]} lines
 * @param {"roc" | "precision_recall"} kind
 * @param {string} across
 * @param {string} up
 * @param {boolean} diagonal
 */
function draw(box, lines, kind, across, up, diagonal) {
  const plot = new Plot(box, (colours) => ({
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 12, 0, 0],
    scales: { x: fixed(0, 1), y: fixed(0, 1.005) },
    axes: [axis(colours, across, TENTHS, 26), axis(colours, up, TENTHS, 46)],
    series: [{}, INVISIBLE],
    hooks: { draw: [(u) => {
      if (diagonal) polyline(u, AREA[0], AREA[1], { stroke: colours.edge, width: 1, dash: [4, 4] });
      for (const { curve, color, dash } of lines) {
        const points = curve[kind];
        if (points) polyline(u, points.x, points.y, { stroke: colours.classes[color], width: 1.75, dash });
      }
    }] },
  }));
  plot.show(/** @type {any} */ (AREA), `${up} against ${across}, ${counted(lines.length, "curve")}`);
}

/**
 * The legend and the figures in one.
 * @param {Line[]} lines
 * @param {number[]} versions
 * @param {string[]} heads
 * @param {(curve: ClassCurves) => string[]} figures
 */
function tableOf(lines, versions, heads, figures) {
  const rows = lines.map(({ curve, color }) =>
    el("tr", { dataset: { class: curve.class, version: curve.version } },
      el("th", { scope: "row" }, signOf(color, versions.indexOf(curve.version)), curve.class),
      el("td", {}, count(curve.version)), el("td", {}, count(curve.images)),
      ...(curve.sentence ? [el("td", { class: "text", colspan: heads.length }, curve.sentence)] : figures(curve).map((text) => el("td", {}, text)))));
  return el("table", { class: "scores" },
    el("thead", {}, el("tr", {}, ...["Class", "Version", "Test images", ...heads].map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, ...rows));
}

/** @param {number} color @param {number} version */
const signOf = (color, version) => el("span", { class: `sign own c${color} ${SIGNS[version % SIGNS.length]}` });
