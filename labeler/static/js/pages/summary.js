/** The Summary page: how far it has come, why it stopped, what was reached, and what there is to take away. */

import { startFrame } from "../app/frame.js";
import { History } from "../app/history.js";
import { curveOf, perClass, stopAt } from "../core/curve.js";
import { count, counted, interval, metricName, metricValue, moment, percent, sentence, size, worstCase } from "../core/format.js";
import { line, present } from "../core/slow.js";
import { getDownloads } from "../io/api.js";
import { Chart } from "../ui/chart.js";
import { byId, el, keyed, setText } from "../ui/dom.js";

/**
 * @typedef {import("../core/types.js").State} State
 */

const METRICS = ["accuracy", "f1_macro", "loss", "ece"];
const CURVES = ["accuracy", "f1_macro", "loss"];

class SummaryPage {
  #charts = new Map(CURVES.map((metric) => [metric, makeChart(metric)]));
  #history = new History(() => this.#drawCurves());
  /** @type {State | null} */ #state = null;

  async start() {
    void startFrame((state) => this.#take(state), (row) => this.#history.add(row));
    await this.#history.load();
  }

  /** @param {State} state */
  #take(state) {
    const before = this.#state;
    this.#state = state;
    renderHead(state);
    renderMetrics(state);
    renderClasses(state);
    renderSlow(state);
    if (!before) this.#drawCurves();
    if (before?.session !== state.session) void loadDownloads();
    void this.#history.take(state);
  }

  #drawCurves() {
    const thresholds = this.#state?.thresholds ?? {};
    byId("curves-card").hidden = this.#history.rows.length === 0;
    for (const [metric, chart] of this.#charts) chart.show(curveOf(this.#history.rows, [metric]), stopAt(thresholds, metric));
  }
}

/** @type {Record<State["session"], string>} */
const HEADINGS = {
  setup: "Not begun yet",
  labelling: "Labelling and training go on",
  paused: "Paused",
  stopping: "Stopping…",
  stopped: "Training has stopped",
};

/** @param {State} state */
function renderHead({ session: now, stop_reason, counts, trainer, outlook, advice }) {
  setText(byId("heading"), HEADINGS[now]);
  const reason = stop_reason ? `${sentence(stop_reason)} ` : "";
  const model = trainer.model_version > 0 ? ` · model ${count(trainer.model_version)}${trainer.backbone ? `, ${trainer.backbone}` : ""}` : "";
  setText(byId("reason"), `${reason}${count(counts.labelled)} of ${counted(counts.images, "image")} labelled${inBulk(counts)}${model}`);
  keyed(byId("advice"), advice, (a) => a.rule, () => el("li"), (item, a) => {
    setText(item, sentence(a.sentence));
    item.classList.toggle("reached", a.holds);
  });
  keyed(byId("outlook"), outlook, (o) => o.metric, () => el("li"), (item, o) => {
    setText(item, sentence(o.sentence));
    item.classList.toggle("reached", o.reached);
  });
}

/** @param {State["counts"]} counts */
const inBulk = ({ labelled, bulk }) =>
  bulk > 0 ? ` (${count(labelled - bulk)} one by one, ${count(bulk)} several at once)` : "";

/** @param {State} state */
function renderSlow(state) {
  byId("slow-card").hidden = state.slow.length === 0;
  const now = present(state);
  keyed(byId("slow-rows"), state.slow, (round) => String(round.round), slowRow, (row, round) => {
    const { head, text, labels, tone } = line(round, now);
    const mark = /** @type {HTMLElement} */ (row.children[0]);
    mark.dataset.tone = tone;
    setText(mark, head);
    setText(row.children[1], text);
    setText(row.children[2], `${labels} · ${moment(round.time)}`);
  });
}

const slowRow = () => el("li", {}, el("span", { class: "stat lamp" }), el("span", {}), el("span", { class: "muted small" }));

/** @param {State} state */
function renderMetrics(state) {
  const known = METRICS.filter((metric) => state.metrics[metric]);
  keyed(byId("reached"), known, (metric) => metric, metricCard, (card, metric) => fillCard(card, metric, state));
  byId("no-metrics").hidden = known.length > 0;
}

/** @param {string} metric */
const metricCard = (metric) =>
  el("div", { class: "fact" }, el("span", { class: "muted" }, metricName(metric)), el("span", { class: "figure" }), el("span", { class: "muted small" }), el("span", { class: "muted small" }));

/** @param {HTMLElement} card @param {string} metric @param {State} state */
function fillCard(card, metric, { metrics, thresholds }) {
  const value = metrics[metric];
  const stop = stopAt(thresholds, metric);
  setText(card.children[1], metricValue(metric, value.value));
  setText(card.children[2], [interval(metric, value), counted(value.n, "test image")].filter(Boolean).join(" · ") + (metric === "accuracy" ? worstCase(metrics) : ""));
  setText(card.children[3], stop === null ? "" : `stop at ${metricValue(metric, stop)}`);
}

/** @param {string} metric */
function makeChart(metric) {
  const box = el("div", { class: "curve" });
  byId("curves").append(el("figure", {}, el("figcaption", {}, `${metricName(metric)} against labels`), box));
  return new Chart(box, { metrics: [metric], axes: true });
}

/** @param {State} state */
function renderClasses({ classes, metrics }) {
  const most = Math.max(1, ...classes.map((c) => c.count));
  const scores = new Map(perClass(metrics, classes.map((c) => c.name)).map((row) => [row.name, row]));
  keyed(byId("class-rows"), classes, (c) => `${c.id}:${c.name}`, classRow, (row, c) => {
    const bar = /** @type {HTMLElement} */ (row.querySelector(".amount"));
    bar.style.width = `${(100 * c.count) / most}%`;
    setText(row.children[1], count(c.count));
    fillScore(row.children[3], "precision", scores.get(c.name)?.precision ?? null);
    fillScore(row.children[4], "recall", scores.get(c.name)?.recall ?? null);
  });
}

/** @param {import("../core/types.js").ClassInfo} info */
const classRow = ({ name, color }) =>
  el("tr", {},
    el("th", { scope: "row" }, el("span", { class: `swatch c${color % 10}` }), el("span", { class: "name", title: name }, name)),
    el("td", { class: "number" }),
    el("td", { class: "bars", "aria-hidden": "true" }, el("span", { class: `amount c${color % 10}` })),
    el("td", { class: "number" }, el("span"), el("span", { class: "muted" })),
    el("td", { class: "number" }, el("span"), el("span", { class: "muted" })));

/** @param {Element} cell @param {string} name @param {import("../core/types.js").Metric | null} metric */
function fillScore(cell, name, metric) {
  setText(cell.children[0], metric ? percent(metric.value) : "–");
  setText(cell.children[1], metric ? interval(`${name}/`, metric) : "");
}

async function loadDownloads() {
  const { downloads } = await getDownloads().catch(() => ({ downloads: [] }));
  byId("no-downloads").hidden = downloads.length > 0;
  keyed(byId("downloads"), downloads, (d) => `${d.name}:${d.created_at}`, ({ name, bytes, created_at, kind }) =>
    el("li", {},
      el("a", { class: "button", href: `/api/downloads/${encodeURIComponent(name)}`, download: "", dataset: { kind } }, kind === "model" ? "Model" : "Predictions"),
      el("span", { class: "path" }, name),
      el("span", { class: "muted" }, `${size(bytes)} · ${moment(created_at)}`)));
}

void new SummaryPage().start();
