/** What can be chosen on the Explain page: images, methods, versions, a class. */

import { sized } from "../io/api.js";
import { byId, el, keyed } from "./dom.js";

const THUMB_PX = 128;

/**
 * A list of boxes to tick.
 * @template {string | number} Id
 * @param {HTMLElement} list
 * @param {{id: Id, text: string, more: string, hint: string, off: boolean}[]} items
 * @param {Set<Id>} chosen is changed
 * @param {() => void} onChange
 */
export function checks(list, items, chosen, onChange) {
  list.replaceChildren(
    ...items.map(({ id, text, more, hint, off }) => {
      const box = el("input", { type: "checkbox", checked: chosen.has(id), disabled: off });
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(id);
        else chosen.delete(id);
        onChange();
      });
      return el("li", {}, el("label", { title: hint || null }, box, el("span", {}, text), el("span", { class: "muted" }, more)));
    }),
  );
}

/**
 * @param {{image_id: string, url: string, filename: string}[]} images
 * @param {Map<string, unknown>} chosen
 * @param {(id: string) => void} onToggle
 */
export function renderThumbs(images, chosen, onToggle) {
  keyed(byId("images"), images, (image) => image.image_id, (image) =>
    el("li", {}, el("button", { type: "button", title: image.filename, onclick: () => onToggle(image.image_id) }, el("img", { src: sized(image.url, THUMB_PX), alt: image.filename, loading: "lazy" }))),
  (item, image) => item.firstElementChild?.setAttribute("aria-pressed", String(chosen.has(image.image_id))));
}

/**
 * Whose evidence is shown.
 * @param {{name: string}[]} classes
 * @param {string} chosen
 */
export function subjects(classes, chosen) {
  const select = byId("subject");
  const options = [["prediction", "the prediction"], ["label", "the label"], ...classes.map(({ name }) => [`=${name}`, name])];
  if (select.options.length === options.length && options.every(([value], i) => select.options[i].value === value)) return;
  select.replaceChildren(...options.map(([value, text]) => el("option", { value }, text)));
  select.value = chosen;
}
