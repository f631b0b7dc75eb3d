/** Found images as tiles; a click opens one large, with what was said of it and a way to its explanation. */

import { count, counted, fileName, percent } from "../core/format.js";
import { sized } from "../io/api.js";
import { shownUrl } from "../io/images.js";
import { byId, el } from "./dom.js";

/** @typedef {import("../io/analysis.js").Found} Found */

const TILE_PX = 256;

/**
 * @param {HTMLElement} box
 * @param {{images: Found[], total: number}} found
 * @param {string} none what to say where there is none
 */
export function renderFound(box, { images, total }, none) {
  const rest = total - images.length;
  box.replaceChildren(
    images.length ? el("div", { class: "images" }, ...images.map(tile)) : el("p", { class: "none" }, none),
    ...(rest > 0 ? [el("p", { class: "none" }, `and ${counted(rest, "more image")}`)] : []),
  );
}

/** @param {Found} image */
function tile(image) {
  const last = image.answers.at(-1);
  return el("button", { type: "button", onclick: () => enlarge(image), title: fileName(image.filename), dataset: { imageId: image.image_id } },
    el("img", { src: sized(image.url, TILE_PX), alt: fileName(image.filename), loading: "lazy" }),
    el("span", {}, `label ${image.label}`),
    last ? el("span", { class: "muted" }, `→ ${last.label} ${Math.round(100 * last.confidence)}\u00a0%`) : null);
}

/** @param {Found} image */
function enlarge(image) {
  byId("picture-name").textContent = fileName(image.filename);
  byId("picture-image").src = shownUrl(image.url);
  byId("picture-image").alt = fileName(image.filename);
  byId("picture-facts").replaceChildren(
    el("p", {}, `Label: ${image.label}`),
    ...image.answers.map((a) => el("p", {}, `Version ${count(a.version)}: ${a.label}, ${percent(a.confidence)}`)));
  byId("picture-explain").href = `/explain?${new URLSearchParams({ image: image.image_id })}`;
  byId("picture-open").href = shownUrl(image.url);
  byId("picture").showModal();
}

/** Connects the dialog. */
export function startPictures() {
  byId("picture-close").addEventListener("click", () => byId("picture").close());
}
