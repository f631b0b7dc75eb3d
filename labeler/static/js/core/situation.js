/** Which page or strip of its own a situation gets, each with a sentence and a way on. Pure. */

import { count, counted, sentence } from "./format.js";

/**
 * @typedef {"stop" | "goOn" | "resume" | "askSkipped" | "askFlagged" | "summary" | "data" | "next" | "retryAside" | "copyAside" | "discardAside"} Action
 * @typedef {{action: Action, text: string, main?: boolean}} Way
 * @typedef {{id: string, title: string, text: string, ways: Way[], progress?: {done: number, total: number}}} Page
 * @typedef {{id: string, tone: "quiet" | "warn" | "bad", text: string, ways: Way[]}} Strip
 *
 * @typedef {object} Facts
 * @property {import("./types.js").State | null} state
 * @property {boolean} online whether the labeler answers
 * @property {boolean} trainerAway away for longer than a moment
 * @property {import("./outbox.js").Fate | ""} trouble what keeps the outbox from being sent
 * @property {number} waiting rows in the outbox
 * @property {import("./types.js").Row[]} aside rows the labeler refused
 * @property {string} reason why the labeler gave no image
 * @property {boolean} hasImage
 * @property {boolean} lookingBack
 * @property {import("./types.js").Advice[]} advice stop rules that hold, as far as the person has not gone on after them
 * @property {boolean} storage whether this browser keeps the outbox across a reload
 */

const RESUME = /** @type {Way} */ ({ action: "resume", text: "Resume", main: true });
const SUMMARY = /** @type {Way} */ ({ action: "summary", text: "See the summary" });
const FILES = /** @type {Way} */ ({ action: "data", text: "Look at the files" });

/**
 * The page that takes the place of the image, or null where there is an image to show.
 * @param {Facts} facts
 * @returns {Page | null}
 */
export function pageFor({ state, online, reason, hasImage, lookingBack, waiting }) {
  if (lookingBack) return null;
  if (!state) return unreachable();
  if (state.session === "stopped") return stopped(state);
  if (hasImage) return null;
  if (!online) return disconnected(waiting);
  if (state.counts.images === 0 && state.scan.done) return noImages(state);
  return (PAGES[reason] ?? asking)(state);
}

/** @type {Record<string, (state: import("./types.js").State) => Page>} */
const PAGES = {
  indexing: ({ scan }) => ({
    ...page("indexing", "Looking through your images", `${counted(scan.found, "file")} found so far. Labelling begins with the first.`),
    progress: { done: scan.indexed, total: scan.found },
  }),
  no_images: noImages,
  all_done: allDone,
  others: () =>
    page("others", "The last images are with other people", "They come back here if they are not labelled within a minute."),
  paused: (state) => page("paused", "Paused", `${why(state)}No images are handed out and the trainer rests. Everything so far is saved.`, [RESUME]),
  stopping,
};

/** Why the session is as it is, as a sentence before others; empty where nothing was said. @param {import("./types.js").State} state */
const why = ({ stop_reason }) => (stop_reason ? `${sentence(stop_reason)} ` : "");

const asking = () => page("asking", "Asking for the next image…", "");

/** The page before the first news, where none comes. */
export const unreachable = () =>
  page("unreachable", "The labeler does not answer", "Start it with “make run”; this page goes on by itself as soon as it is there.");

/** @param {number} waiting */
const disconnected = (waiting) =>
  page("disconnected", "Connection lost", `${waitHere(waiting)} This page goes on by itself as soon as the labeler answers.`);

/** @param {import("./types.js").State} state */
function noImages(state) {
  return page("no_images", "No images yet", `Put JPEG, PNG, WebP, BMP or TIFF files into ${state.folder}; they appear here within seconds.`, [FILES]);
}

/** @param {import("./types.js").State} state */
function stopped(state) {
  const { counts } = state;
  const goOn = counts.remaining > 0 ? [{ ...RESUME, text: "Go on labelling", main: false }] : [];
  return page("stopped", "Training has stopped", `${why(state)}Model and predictions are saved.`, [
    { ...SUMMARY, main: true },
    ...goOn,
    ...askAgainWays(counts),
  ]);
}

/** @param {import("./types.js").State} state */
function stopping(state) {
  const { trainer, counts } = state;
  const rest = trainer.connected
    ? "The trainer evaluates once more and saves the model and its predictions."
    : "Model and predictions are saved as soon as the trainer is back.";
  return page("stopping", "Stopping…", why(state) + rest, [{ ...SUMMARY, main: true }, ...askAgainWays(counts)]);
}

/** @param {import("./types.js").State} state */
function allDone({ counts }) {
  const { labelled, skipped, flagged } = counts;
  const aside = [skipped && `${count(skipped)} skipped`, flagged && `${count(flagged)} flagged`].filter(Boolean);
  const rest = aside.length ? `; ${aside.join(", ")}` : "";
  return page("all_done", "Every image has been asked", `${counted(labelled, "image")} labelled${rest}. Training goes on.`, [
    { ...SUMMARY, main: true },
    ...askAgainWays(counts),
  ]);
}

/** @param {import("./types.js").State["counts"]} counts @returns {Way[]} */
function askAgainWays({ skipped, flagged }) {
  /** @type {Way[]} */
  const ways = [];
  if (skipped) ways.push({ action: "askSkipped", text: `Ask ${those(skipped, "skipped")} again` });
  if (flagged) ways.push({ action: "askFlagged", text: `Ask ${those(flagged, "flagged")} again` });
  return ways;
}

/**
 * The strips above the stage, most pressing first.
 * @param {Facts} facts
 * @returns {Strip[]}
 */
export function stripsFor(facts) {
  const { state, online, trainerAway, trouble, waiting, aside, storage, advice, hasImage, lookingBack } = facts;
  /** @type {(Strip | false)[]} */
  const strips = [
    trouble === "full" && full(waiting),
    online && trouble !== "full" && !!state?.problem && strip("problem", "bad", sentence(state.problem.message)),
    !online && !!state && (hasImage || lookingBack) && strip("offline", "bad", `Connection lost. ${waitHere(waiting)}`),
    trouble === "refused" && strip("refused", "bad", `The labeler does not accept this page: open it again with the address and token that the labeler printed. ${waitHere(waiting)}`),
    aside.length > 0 && refusedRows(aside),
    !storage && strip("storage", "warn", "This browser keeps nothing across a reload (private window?): wait for “saved” before closing the page."),
    hasImage && state?.session === "stopping" && strip("stopping", "quiet", "Stopping: the trainer evaluates once more and saves the model."),
    hasImage && state?.session === "paused" && strip("paused", "warn", `${why(state)}Paused: the trainer rests. Labels are still saved.`, [RESUME]),
    online && advice.length > 0 && state?.session === "labelling" && couldStop(advice),
    online && trainerAway && state?.session !== "stopped" && strip("trainer", "quiet", "The trainer is away. Labels are kept; it will catch up."),
  ];
  return strips.filter((s) => s !== false);
}

/**
 * The stop rules that hold now.
 * @param {import("./types.js").State | null} state
 */
export const holding = (state) => (state?.advice ?? []).filter((advice) => advice.holds);

/** @param {import("./types.js").Advice[]} advice */
const couldStop = (advice) =>
  strip("advice", "quiet", `You could stop here. ${advice.map((a) => sentence(a.sentence)).join(" ")}`, [
    { action: "stop", text: "Stop…" },
    { action: "goOn", text: "Go on" },
  ]);

/** @param {number} waiting */
const full = (waiting) =>
  strip("full", "bad", `The labeler's disk is full: nothing can be saved. Free some space there; ${lower(waitHere(waiting))}`);

/** @param {import("./types.js").Row[]} rows */
function refusedRows(rows) {
  const first = sentence(rows[0].refused ?? "");
  const more = rows.length > 1 ? ` (and ${counted(rows.length - 1, "more", "more")})` : "";
  return strip("aside", "bad", `${counted(rows.length, "answer")} could not be saved: ${first}${more}`, [
    { action: "retryAside", text: "Try again" },
    { action: "copyAside", text: "Copy" },
    { action: "discardAside", text: "Discard" },
  ]);
}

/** @param {number} n @param {string} which */
const those = (n, which) => (n === 1 ? `the ${which} image` : `the ${count(n)} ${which} images`);

/** @param {number} waiting */
const waitHere = (waiting) =>
  waiting === 0
    ? "Nothing waits; your labels are saved."
    : `${counted(waiting, "label")} ${waiting === 1 ? "waits" : "wait"} here and will be sent.`;

/** @param {string} text */
const lower = (text) => text.charAt(0).toLowerCase() + text.slice(1);

/**
 * @param {string} id
 * @param {string} title
 * @param {string} text
 * @param {Way[]} [ways]
 * @returns {Page}
 */
const page = (id, title, text, ways = []) => ({ id, title, text, ways });

/**
 * @param {string} id
 * @param {Strip["tone"]} tone
 * @param {string} text
 * @param {Way[]} [ways]
 * @returns {Strip}
 */
const strip = (id, tone, text, ways = []) => ({ id, tone, text, ways });
