/** The rounds of the slow loop in words. Pure. */

import { counted, sentence, share } from "./format.js";

/**
 * @typedef {import("./types.js").SlowRound} SlowRound
 * @typedef {import("./types.js").State} State
 * @typedef {"busy" | "good" | "quiet" | "bad"} Tone
 */

/** @type {Record<SlowRound["state"], string>} */
const HEADS = {
  training: "Under way",
  embedding: "Under way",
  accepted: "Accepted",
  refused: "Refused",
  failed: "Failed",
};

/** @type {Record<SlowRound["state"], Tone>} */
const TONES = { training: "busy", embedding: "busy", accepted: "good", refused: "quiet", failed: "bad" };

/** @param {SlowRound} round */
const isUnderWay = (round) => round.state === "training" || round.state === "embedding";

/**
 * The round that is under way, or null. Without its trainer, no round is.
 * @param {State} state
 */
export const present = ({ slow, trainer }) => (trainer.connected && slow.length && isUnderWay(slow[0]) ? slow[0] : null);

/**
 * The newest round that came to an end, or null.
 * @param {State} state
 */
export const newestResult = ({ slow }) => slow.find((round) => !isUnderWay(round)) ?? null;

/**
 * "Fine-tuning on 120 labels, 43 %".
 * @param {SlowRound} round
 */
export function doing({ state, labels, progress, sentence: said }) {
  const own = state === "training" ? `Fine-tuning on ${counted(labels, "label")}` : "Reading the images with the new weights";
  return `${said ? sentence(said).replace(/[.…]$/, "") : own}, ${share(progress, 1)}`;
}

/**
 * A round as a line: what became of it, why, and on how many labels. One that was cut short says so.
 * @param {SlowRound} round
 * @param {SlowRound | null} now the round that is under way
 * @returns {{head: string, text: string, labels: string, tone: Tone}}
 */
export function line(round, now) {
  const labels = counted(round.labels, "label");
  if (round === now) return { head: HEADS[round.state], text: doing(round), labels, tone: TONES[round.state] };
  if (isUnderWay(round)) return { head: "Cut short", text: "The trainer ended before this round did.", labels, tone: "quiet" };
  return { head: HEADS[round.state], text: round.sentence ? sentence(round.sentence) : "", labels, tone: TONES[round.state] };
}
