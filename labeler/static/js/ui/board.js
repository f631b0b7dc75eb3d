/** The dashboard's strip of figures, its tables, and the comparison of two versions. */

import { forecastWords, personName, pointsInterval, pointsOf, recentPace, shares, verdict } from "../core/dashboard.js";
import { age, count, counted, interval, metricValue, percent, share } from "../core/format.js";
import { doing, newestResult, present, line } from "../core/slow.js";
import { trainerDoes } from "./header.js";
import { progressBar, setProgress } from "./notices.js";
import { byId, el, keyed, setText } from "./dom.js";

/**
 * @typedef {import("../core/types.js").State} State
 * @typedef {import("../io/analysis.js").Dashboard} Dashboard
 * @typedef {{id: string, name: string, figure: string, note: string, progress?: {done: number, total: number} | null}} Fact
 */

/**
 * @param {State} state
 * @param {Dashboard | null} dashboard
 * @param {number} receivedAt when the state arrived, as performance.now()
 */
export function renderNow(state, dashboard, receivedAt) {
  const facts = [accuracyFact(state), goalFact(dashboard), labelsFact(state, dashboard), queueFact(state, receivedAt), readingFact(state), slowFact(state)];
  keyed(byId("now"), facts, (fact) => fact.id, makeFact, fillFact);
}

/** @param {Fact} fact */
const makeFact = ({ name }) =>
  el("div", {}, el("span", { class: "muted" }, name), el("span", { class: "figure" }), el("span", { class: "muted" }), progressBar(name));

/** @param {HTMLElement} box @param {Fact} fact */
function fillFact(box, { id, name, figure, note, progress = null }) {
  box.id = `now-${id}`;
  setText(box.children[0], name);
  setText(box.children[1], figure);
  setText(box.children[2], note);
  box.title = `${figure} · ${note}`;
  setProgress(box.children[3], progress);
}

/** @param {State} state @returns {Fact} */
function accuracyFact({ metrics }) {
  const { accuracy } = metrics;
  const note = accuracy ? `${interval("accuracy", accuracy)} · ${counted(accuracy.n, "image")}` : "with the first test label";
  return { id: "accuracy", name: "Test accuracy", figure: accuracy ? metricValue("accuracy", accuracy.value) : "–", note };
}

/** @param {Dashboard | null} dashboard @returns {Fact} */
const goalFact = (dashboard) => ({ id: "goal", name: "Training labels still needed", ...forecastWords(dashboard?.forecast[0]) });

/** @param {State} state @param {Dashboard | null} dashboard @returns {Fact} */
function labelsFact({ counts }, dashboard) {
  const rate = dashboard && recentPace(dashboard.pace, Date.now() / 1000);
  const note = `${rate ? `${count(rate)} a minute now · ` : ""}${count(counts.test)} of them test`;
  return { id: "labels", name: "Labels", figure: `${count(counts.labelled)} / ${count(counts.images)}`, note, progress: { done: counts.labelled, total: counts.images } };
}

/** @param {State} state @param {number} receivedAt @returns {Fact} */
function queueFact({ queue }, receivedAt) {
  const old = (queue.age_s ?? 0) + (performance.now() - receivedAt) / 1000;
  const none = queue.version === 0;
  return { id: "queue", name: "Queue", figure: none ? "–" : `${age(old)} old`, note: none ? "in random order" : `${counted(queue.size, "image")} · ${queue.strategy}` };
}

/** @param {State} state @returns {Fact} */
function readingFact(state) {
  const { pool, embedded, connected } = state.trainer;
  const progress = pool > 0 ? { done: embedded, total: pool } : null;
  return { id: "reading", name: "Images read by the model", figure: pool > 0 ? share(embedded, pool) : "–", note: connected ? trainerDoes(state) : "trainer away", progress };
}

/** @param {State} state @returns {Fact} */
function slowFact(state) {
  const now = present(state);
  if (now) return { id: "slow", name: "Fine-tuning", figure: share(now.progress, 1), note: doing(now), progress: { done: now.progress, total: 1 } };
  const last = newestResult(state);
  const { head, text } = last ? line(last, null) : { head: "–", text: "no round yet" };
  return { id: "slow", name: "Fine-tuning", figure: head, note: text };
}

/** @param {State} state @param {Dashboard | null} dashboard */
export function renderTallies({ classes }, dashboard) {
  const predicted = new Map(dashboard?.pool?.shares ?? []);
  keyed(byId("class-rows"), classes, (c) => `${c.id}:${c.name}`, classRow, (row, c) => {
    setText(row.children[1], count(c.count));
    setText(row.children[2], dashboard?.pool ? percent(predicted.get(c.id) ?? 0) : "–");
  });
  keyed(byId("people-rows"), dashboard?.people ?? [], (person) => person.annotator, ({ annotator }) => el("tr", {}, el("th", { scope: "row" }, personName(annotator)), el("td", { class: "number" })), (row, person) =>
    setText(row.children[1], count(person.labels)));
  setText(byId("pool-note"), dashboard?.pool ? `Pool: ${counted(dashboard.pool.scored, "unlabelled image")} scored` : "Pool: no prediction yet");
}

/** @param {import("../core/types.js").ClassInfo} info */
const classRow = ({ name, color }) =>
  el("tr", {}, el("th", { scope: "row", title: name }, el("span", { class: `swatch c${color % 10}` }), name), el("td", { class: "number" }), el("td", { class: "number" }));

/** @param {import("../io/analysis.js").Paired | null} paired */
export function renderPaired(paired) {
  if (!paired) return byId("paired").replaceChildren(el("p", { class: "none" }, "No test image was judged by both."));
  const { both, first, second, neither, difference, p, n } = paired;
  const [rightBoth, onlyFirst, onlySecond, none] = shares([both, first, second, neither]).map(percent);
  const rows = [["Both right", both, rightBoth], ["Only the first", first, onlyFirst], ["Only the second", second, onlySecond], ["Neither", neither, none]];
  byId("paired").replaceChildren(
    el("p", {}, el("span", { class: "figure" }, pointsOf(difference)), el("span", { class: "muted" }, ` ${pointsInterval(paired)}`)),
    el("p", {}, `${verdict(paired, counted(n, "test image"))} `, el("span", { class: "muted" }, `McNemar p = ${p < 0.001 ? "< 0.001" : p.toFixed(3)}`.replace("= <", "<"))),
    el("dl", {}, ...rows.flatMap(([name, images, part]) => [el("dt", {}, name), el("dd", {}, `${count(Number(images))} · ${part}`)])),
  );
}
