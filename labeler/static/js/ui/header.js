/** The status in the header: progress, speed, what is saved, the trainer. */

import { age, count, counted } from "../core/format.js";
import { setProgress } from "./notices.js";
import { byId, setText } from "./dom.js";

/**
 * @typedef {import("../core/types.js").State} State
 *
 * @param {State} state
 * @param {number} labelled own unsent answers included
 */
export function renderProgress(state, labelled) {
  const total = state.counts.images;
  setText(byId("progress"), `${count(labelled)} / ${count(total)}`);
  setProgress(byId("progress-meter"), { done: labelled, total });
}

/** @param {number | null} perMinute */
export function renderRate(perMinute) {
  byId("rate").hidden = false;
  setText(byId("rate"), `${perMinute === null ? "–" : count(perMinute)} labels/min`);
}

/**
 * @param {{online: boolean, waiting: number, trouble: string}} link
 */
export function renderSaved({ online, waiting, trouble }) {
  const pending = waiting ? `${count(waiting)} pending` : "saved";
  const stuck = !online || trouble !== "";
  lamp("saved", stuck ? "bad" : waiting ? "busy" : "good", online ? pending : `offline · ${pending}`);
  byId("saved").title = online ? "Connected to the labeler" : "The labeler does not answer";
}

/**
 * @param {State} state
 * @param {number} receivedAt when the state arrived, as performance.now()
 */
export function renderTrainer(state, receivedAt) {
  const { trainer, queue } = state;
  const model = trainer.model_version > 0 ? `model ${count(trainer.model_version)}` : "no model yet";
  const seconds = (performance.now() - receivedAt) / 1000;
  const old = queue.version > 0 && queue.age_s !== null ? ` · queue ${age(queue.age_s + seconds)} old` : "";
  lamp("trainer", trainer.connected ? "good" : "bad", `${trainer.connected ? "" : "trainer away · "}${model}${old}`);
  byId("trainer").title = trainer.connected ? `Trainer: ${trainerDoes(state)}` : "The trainer is not connected";
}

/** What the trainer does, in a few words. @param {State} state */
export function trainerDoes({ trainer }) {
  if (!trainer.connected) return "away; labels are kept, it will catch up";
  const behind = trainer.pending > 0 ? `, ${counted(trainer.pending, "label")} to take in` : "";
  const doing = DOES[trainer.state] ?? trainer.state;
  return `${doing}${behind}`;
}

/** @type {Record<string, string>} */
const DOES = {
  starting: "starting",
  embedding: "reading the images",
  training: "training",
  waiting: "up to date",
  paused: "paused",
  stopped: "stopped",
};

/**
 * @param {string} id
 * @param {"good" | "busy" | "bad" | "quiet"} tone
 * @param {string} text
 */
function lamp(id, tone, text) {
  byId(id).dataset.tone = tone;
  setText(byId(id), text);
}
