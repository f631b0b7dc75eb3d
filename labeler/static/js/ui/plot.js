/** A plot by uPlot that fills its box, in the page's colours: axes with titles, lines, ranges. */

import uPlot from "../../vendor/uPlot.esm.js";
import { token } from "./theme.js";

/**
 * @typedef {Record<"line" | "band" | "stop" | "text" | "grid" | "good" | "bad" | "test" | "uncertain" | "diverse" | "edge", string> & {classes: string[]}} Colours
 * @typedef {{stroke: string, width?: number, dash?: number[]}} Pen
 * @typedef {Omit<uPlot.Options, "width" | "height">} Options
 */

const FONT = "12px system-ui, -apple-system, Segoe UI, sans-serif";
const TITLE_PX = 18;
const TWO_LINES_PX = 40;

export class Plot {
  #box;
  #options;
  /** @type {uPlot | null} */
  #plot = null;
  /** @type {uPlot.AlignedData | null} */
  #data = null;
  #ended = new AbortController();

  /**
   * @param {HTMLElement} box of a size that does not depend on what is in it
   * @param {(colours: Colours) => Options} options asked again when the theme changes
   */
  constructor(box, options) {
    this.#box = box;
    this.#options = options;
    box.classList.add("plot");
    box.setAttribute("role", "img");
    const observer = new ResizeObserver(() => (box.isConnected ? this.#resize() : this.#end()));
    observer.observe(box);
    this.#ended.signal.addEventListener("abort", () => observer.disconnect());
    document.addEventListener("themechange", () => this.redraw(), { signal: this.#ended.signal });
  }

  /**
   * Other data under the same options.
   * @param {uPlot.AlignedData} data
   * @param {string} words what the plot says, for those who do not see it
   */
  show(data, words) {
    if (!this.#plot) return this.renew(data, words);
    this.#data = data;
    this.#box.setAttribute("aria-label", words);
    this.#plot.setData(data);
  }

  /** Other data and other options. @param {uPlot.AlignedData} data @param {string} words */
  renew(data, words) {
    this.#data = data;
    this.#box.setAttribute("aria-label", words);
    this.redraw();
  }

  /** Draws anew, with options and colours as they are now. */
  redraw() {
    this.#plot?.destroy();
    this.#plot = null;
    const { clientWidth: width, clientHeight: height } = this.#box;
    if (this.#data && width && height) this.#plot = new uPlot({ ...this.#options(colours()), width, height }, this.#data, this.#box);
  }

  /** The box was taken off the page. */
  #end() {
    this.#plot?.destroy();
    this.#plot = null;
    this.#ended.abort();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#box;
    if (!width || !height) return;
    if (this.#plot) this.#plot.setSize({ width, height });
    else this.redraw();
  }
}

/**
 * An axis with its title.
 * @param {Colours} colours
 * @param {string} label
 * @param {(value: number) => string} text
 * @param {number} size room for the figures, in pixels
 * @returns {uPlot.Axis}
 */
export const axis = ({ text: stroke, grid }, label, text, size) => ({
  size,
  stroke,
  label,
  labelSize: TITLE_PX,
  labelFont: FONT,
  labelGap: 0,
  font: FONT,
  gap: 4,
  grid: { stroke: grid, width: 1 },
  ticks: { show: false },
  values: (_, values) => values.map(text),
});

/** The same with dates and times of day. @param {Colours} colours @param {string} label @returns {uPlot.Axis} */
export function timeAxis(colours, label) {
  const { values, ...rest } = axis(colours, label, String, TWO_LINES_PX);
  return { ...rest, values: TIMES };
}

/** Step in seconds, format, and what is added at the first tick and when day or year change. */
const TIMES = /** @type {uPlot.Axis.Values} */ ([
  [31_536_000, "{YYYY}", null, null, null, null, null, null, 1],
  [86_400, "{D} {MMM}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
]);

/** A scale from `low` to `high`, whatever the data. @param {number} low @param {number} high @returns {uPlot.Scale} */
export const fixed = (low, high) => ({ time: false, auto: false, range: [low, high] });

/**
 * The stretch of an axis, in which a single point lies in the middle: uPlot would make two years of it.
 * @param {number} pad what a single point has on either side
 * @returns {(plot: uPlot, low: number | null, high: number | null) => [number, number]}
 */
export const around = (pad) => (plot, low, high) => {
  const x = plot.data[0];
  if (low == null || high == null || !x.length) return [0, 1];
  return x.length === 1 ? [x[0] - pad, x[0] + pad] : [low, high];
};

/** Nothing to see: for plots that are drawn by hand. @type {uPlot.Series} */
export const INVISIBLE = { stroke: "transparent", width: 0, points: { show: false } };

/**
 * A line through points in the plot's own units.
 * @param {uPlot} plot
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>} y
 * @param {Pen} pen
 */
export function polyline(plot, x, y, { stroke, width = 2, dash = [] }) {
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = width * devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.lineJoin = "round";
  ctx.beginPath();
  for (let i = 0; i < x.length; i += 1) ctx.lineTo(plot.valToPos(x[i], "x", true), plot.valToPos(y[i], "y", true));
  ctx.stroke();
  ctx.restore();
}

/**
 * @param {uPlot} plot
 * @param {number} x
 * @param {number} y
 * @param {string} fill
 */
export function dot(plot, x, y, fill) {
  const { ctx } = plot;
  ctx.save();
  ctx.fillStyle = fill;
  ctx.beginPath();
  ctx.arc(plot.valToPos(x, "x", true), plot.valToPos(y, "y", true), 3.5 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fill();
  ctx.restore();
}

/** The theme's colours, read once per drawing: asking for a computed style makes the browser lay out the page. @returns {Colours} */
const colours = () => ({
  line: token("--accent"),
  band: token("--band"),
  stop: token("--stop-line"),
  text: token("--muted"),
  grid: token("--line"),
  good: token("--good"),
  bad: token("--bad"),
  test: token("--test"),
  uncertain: token("--uncertain"),
  diverse: token("--diverse"),
  edge: token("--edge"),
  classes: Array.from({ length: 10 }, (_, i) => token(`--class-${i}`)),
});
