/** A curve with its interval as a band and a stop line, drawn by uPlot in the page's colours. */

import uPlot from "../../vendor/uPlot.esm.js";
import { count, isShare, metricValue } from "../core/format.js";
import { token } from "./theme.js";

/**
 * @typedef {import("../core/curve.js").Curve} Curve
 * @typedef {{metric: string, height: number, axes: boolean}} Look
 */

const SHARE_RANGE = /** @type {[number, number]} */ ([0, 1]);

export class Chart {
  #box;
  #look;
  /** @type {uPlot | null} */
  #plot = null;
  /** @type {Curve} */
  #curve = { labels: [], value: [], low: [], high: [] };
  /** @type {number | null} */
  #stop = null;
  #colours = readColours();

  /**
   * @param {HTMLElement} box
   * @param {Look} look
   */
  constructor(box, look) {
    this.#box = box;
    this.#look = look;
    new ResizeObserver(() => this.#resize()).observe(box);
    document.addEventListener("themechange", () => {
      this.#colours = readColours();
      this.#draw();
    });
  }

  /**
   * @param {Curve} curve
   * @param {number | null} stop where the stop line goes
   */
  show(curve, stop) {
    this.#curve = curve;
    this.#stop = stop;
    if (this.#plot) this.#plot.setData(columns(curve));
    else this.#draw();
    this.#describe();
  }

  #draw() {
    this.#plot?.destroy();
    this.#plot = null;
    if (!this.#box.clientWidth) return;
    this.#plot = new uPlot(this.#options(), columns(this.#curve), this.#box);
  }

  #resize() {
    const width = this.#box.clientWidth;
    if (!width) return;
    if (this.#plot) this.#plot.setSize({ width, height: this.#look.height });
    else this.#draw();
  }

  #describe() {
    const { labels, value } = this.#curve;
    const last = value.at(-1);
    const text = typeof last === "number"
      ? `${this.#look.metric}: ${metricValue(this.#look.metric, last)} at ${count(labels.at(-1) ?? 0)} labels, ${labels.length} evaluations`
      : `${this.#look.metric}: no evaluation yet`;
    this.#box.setAttribute("role", "img");
    this.#box.setAttribute("aria-label", text);
  }

  /** @returns {uPlot.Options} */
  #options() {
    const { metric, height, axes } = this.#look;
    const { line, band, text, grid } = this.#colours;
    const axis = axisIn(text, grid);
    const edge = { stroke: "transparent", points: { show: false }, width: 0 };
    return {
      width: this.#box.clientWidth,
      height,
      legend: { show: false },
      cursor: { show: axes, drag: { x: false, y: false }, points: { show: false } },
      padding: axes ? [8, 12, 0, 0] : [4, 0, 2, 0],
      scales: { x: { time: false, range: fromZero }, y: { range: (_, low, high) => this.#range(low, high) } },
      axes: axes ? [axis((v) => count(v), 26), axis((v) => tick(metric, v), 48)] : [{ show: false }, { show: false }],
      series: [{}, { stroke: line, width: 2, points: { show: (u) => u.data[0].length < 3, size: 6, fill: line } }, { ...edge }, { ...edge }],
      bands: [{ series: [3, 2], fill: band }],
      hooks: { draw: [(plot) => this.#stopLine(plot)] },
    };
  }

  /** Shares get the part of 0 to 1 that their intervals fill, the stop line included. @param {number} low @param {number} high */
  #range(low, high) {
    const top = Math.max(high ?? 1, this.#stop ?? high ?? 1);
    const bottom = Math.min(low ?? 0, this.#stop ?? low ?? 0);
    const margin = Math.max(0.02, (top - bottom) * 0.08);
    const [least, most] = this.#look.metric === "loss" ? [0, Infinity] : SHARE_RANGE;
    return /** @type {[number, number]} */ ([Math.max(least, bottom - margin), Math.min(most, top + margin)]);
  }

  /** @param {uPlot} plot */
  #stopLine(plot) {
    if (this.#stop === null) return;
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(this.#stop, "y", true));
    ctx.save();
    ctx.strokeStyle = this.#colours.stop;
    ctx.lineWidth = devicePixelRatio * 1.5;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}

/** @param {Curve} curve @returns {uPlot.AlignedData} */
const columns = ({ labels, value, low, high }) => [labels, value, low, high];

/** @param {uPlot} _ @param {number} _low @param {number} high @returns {[number, number]} */
const fromZero = (_, _low, high) => [0, Math.max(1, high ?? 1)];

/** Ticks are round, so they need no digits of their own. @param {string} metric @param {number} value */
const tick = (metric, value) => (isShare(metric) ? `${Math.round(value * 100)} %` : String(Number(value.toFixed(2))));

/** @param {string} stroke @param {string} grid */
const axisIn = (stroke, grid) => (/** @type {(value: number) => string} */ text, /** @type {number} */ size) => ({
  size,
  stroke,
  font: "12px system-ui, sans-serif",
  grid: { stroke: grid, width: 1 },
  ticks: { show: false },
  values: (/** @type {unknown} */ _, /** @type {number[]} */ values) => values.map(text),
});

/** The theme's colours, read once: asking for a computed style makes the browser lay out the page. */
const readColours = () => ({
  line: token("--accent"),
  band: token("--band"),
  stop: token("--stop-line"),
  text: token("--muted"),
  grid: token("--line"),
});
