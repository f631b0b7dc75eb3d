/** Metrics against labels or time: lines, their intervals as bands, a stop line, marks where something changed. */

import { count, isShare, metricName, metricValue } from "../core/format.js";
import { TRAINING_LOSS } from "../core/curve.js";
import { Plot, around, axis, polyline, timeAxis } from "./plot.js";

/**
 * @typedef {import("../core/curve.js").Curve} Curve
 * @typedef {{x: number, text: string}} Mark
 *
 * @typedef {object} Look
 * @property {string[]} metrics one line each, of one unit; the second is dashed
 * @property {boolean} axes
 * @property {import("../core/curve.js").By} [by] what the horizontal axis counts
 * @property {(low: number, high: number) => void} [onZoom] makes a stretch selectable
 * @property {(at: number | null, marks: Mark[]) => void} [onPoint] row under the pointer, and the marks near it
 */

const SHARE_RANGE = [0, 1];
const NEAR_PX = 6;
/** Colours of the lines, and of the band around the first. @type {("line" | "test")[]} */
const LINES = ["line", "test"];

export class Chart {
  #look;
  #plot;
  /** @type {Curve} */
  #curve = { x: [], lines: [] };
  /** @type {number | null} */
  #stop = null;
  /** @type {Mark[]} */
  #marks = [];
  /** The stretch that the person has chosen. @type {[number, number] | null} */
  #stretch = null;

  /**
   * @param {HTMLElement} box
   * @param {Look} look
   */
  constructor(box, look) {
    this.#look = look;
    this.#plot = new Plot(box, (colours) => this.#options(colours));
  }

  /** Another metric, or another horizontal axis. @param {Partial<Look>} change */
  become(change) {
    this.#look = { ...this.#look, ...change };
    this.#stretch = null;
    this.#curve = { x: [], lines: [] };
  }

  /**
   * @param {Curve} curve
   * @param {number | null} stop where the stop line goes
   * @param {Mark[]} [marks]
   */
  show(curve, stop, marks = []) {
    const fresh = this.#curve.lines.length !== curve.lines.length;
    [this.#curve, this.#stop, this.#marks] = [curve, stop, marks];
    const data = columns(curve, this.#look.metrics.length);
    if (fresh) this.#plot.renew(data, this.#words());
    else this.#plot.show(data, this.#words());
  }

  #words() {
    const { metrics } = this.#look;
    const { x, lines } = this.#curve;
    if (!x.length) return `${metrics.map(metricName).join(", ")}: no evaluation yet`;
    const values = metrics.map((metric, i) => [metricName(metric), lines[i].value.at(-1)]);
    const said = values.map(([name, value], i) => `${name}: ${typeof value === "number" ? metricValue(metrics[i], value) : "–"}`);
    const at = this.#look.by === "time" ? "now" : `at ${count(x.at(-1) ?? 0)} labels`;
    return `${said.join(", ")} ${at}, ${x.length} evaluations`;
  }

  /** @param {import("./plot.js").Colours} colours @returns {import("./plot.js").Options} */
  #options(colours) {
    const { metrics, axes, by = "labels", onZoom } = this.#look;
    const range = onZoom ? around(by === "time" ? 60 : 1) : fromZero;
    const across = by === "time" ? timeAxis(colours, "Time") : axis(colours, "Labels, training and test", (v) => count(v), 26);
    const hooks = { draw: [(/** @type {uPlot} */ plot) => this.#lines(plot, colours)] };
    return {
      legend: { show: false },
      cursor: { show: axes, x: axes, y: false, drag: { x: Boolean(onZoom), y: false }, points: { show: false }, bind: { dblclick: (_plot, _target, again) => this.#unzoom(again) } },
      padding: axes ? [8, 12, 0, 0] : [4, 0, 2, 0],
      scales: { x: { time: by === "time", range: (plot, low, high) => this.#stretch ?? range(plot, low, high) }, y: { range: (_, low, high) => this.#range(low, high) } },
      axes: axes ? [across, axis(colours, unitOf(metrics[0]), (v) => tick(metrics[0], v), 46)] : [{ show: false }, { show: false }],
      series: [{}, ...metrics.flatMap((_, i) => seriesOf(colours, i))],
      bands: metrics.map((_, i) => ({ series: [3 * i + 3, 3 * i + 2], fill: colours.band })),
      hooks: { ...hooks, setSelect: [(plot) => this.#zoom(plot)], setCursor: [(plot) => this.#point(plot)] },
    };
  }

  /** @param {uPlot} plot */
  #zoom(plot) {
    const { left, width } = plot.select;
    if (!this.#look.onZoom || width < NEAR_PX) return;
    this.#stretch = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    this.#look.onZoom(...this.#stretch);
  }

  /** A double click shows everything again. @param {(event: MouseEvent) => unknown} again @returns {(event: MouseEvent) => null} */
  #unzoom(again) {
    return (event) => {
      this.#stretch = null;
      again(event);
      return null;
    };
  }

  /** @param {uPlot} plot */
  #point(plot) {
    const { left = -1, idx } = plot.cursor;
    if (!this.#look.onPoint) return;
    const near = left < 0 ? [] : this.#marks.filter((mark) => Math.abs(plot.valToPos(mark.x, "x") - left) < NEAR_PX);
    this.#look.onPoint(left < 0 ? null : (idx ?? null), near);
  }

  /** Shares get the part of 0 to 1 that their intervals fill, the stop line included. @param {number} low @param {number} high */
  #range(low, high) {
    const top = Math.max(high ?? 1, this.#stop ?? high ?? 1);
    const bottom = Math.min(low ?? 0, this.#stop ?? low ?? 0);
    const margin = Math.max(0.02, (top - bottom) * 0.08);
    const [least, most] = isShare(this.#look.metrics[0]) ? SHARE_RANGE : [0, Infinity];
    return /** @type {[number, number]} */ ([Math.max(least, bottom - margin), Math.min(most, top + margin)]);
  }

  /** The stop line and the marks. @param {uPlot} plot @param {import("./plot.js").Colours} colours */
  #lines(plot, colours) {
    const { x, y } = plot.scales;
    if (x.min == null || x.max == null || y.min == null || y.max == null) return;
    const [from, to] = [x.min, x.max];
    if (this.#stop !== null) polyline(plot, [from, to], [this.#stop, this.#stop], { stroke: colours.stop, width: 1.5, dash: [4, 4] });
    for (const mark of this.#marks) {
      if (mark.x >= from && mark.x <= to) polyline(plot, [mark.x, mark.x], [y.min, y.max], { stroke: colours.edge, width: 1, dash: [2, 3] });
    }
  }
}

/** @param {Curve} curve @param {number} count @returns {uPlot.AlignedData} */
const columns = ({ x, lines }, count) => [x, ...Array.from({ length: count }, (_, i) => lines[i] ?? NOTHING).flatMap(({ value, low, high }) => [value, low, high])];

const NOTHING = { value: [], low: [], high: [] };

/** A line and the two edges of its band. @param {import("./plot.js").Colours} colours @param {number} i @returns {uPlot.Series[]} */
function seriesOf(colours, i) {
  const stroke = colours[LINES[i % LINES.length]];
  const edge = { stroke: "transparent", points: { show: false }, width: 0, spanGaps: true };
  const points = { show: (/** @type {uPlot} */ plot) => plot.data[0].length < 3, size: 6, fill: stroke };
  return [{ stroke, width: 2, points, spanGaps: true, dash: i ? [6, 4] : undefined }, { ...edge }, { ...edge }];
}

/** @param {unknown} _ @param {number} _low @param {number} high @returns {[number, number]} */
const fromZero = (_, _low, high) => [0, Math.max(1, high ?? 1)];

/** @param {string} metric */
const unitOf = (metric) => (metric === TRAINING_LOSS || metric === "loss" ? "Loss, nats per image" : `${metricName(metric)}, %`);

/** Ticks are round, so they need no digits of their own. @param {string} metric @param {number} value */
const tick = (metric, value) => String(Number((isShare(metric) ? value * 100 : value).toFixed(2)));
