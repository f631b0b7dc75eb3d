/** The right panel: why this image, what the model thinks, how good it is, what the trainer does. */

import { mayShowModel } from "../core/deck.js";
import { curveOf, stopAt } from "../core/curve.js";
import { doing, line, newestResult, present } from "../core/slow.js";
import { count, counted, interval, metricName, metricValue, percent, sentence, worstCase } from "../core/format.js";
import { sized } from "../io/api.js";
import { Chart } from "./chart.js";
import { trainerDoes } from "./header.js";
import { progressBar, setProgress } from "./notices.js";
import { byId, el, keyed, setText } from "./dom.js";

/**
 * @typedef {import("../core/types.js").State} State
 * @typedef {import("../core/types.js").Task} Task
 * @typedef {import("../core/types.js").HistoryRow} HistoryRow
 */

const METRIC = "accuracy";
const GUESSES = 3;
const THUMBNAIL_PX = 256;

export class Side {
  #chart = new Chart(byId("curve"), { metrics: [METRIC], axes: false });
  #indexing = bar("Indexing");
  #reading = bar("Reading the images");
  #slow = bar("Fine-tuning");

  constructor() {
    byId("work-bars").append(this.#indexing.box, this.#reading.box, this.#slow.box);
  }

  /**
   * What belongs to the shown image.
   * @param {Task | null} task the current image
   * @param {import("../core/types.js").Entry | null} looked the answer looked back at
   */
  renderImage(task, looked) {
    renderWhy(task, looked !== null);
    renderView(task, looked !== null);
    const neighbours = task && mayShowModel(task) ? task.neighbours : [];
    keyed(byId("near"), neighbours, (n) => `${n.image_id}:${n.label}`, neighbour);
    byId("near-section").classList.toggle("vacant", neighbours.length === 0);
  }

  /**
   * What belongs to the session.
   * @param {State} state
   */
  renderState(state) {
    renderMetric(state);
    keyed(byId("outlook"), state.outlook, (o) => o.metric, () => el("li"), (item, o) => {
      setText(item, sentence(o.sentence));
      item.classList.toggle("reached", o.reached);
    });
    keyed(byId("advice"), state.advice, (a) => a.rule, () => el("li"), (item, a) => {
      setText(item, sentence(a.sentence));
      item.classList.toggle("reached", a.holds);
    });
    renderSlow(state, this.#slow);
    const backbone = state.trainer.connected && state.trainer.backbone ? `${state.trainer.backbone}: ` : "";
    setText(byId("work"), `${backbone}${trainerDoes(state)}`);
    this.#indexing.show(state.scan.done ? null : { done: state.scan.indexed, total: state.scan.found });
    const { embedded, pool } = state.trainer;
    this.#reading.show(pool > 0 && embedded < pool ? { done: embedded, total: pool } : null);
  }

  /**
   * @param {HistoryRow[]} history
   * @param {State} state
   */
  renderCurve(history, state) {
    const curve = curveOf(history, [METRIC]);
    const stop = stopAt(state.thresholds, METRIC);
    this.#chart.show(curve, curve.x.length ? stop : null);
    setText(byId("curve-from"), curve.x.length ? counted(curve.x.at(-1) ?? 0, "label") : "");
    setText(byId("curve-stop"), stop === null ? "" : `stop at ${percent(stop)}`);
  }
}

/** @param {Task | null} task @param {boolean} back */
function renderWhy(task, back) {
  const box = byId("why");
  const why = task?.why ?? (task?.lane === "test" ? { kind: "test", text: "test image: measures the model" } : null);
  box.className = why ? `why-chip ${why.kind}` : "muted";
  setText(box, why?.text ?? (back ? "one of your own answers" : task ? "brought back" : "–"));
}

/** @param {Task | null} task @param {boolean} back */
function renderView(task, back) {
  const box = byId("view");
  const top = task && mayShowModel(task) ? (task.prediction?.top.slice(0, GUESSES) ?? []) : [];
  const rows = top.map((guess) =>
    el("div", { class: "guess" }, el("span", { class: "name" }, guess.label), el("span", { class: "share" }, percent(guess.confidence)), meter(guess.confidence)),
  );
  if (!rows.length) rows.push(el("p", { class: "muted" }, noView(task, back)));
  box.replaceChildren(...rows);
}

/** @param {Task | null} task @param {boolean} back */
function noView(task, back) {
  if (back) return "Not shown while you look back.";
  if (!task) return "–";
  if (!mayShowModel(task)) return "Hidden, so that it does not sway the answer that measures it.";
  return "The model has no opinion on this image yet.";
}

/** @param {number} part */
function meter(part) {
  const fill = el("span");
  fill.style.width = `${part * 100}%`;
  return el("span", { class: "meter wide", "aria-hidden": "true" }, fill);
}

/** @param {State} state */
function renderMetric({ metrics, counts }) {
  const metric = metrics[METRIC];
  setText(byId("metric-name"), `Test ${metricName(METRIC).toLowerCase()}`);
  setText(byId("metric-value"), metric ? metricValue(METRIC, metric.value) : "");
  const total = counts.test_total ? ` of ${count(counts.test_total)}` : "";
  setText(
    byId("metric-note"),
    metric ? `${interval(METRIC, metric)} · ${counted(metric.n, "test image")}${worstCase(metrics)}` : `${count(counts.test)}${total} test images labelled; the first figure comes with the first model`,
  );
}

/** What the slow loop does, and what became of it last. @param {State} state @param {ReturnType<typeof bar>} progress */
function renderSlow(state, progress) {
  const now = present(state);
  progress.show(now && { done: now.progress, total: 1 }, now ? doing(now) : "");
  const result = newestResult(state);
  const { head, text, tone } = result ? line(result, null) : { head: "", text: "", tone: "quiet" };
  byId("slow-result").hidden = result === null;
  byId("slow-head").dataset.tone = tone;
  setText(byId("slow-head"), `${head}:`);
  setText(byId("slow-text"), text);
}

/** @param {import("../core/types.js").Neighbour} n */
const neighbour = (n) =>
  el("li", {}, el("img", { src: sized(n.url, THUMBNAIL_PX), alt: `labelled ${n.label}` }), el("span", { class: "caption", "aria-hidden": "true" }, n.label));

/** @param {string} label */
function bar(label) {
  const meter = progressBar(label);
  const text = el("span");
  const box = el("div", { class: "bar-line", hidden: true }, text, meter);
  return {
    box,
    /**
     * @param {{done: number, total: number} | null} progress
     * @param {string} [words] in place of the figures
     */
    show(progress, words) {
      box.hidden = progress === null;
      setProgress(meter, progress);
      if (progress) setText(text, words ?? `${label}: ${count(progress.done)} of ${count(progress.total)}`);
    },
  };
}
