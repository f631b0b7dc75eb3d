/** The Dashboard: how training goes, live. The history comes from the labeler, so a restart shows it all again. */

import { startFrame } from "../app/frame.js";
import { History } from "../app/history.js";
import { TRAINING_LOSS, curveOf, placeOf, stopAt, timesWithin } from "../core/curve.js";
import { changeWords, versionName } from "../core/dashboard.js";
import { count, interval, metricName, metricValue, moment, percent } from "../core/format.js";
import { getChanges, getDashboard, getDetail, getPaired, getVersions } from "../io/analysis.js";
import { renderNow, renderPaired, renderTallies } from "../ui/board.js";
import { Chart } from "../ui/chart.js";
import { afterPaint, byId, el, setText } from "../ui/dom.js";
import { DoubtPlot, PacePlot, ReliabilityPlot } from "../ui/figures.js";
import { renderLegend } from "../ui/legend.js";

/**
 * @typedef {import("../core/types.js").State} State
 * @typedef {import("../core/types.js").HistoryRow} HistoryRow
 * @typedef {"metric" | "loss"} Place
 */

const FIRST = ["accuracy", "f1_macro", "loss", "ece", "accuracy_worst"];
const ASK_EVERY_MS = 2_000;
/** What is computed on demand waits until the new order has been made and the model evaluated. */
const SETTLE_MS = 1_000;
const PAINTED = "labelstream:metric-painted";

class DashboardPage {
  /** @type {State | null} */ #state = null;
  /** @type {import("../io/analysis.js").Dashboard | null} */ #dashboard = null;
  #history = new History(() => this.#drawCurves());
  /** @type {import("../io/analysis.js").Change[]} */ #changes = [];
  /** @type {import("../core/curve.js").By} */ #by = "labels";
  #metric = "accuracy";
  #receivedAt = 0;
  #askedAt = -Infinity;
  #asking = 0;
  #seq = -1;
  #versions = "";
  /** @type {number | null} */ #newest = null;
  #charts = { metric: this.#chart("metric", [this.#metric]), loss: this.#chart("loss", [TRAINING_LOSS, "loss"]) };
  #pace = new PacePlot(byId("pace-plot"));
  #reliability = new ReliabilityPlot(byId("reliability-plot"));
  #doubt = new DoubtPlot(byId("doubt-plot"));

  async start() {
    byId("metric").addEventListener("change", () => this.#choose({ metric: byId("metric").value }));
    byId("by").addEventListener("click", (/** @type {Event} */ event) => {
      const by = /** @type {HTMLElement} */ (event.target).dataset.by;
      if (by) this.#choose({ by: by === "time" ? "time" : "labels" });
    });
    for (const id of ["first", "second"]) byId(id).addEventListener("change", () => void this.#compare());
    void startFrame((state) => this.#take(state), (row) => this.#add(row));
    const [changes] = await Promise.all([getChanges().catch(() => null), this.#history.load()]);
    this.#changes = changes?.changes ?? [];
    this.#drawCurves();
    setInterval(() => this.#drawNow(), 1_000);
  }

  /** @param {Place} place @param {string[]} metrics */
  #chart(place, metrics) {
    return new Chart(byId(`${place}-plot`), {
      metrics,
      axes: true,
      onZoom: (low, high) => void this.#refine(low, high),
      onPoint: (row, marks) => this.#readOut(place, row, marks),
    });
  }

  /** @param {State} state */
  #take(state) {
    const goals = JSON.stringify(this.#state?.thresholds);
    [this.#state, this.#receivedAt] = [state, performance.now()];
    if (goals !== JSON.stringify(state.thresholds)) this.#drawCurves();
    this.#fillMetrics(state);
    this.#drawNow();
    renderTallies(state, this.#dashboard);
    if (state.last_seq !== this.#seq) this.#askSoon();
    this.#seq = state.last_seq;
    void this.#history.take(state);
  }

  /** @param {HistoryRow} row */
  #add(row) {
    this.#history.add(row);
    afterPaint(() => performance.mark(PAINTED, { detail: row.seq }));
    this.#askSoon();
  }

  /** Asks for what is computed on demand: at once after a rest, else every few seconds. */
  #askSoon() {
    if (this.#asking) return;
    const wait = Math.max(SETTLE_MS, this.#askedAt + ASK_EVERY_MS - performance.now());
    this.#asking = setTimeout(() => void this.#ask(), wait);
  }

  async #ask() {
    [this.#asking, this.#askedAt] = [0, performance.now()];
    const [dashboard, versions] = await Promise.all([getDashboard().catch(() => null), getVersions().catch(() => null)]);
    if (dashboard) this.#dashboard = dashboard;
    if (versions) this.#listVersions(versions.versions);
    this.#drawNow();
    this.#drawOthers();
  }

  /** @param {{metric?: string, by?: import("../core/curve.js").By}} chosen */
  #choose({ metric = this.#metric, by = this.#by }) {
    [this.#metric, this.#by] = [metric, by];
    for (const button of byId("by").children) button.setAttribute("aria-pressed", String(button.dataset.by === by));
    this.#charts.metric.become({ metrics: [metric], by });
    this.#charts.loss.become({ by });
    this.#drawCurves();
  }

  #drawNow() {
    if (this.#state) renderNow(this.#state, this.#dashboard, this.#receivedAt);
  }

  #drawCurves() {
    const stop = stopAt(this.#state?.thresholds ?? {}, this.#metric);
    const goal = stopAt(this.#state?.thresholds ?? {}, "loss");
    const marks = this.#changes.map((change) => ({ x: placeOf(this.#history.rows, this.#by, change.time), text: changeWords(change) }));
    this.#charts.metric.show(curveOf(this.#history.rows, [this.#metric], this.#by), stop, marks);
    this.#charts.loss.show(curveOf(this.#history.rows, [TRAINING_LOSS, "loss"], this.#by), goal, marks);
    const stopItem = (/** @type {number | null} */ at, /** @type {string} */ metric) => (at === null ? [] : [{ sign: "stop dashed", text: `stop at ${metricValue(metric, at)}` }]);
    const changed = marks.length ? [{ sign: "edge dashed", text: "setting changed" }] : [];
    renderLegend(byId("metric-legend"), [{ sign: "line", text: metricName(this.#metric) }, { sign: "band area", text: "95 % interval" }, ...stopItem(stop, this.#metric), ...changed]);
    renderLegend(byId("loss-legend"), [{ sign: "line", text: "training" }, { sign: "test dashed", text: "test, 95 %" }, ...stopItem(goal, "loss")]);
  }

  #drawOthers() {
    const { pace, present, pool } = this.#dashboard ?? {};
    if (this.#state) renderTallies(this.#state, this.#dashboard);
    if (pace) this.#pace.show(pace);
    const minutes = (pace?.interval_s ?? 60) / 60;
    renderLegend(byId("pace-legend"), [{ sign: "line area", text: `given one by one, per ${minutes === 1 ? "minute" : `${count(minutes)} minutes, mean`}` }]);
    const bins = present?.reliability ?? [];
    const error = present?.ece === null || !present ? "no test label yet" : `error ${percent(present.ece)}`;
    this.#reliability.show([{ bins, colour: (c) => c.line }], `Share of right answers by confidence, calibration ${error}`);
    renderLegend(byId("reliability-legend"), [{ sign: "line", text: `test, ${error}` }, { sign: "edge dashed", text: "perfect" }]);
    this.#doubt.show(present?.uncertainty ?? { right: Array(20).fill(0), wrong: Array(20).fill(0), separation: null }, pool?.uncertainty ?? null);
    renderLegend(byId("doubt-legend"), [{ sign: "good", text: "right" }, { sign: "bad", text: "wrong" }, ...(pool ? [{ sign: "text dashed", text: "pool" }] : [])]);
  }

  /** A stretch was chosen: its rows, of which the page has only a selection, are fetched. @param {number} low @param {number} high */
  async #refine(low, high) {
    const times = timesWithin(this.#history.rows, this.#by, low, high);
    if (!times) return;
    const detail = await getDetail(times[0], times[1]).catch(() => null);
    if (!detail) return;
    this.#history.refine(detail.history);
  }

  /** @param {Place} place @param {number | null} at @param {import("../ui/chart.js").Mark[]} marks */
  #readOut(place, at, marks) {
    const names = place === "metric" ? [this.#metric] : [TRAINING_LOSS, "loss"];
    const curve = curveOf(this.#history.rows, names, this.#by);
    const x = at === null ? undefined : curve.x[at];
    if (x === undefined) return setText(byId(`${place}-readout`), "");
    const values = names.map((name, i) => {
      const [value, low, high] = [curve.lines[i].value[at ?? 0], curve.lines[i].low[at ?? 0], curve.lines[i].high[at ?? 0]];
      return value === null ? "–" : `${metricValue(name, value)}${place === "metric" && low !== null ? ` (${interval(name, { value, low, high, n: 0 })})` : ""}`;
    });
    const where = this.#by === "time" ? moment(x) : `at ${count(x)}`;
    setText(byId(`${place}-readout`), marks.length ? marks.map((mark) => mark.text).join("; ") : `${values.join(" · ")} ${where}`);
  }

  /** @param {State} state */
  #fillMetrics({ metrics }) {
    const names = [...FIRST.filter((name) => metrics[name] || name === "accuracy"), ...Object.keys(metrics).filter((name) => !FIRST.includes(name))];
    const select = byId("metric");
    if (select.options.length === names.length) return;
    select.replaceChildren(...names.map((name) => el("option", { value: name, selected: name === this.#metric }, metricName(name))));
  }

  /** @param {import("../io/analysis.js").Version[]} versions oldest first */
  #listVersions(versions) {
    const key = versions.map(({ version, name }) => `${version}${name}`).join();
    if (key === this.#versions) return;
    const before = [byId("first").value, byId("second").value];
    const followed = !before[1] || Number(before[1]) === this.#newest;
    const newest = versions.at(-1)?.version ?? null;
    [this.#versions, this.#newest] = [key, newest];
    const options = () => [...versions].reverse().map((v) => el("option", { value: v.version }, versionName(v, v.version === newest)));
    byId("first").replaceChildren(...options());
    byId("second").replaceChildren(...options());
    byId("first").value = before[0] || String(versions.at(-2)?.version ?? newest ?? "");
    byId("second").value = followed ? String(newest ?? "") : before[1];
    void this.#compare();
  }

  async #compare() {
    const [first, second] = [Number(byId("first").value), Number(byId("second").value)];
    if (!first || !second) return byId("paired").replaceChildren(el("p", { class: "none" }, "Two versions can be compared once the model has been evaluated."));
    try {
      renderPaired((await getPaired(first, second)).paired);
    } catch (error) {
      byId("paired").replaceChildren(el("p", { class: "none" }, error.message));
    }
  }
}

void new DashboardPage().start();
