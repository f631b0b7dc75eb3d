/** The list of versions: name, compare, go back to, fine-tune from. */

import { accuracyText, keptText } from "../core/settings.js";
import { count } from "../core/format.js";
import { byId, el, keyed, setText } from "./dom.js";

/**
 * @typedef {import("../core/settings.js").Version} Version
 * @typedef {{name: (version: Version, name: string) => void, rollback: (version: Version) => void, finetune: (version: Version) => void}} Acts
 */

/**
 * @param {Version[]} versions oldest first
 * @param {string} off why fine-tuning is off; empty where it is on
 * @param {Acts} acts
 */
export function renderVersions(versions, off, acts) {
  const newest = versions.length ? versions[versions.length - 1].version : 0;
  byId("versions-none").hidden = versions.length > 0;
  byId("version-table").hidden = versions.length === 0;
  keyed(byId("version-rows"), [...versions].reverse(), (v) => String(v.version), (v) => row(v, acts), (item, v) => draw(item, v, newest, off));
}

/** @param {Version} version @param {Acts} acts */
function row(version, acts) {
  const number = count(version.version);
  const name = el("input", { type: "text", class: "field", maxlength: 80, autocomplete: "off", placeholder: "unnamed", "aria-label": `Name of version ${number}`, onchange: () => acts.name(version, name.value) });
  const button = (/** @type {string} */ text, /** @type {string} */ what, /** @type {() => void} */ onclick) =>
    el("button", { type: "button", class: "button small", "aria-label": `${what} version ${number}`, dataset: { act: text }, onclick }, text);
  return el("tr", {},
    el("th", { scope: "row" }, number),
    el("td", {}, name),
    el("td", { class: "number" }, count(version.labels)),
    el("td", { class: "number" }),
    el("td", { class: "muted" }),
    el("td", {}, el("div", { class: "acts" },
      el("a", { class: "button small", "aria-label": `Compare version ${number} with the newest` }, "Compare"),
      button("Go back…", "Go back to", () => acts.rollback(version)),
      button("Fine-tune", "Fine-tune from", () => acts.finetune(version)))));
}

/** @param {HTMLElement} item @param {Version} version @param {number} newest @param {string} off */
function draw(item, version, newest, off) {
  const [, name, , accuracy, kept, acts] = /** @type {any} */ (item.children);
  const input = name.firstElementChild;
  item.toggleAttribute("data-now", version.version === newest);
  if (document.activeElement !== input) input.value = version.name;
  input.disabled = !version.kept;
  setText(accuracy, accuracyText(version));
  setText(kept, keptText(version, newest));
  const [compare, back, finetune] = acts.firstElementChild.children;
  compare.href = `/review?versions=${version.version},${newest}`;
  const obstacle = version.space.startsWith("pixels-") ? "It rests on pixels, not on a network." : off;
  back.disabled = !version.kept;
  finetune.disabled = !version.kept || obstacle !== "";
  finetune.title = obstacle;
}
