/** Strips below the header, and the page that takes the place of the image. */

import { share } from "../core/format.js";
import { unreachable } from "../core/situation.js";
import { announce, byId, el, keyed, setText } from "./dom.js";

/**
 * @typedef {import("../core/situation.js").Strip} Strip
 * @typedef {import("../core/situation.js").Page} Page
 * @typedef {import("../core/situation.js").Action} Action
 */

/**
 * @param {Strip[]} strips
 * @param {(action: Action) => void} onAction
 */
export function renderStrips(strips, onAction) {
  keyed(
    byId("strips"),
    strips,
    (strip) => strip.id,
    (strip) => {
      announce(strip.text, strip.tone === "bad");
      const ways = strip.ways.map((way) => wayButton(way, onAction, "button small"));
      return el("div", { class: "strip", dataset: { strip: strip.id } }, el("p", {}), ...ways);
    },
    (element, strip) => {
      element.dataset.tone = strip.tone;
      setText(/** @type {Element} */ (element.firstElementChild), strip.text);
    },
  );
}

/**
 * @param {Page | null} page
 * @param {(action: Action) => void} onAction
 */
export function renderPage(page, onAction) {
  const box = byId("page");
  box.hidden = page === null;
  if (page === null) return box.replaceChildren();
  const same = box.dataset.page === page.id && box.dataset.ways === page.ways.map((w) => w.text).join("|");
  if (!same || !box.firstElementChild) {
    box.dataset.page = page.id;
    box.dataset.ways = page.ways.map((w) => w.text).join("|");
    const ways = page.ways.map((way) => wayButton(way, onAction, way.main ? "button main" : "button"));
    box.replaceChildren(el("h2", {}), el("p", {}), progressBar("page-progress"), el("div", { class: "ways" }, ...ways));
    announce(`${page.title} ${page.text}`);
  }
  setText(box.children[0], page.title);
  setText(box.children[1], page.text);
  setProgress(box.children[2], page.progress ?? null);
}

/** Says that nobody answers, or takes that back. @param {boolean} holds */
export const renderUnreachable = (holds) => renderPage(holds ? unreachable() : null, () => {});

/**
 * @param {import("../core/situation.js").Way} way
 * @param {(action: Action) => void} onAction
 * @param {string} style
 */
const wayButton = ({ action, text }, onAction, style) =>
  el("button", { type: "button", class: style, dataset: { action }, onclick: () => onAction(action) }, text);

/** @param {string} label */
export const progressBar = (label) =>
  el("div", { class: "meter wide", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 }, el("span"));

/**
 * @param {any} meter
 * @param {{done: number, total: number} | null} progress null hides the bar
 */
export function setProgress(meter, progress) {
  meter.hidden = progress === null;
  if (!progress) return;
  const part = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
  meter.setAttribute("aria-valuenow", String(Math.floor(part * 100)));
  meter.setAttribute("aria-valuetext", share(progress.done, progress.total));
  meter.firstElementChild.style.width = `${part * 100}%`;
}
