/** The two views of the Explain page: versions beside methods, and the same model with a shifted input. */

import { classFor, correlation, largestDifference, nameOf, verdict } from "../core/explain.js";
import { el } from "./dom.js";
import { Tile, heading } from "./explain_tiles.js";

/**
 * @typedef {import("../core/explain.js").Version} Version
 * @typedef {import("../core/explain.js").Subject} Subject
 * @typedef {import("../io/saliency.js").ExplainedImage} ExplainedImage
 * @typedef {import("../io/saliency.js").Method} Method
 * @typedef {import("../io/saliency.js").SaliencyMap} SaliencyMap
 * @typedef {import("../app/map_queue.js").Job} Job
 * @typedef {{blocks: HTMLElement[], jobs: Job[]}} View
 */

/**
 * One block for each image: a row for each version, a column for each method.
 * @param {ExplainedImage[]} images
 * @param {Method[]} methods
 * @param {Version[]} versions oldest first
 * @param {number} present
 * @param {Subject} subject
 * @returns {View}
 */
export function comparison(images, methods, versions, present, subject) {
  /** @type {Job[]} */
  const jobs = [];
  const blocks = images.map((image) => {
    const rows = versions.map((version) => {
      const tiles = methods.map((method) => {
        const tile = new Tile(image, `${method.title}, version ${version.version}`);
        const number = version.version === present ? null : version.version;
        const label = classFor(subject, image.label);
        jobs.push(job(tile, image, { method: method.name, version: number, label }, present, (map) => tile.show(map)));
        return tile.element;
      });
      const { title, text } = nameOf(version, present);
      return [heading(title, text), ...tiles];
    });
    const grid = el("div", { class: "map-grid" }, el("span"), ...methods.map(methodHead), ...rows.flat());
    grid.style.setProperty("--columns", String(methods.length));
    return block(image, grid);
  });
  return { blocks, jobs };
}

/**
 * Each method before and after a shift of the input that the first layers' biases take away again.
 * @param {HTMLElement} proof where the logits are shown
 * @param {ExplainedImage[]} images at most one
 * @param {Method[]} methods
 * @param {Subject} subject
 * @returns {View}
 */
export function shiftDemonstration(proof, images, methods, subject) {
  /** @type {Job[]} */
  const jobs = [];
  proof.replaceChildren(el("p", {}, EXPLANATION));
  const blocks = images.map((image) => {
    const label = classFor(subject, image.label);
    const pairs = methods.map((method) => {
      const says = el("span", { class: "muted" }, "…");
      /** @type {(SaliencyMap | null)[]} */
      const maps = [null, null];
      const tiles = ["the image as it is", "shifted"].map((what, i) => {
        const tile = new Tile(image, `${method.title}, ${what}`);
        jobs.push(job(tile, image, { method: method.name, label, shifted: i === 1 }, 0, (map) => {
          tile.show(map);
          tile.say(what);
          maps[i] = map;
          if (maps[0] && maps[1]) judge(says, proof, maps[0], maps[1]);
        }));
        return tile.element;
      });
      return el("article", { class: "pair" }, el("h3", {}, method.title, " ", says), ...tiles);
    });
    return block(image, el("div", { class: "pairs" }, ...pairs));
  });
  return { blocks, jobs };
}

const EXPLANATION =
  "A constant, 2, is added to every value of the standardised image; the biases of the first layers are lowered by just what that " +
  "adds, and the border is padded with 2 instead of 0. The model computes what it computed before: all logits are the same. Where " +
  "a map changes nevertheless, that is the method's doing: it compares the image with a fixed one, which the shift has left behind.";

/** @param {HTMLElement} says @param {HTMLElement} proof @param {SaliencyMap} before @param {SaliencyMap} after */
function judge(says, proof, before, after) {
  const { same, text } = verdict(correlation(before.grey, after.grey));
  says.className = same ? "same" : "changed";
  says.textContent = text;
  if (!proof.querySelector("table")) proof.append(...logitTable(before.facts, after.facts));
}

/** @param {import("../core/saliency.js").Facts} before @param {import("../core/saliency.js").Facts} after */
function logitTable(before, after) {
  const row = (/** @type {string} */ name, /** @type {number[]} */ logits) => el("tr", {}, el("th", { scope: "row" }, name), ...logits.map((logit) => el("td", {}, logit.toFixed(4).replace("-", "−"))));
  const shown = Math.min(before.classes.length, 10);
  const cut = (/** @type {number[]} */ logits) => logits.slice(0, shown);
  const head = el("tr", {}, el("th", { scope: "col" }, "logit of"), ...before.classes.slice(0, shown).map((name) => el("th", { scope: "col" }, name)));
  const table = el("table", {}, el("thead", {}, head), el("tbody", {}, row("the image", cut(before.logits)), row("shifted", cut(after.logits))));
  const difference = largestDifference(before.logits, after.logits);
  const words = `Largest difference: ${difference.toExponential(1)}, the rounding of 32-bit numbers.`;
  return [el("div", {}, table, el("p", { class: "muted small" }, words))];
}

/**
 * @param {Tile} tile
 * @param {ExplainedImage} image
 * @param {import("../io/saliency.js").Wish} wish
 * @param {number} turn another one asks anew
 * @param {(map: SaliencyMap) => void} done
 * @returns {Job}
 */
const job = (tile, image, wish, turn, done) => ({
  key: JSON.stringify([image.image_id, wish, turn]),
  imageId: image.image_id,
  wish,
  done,
  waiting: (text) => tile.say(text),
  failed: (text) => tile.say(text),
});

/** @param {Method} method */
function methodHead(method) {
  const head = heading(method.title, method.note ? "approximation" : "");
  head.title = method.note;
  return head;
}

/** @param {ExplainedImage} image @param {HTMLElement} maps */
function block(image, maps) {
  const says = image.label === null ? "no label yet" : `labelled ${image.label}`;
  const paint = el("a", { href: `/paint?${new URLSearchParams({ image: image.image_id })}` }, "paint what to ignore");
  return el("section", { class: "map-block" }, el("h2", {}, image.filename, el("span", { class: "muted" }, ` · ${says} · `), paint), maps);
}
