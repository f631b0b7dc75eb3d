/** Plots of the dashboard and the Review page that are no curves over time: speed, reliability, uncertainty. */

import uPlot from "../../vendor/uPlot.esm.js";
import { shares } from "../core/dashboard.js";
import { count, percent } from "../core/format.js";
import { INVISIBLE, Plot, axis, dot, fixed, polyline, timeAxis } from "./plot.js";

/**
 * @typedef {import("../io/analysis.js").Bin} Bin
 * @typedef {import("./plot.js").Colours} Colours
 * @typedef {{bins: Bin[], colour: (colours: Colours) => string, dash?: number[]}} Calibration
 */

const WHOLE = [[0, 1], [0, 1]];
const CURSOR = { show: false };
const FIGURES_PX = 46;
const MINUTE_S = 60;
const LEAST_S = 600;
const BELOW_PX = 26;

const percentTick = (/** @type {number} */ v) => String(Math.round(100 * v));

/** From the first label to the last, at least ten minutes. @type {uPlot.Scale["range"]} */
const lately = ({ data: [x] }) => (x.length ? [x[0], Math.max(x[x.length - 1] + MINUTE_S, x[0] + LEAST_S)] : [0, LEAST_S]);

/** Labels per minute against time, as bars. */
export class PacePlot {
  #plot;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.#plot = new Plot(box, (colours) => ({
      legend: { show: false },
      cursor: CURSOR,
      padding: [8, 16, 0, 0],
      scales: { x: { time: true, range: lately }, y: { range: (_, _low, high) => [0, Math.max(1, (high ?? 1) * 1.1)] } },
      axes: [timeAxis(colours, "Time"), axis(colours, "Labels per minute", count, FIGURES_PX)],
      series: [{}, { stroke: colours.line, fill: colours.line, width: 0, points: { show: false }, paths: uPlot.paths.bars?.({ size: [0.9, 24], align: 1 }) }],
    }));
  }

  /** @param {{starts: number[], per_minute: number[], interval_s: number}} pace */
  show({ starts, per_minute }) {
    const most = Math.max(0, ...per_minute);
    this.#plot.show([starts, per_minute], starts.length ? `Labels per minute over time, at most ${count(most)}` : "No label yet");
  }
}

/** The share that came true against the probability, with intervals; the diagonal is perfect. */
export class ReliabilityPlot {
  #plot;
  /** @type {Calibration[]} */
  #lines = [];

  /** @param {HTMLElement} box @param {string} across @param {string} up titles of the axes */
  constructor(box, across = "Confidence, %", up = "Right, %") {
    this.#plot = new Plot(box, (colours) => ({
      legend: { show: false },
      cursor: CURSOR,
      padding: [8, 16, 0, 0],
      scales: { x: fixed(0, 1), y: fixed(0, 1) },
      axes: [axis(colours, across, percentTick, BELOW_PX), axis(colours, up, percentTick, FIGURES_PX)],
      series: [{}, INVISIBLE],
      hooks: { draw: [(plot) => this.#draw(plot, colours)] },
    }));
  }

  /** @param {Calibration[]} lines @param {string} words */
  show(lines, words) {
    this.#lines = lines;
    this.#plot.show(/** @type {uPlot.AlignedData} */ (WHOLE), words);
  }

  /** @param {uPlot} plot @param {Colours} colours */
  #draw(plot, colours) {
    polyline(plot, WHOLE[0], WHOLE[1], { stroke: colours.edge, width: 1, dash: [4, 4] });
    for (const { bins, colour, dash } of this.#lines) {
      const stroke = colour(colours);
      polyline(plot, bins.map((b) => b.confidence), bins.map((b) => b.share), { stroke, width: 1.5, dash });
      for (const b of bins) {
        if (this.#lines.length === 1) polyline(plot, [b.confidence, b.confidence], [b.share_low, b.share_high], { stroke, width: 1 });
        dot(plot, b.confidence, b.share, stroke);
      }
    }
  }
}

/** How uncertain right answers, wrong ones and the unlabelled pool are, each as shares of its own number. */
export class DoubtPlot {
  #plot;

  /** @param {HTMLElement} box */
  constructor(box) {
    const steps = (/** @type {string} */ stroke, /** @type {string | undefined} */ fill, /** @type {number[] | undefined} */ dash) =>
      ({ stroke, fill, dash, width: 1.5, points: { show: false }, paths: uPlot.paths.stepped?.({ align: 1 }) });
    this.#plot = new Plot(box, (colours) => ({
      legend: { show: false },
      cursor: CURSOR,
      padding: [8, 16, 0, 0],
      scales: { x: fixed(0, 1), y: { range: (_, _low, high) => [0, Math.max(0.1, high ?? 0.1) * 1.05] } },
      axes: [axis(colours, "Uncertainty, 1 − confidence, %", percentTick, BELOW_PX), axis(colours, "Share of each, %", percentTick, FIGURES_PX)],
      series: [{}, steps(colours.good, undefined, undefined), steps(colours.bad, undefined, undefined), steps(colours.text, undefined, [3, 3])],
    }));
  }

  /** @param {import("../io/analysis.js").Doubt} doubt @param {number[] | null} pool counts in bins of equal width */
  show({ right, wrong, separation }, pool) {
    const edges = Array.from({ length: right.length + 1 }, (_, i) => i / right.length);
    const columns = [right, wrong, pool && pool.length === right.length ? pool : []].map((counts) => closed(shares(counts), edges.length));
    const told = separation === null ? "" : `; a wrong answer is the less certain one in ${percent(separation)} of pairs`;
    this.#plot.show(/** @type {uPlot.AlignedData} */ ([edges, ...columns]), `Uncertainty of right and wrong answers${told}`);
  }
}

/** Steps need the last value once more, at the right edge. @param {number[]} values @param {number} length */
const closed = (values, length) => (values.length ? [...values, values[values.length - 1]] : Array(length).fill(null));
