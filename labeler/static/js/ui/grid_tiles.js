/** The tiles of the grid: one button per image. */

import { fileName, percent } from "../core/format.js";
import { sized } from "../io/api.js";
import { byId, el, keyed, setText } from "./dom.js";

/**
 * @typedef {import("../core/grid.js").Page} Page
 * @typedef {import("../io/map.js").GridImage} GridImage
 */

/**
 * @param {Page} page
 * @param {{columns: number, side: number, wished: number, colours: Map<string, number>}} look
 * @param {(id: string, group: boolean) => void} onToggle
 */
export function renderTiles(page, { columns, side, wished, colours }, onToggle) {
  const box = byId("tiles");
  box.style.setProperty("--columns", String(columns));
  box.style.setProperty("--side", `${side}px`);
  const sizes = new Map();
  for (const { group } of page.images) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  keyed(box, page.images, (image) => image.image_id, (image) => tile(image, wished, onToggle), (item, image, index) => {
    const isAlike = sizes.get(image.group) > 1;
    item.classList.toggle("alike", isAlike);
    item.classList.toggle("joined", isAlike && page.images[index + 1]?.group === image.group && (index + 1) % columns !== 0);
    mark(item, image, page, colours);
  });
}

/** @param {GridImage} image @param {number} wished @param {(id: string, group: boolean) => void} onToggle */
function tile({ image_id, url, filename, confidence }, wished, onToggle) {
  const name = fileName(filename);
  const sure = confidence ? `, ${percent(confidence)} sure` : "";
  const picture = el("img", { src: thumbnail(url, wished), alt: name, draggable: "false", decoding: "async" });
  const button = el("button", { type: "button", dataset: { id: image_id }, title: `${name}${sure}`, onclick: (/** @type {MouseEvent} */ event) => onToggle(image_id, event.shiftKey) }, picture, el("span", { class: "caption" }));
  return el("li", { class: "tile" }, button);
}

/** The address of a thumbnail; the next page fetches the same one ahead. @param {string} url @param {number} wished side */
export const thumbnail = (url, wished) => sized(url, wished * Math.min(2, Math.ceil(devicePixelRatio)));

/** @param {HTMLElement} item @param {GridImage} image @param {Page} page @param {Map<string, number>} colours */
function mark(item, { image_id }, page, colours) {
  const button = /** @type {HTMLElement} */ (item.firstElementChild);
  const caption = /** @type {Element} */ (button.lastElementChild);
  const label = page.corrections.get(image_id);
  const isOut = page.out.has(image_id);
  item.classList.toggle("out", isOut);
  item.classList.toggle("corrected", label !== undefined);
  button.setAttribute("aria-pressed", String(!isOut));
  caption.className = label === undefined ? "caption" : `caption c${(colours.get(label) ?? 0) % 10}`;
  setText(caption, isOut ? "left out" : (label ?? ""));
}
