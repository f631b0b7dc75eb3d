/** The page on which people paint where a model shall not look at an image, or where it shall. */

import { startFrame } from "../app/frame.js";
import { age } from "../core/format.js";
import { IGNORE, LOOK, NOTHING, Steps, emptyMask, nextRadius, paintCommand, shareOf } from "../core/paint.js";
import { deleteMask, getMask, getMaskInfo, putMask } from "../io/masks.js";
import { readName } from "../io/person.js";
import { byId, isTyping, setText } from "../ui/dom.js";
import { Easel, decodeMask, encodeMask, say } from "../ui/paint.js";

const LEVELS = { ignore: IGNORE, look: LOOK, erase: NOTHING };
/** @type {keyof typeof LEVELS} */
let tool = "ignore";
let radius = 8;
let saved = true;
const steps = new Steps();
/** @type {Easel | null} */
let easel = null;
const imageId = new URLSearchParams(location.search).get("image") ?? "";

void startFrame(() => {});
void open().catch((error) => refuse(error.message));

async function open() {
  if (!imageId) return refuse("No image was named. On the labelling page, press M on the image you want to paint on.");
  const info = await getMaskInfo(imageId);
  setText(byId("mask-file"), info.filename);
  if (!info.paintable) return refuse("This is a test image: it only measures, so nothing is painted on it.");
  const image = await pictureOf(info.url);
  const mask = info.painted ? await decodeMask(await getMask(imageId)) : emptyMask(info.width, info.height);
  radius = Math.max(2, Math.round(Math.max(info.width, info.height) / 25));
  byId("brush").max = String(mostRadius(info));
  easel = new Easel(mask, image, () => ({ level: LEVELS[tool], radius }), { begins: () => steps.keep(mask), changed: () => touch() });
  byId("mask-stage").replaceChildren(easel.box);
  new ResizeObserver(fit).observe(byId("mask-stage"));
  easel.draw();
  listen();
  render();
  say(info.painted ? `Painted${info.person ? ` by ${info.person}` : ""} ${info.time ? age(Date.now() / 1000 - info.time) : ""} ago.` : "Nothing is painted yet.");
  easel.canvas.focus();
}

/** @param {string} sentence */
function refuse(sentence) {
  const stage = byId("mask-stage");
  stage.textContent = sentence;
  stage.classList.add("empty");
  byId("mask-tools").disabled = true;
}

/** @param {string} url @returns {Promise<HTMLImageElement>} */
async function pictureOf(url) {
  const image = new Image();
  image.alt = "";
  image.draggable = false;
  image.src = url;
  await image.decode().catch(() => {
    throw new Error("The image cannot be shown; it may have been moved or deleted.");
  });
  return image;
}

/** @param {{width: number, height: number}} size */
const mostRadius = ({ width, height }) => Math.max(4, Math.round(Math.max(width, height) / 4));

function fit() {
  const { clientWidth: width, clientHeight: height } = byId("mask-stage");
  easel?.fit({ width, height });
}

function listen() {
  for (const button of document.querySelectorAll("[data-tool]:not(.brush-ring)")) button.addEventListener("click", () => run(/** @type {HTMLElement} */ (button).dataset.tool ?? ""));
  for (const name of ["undo", "clear", "save"]) byId(`mask-${name}`).addEventListener("click", () => run(name));
  byId("brush").addEventListener("input", () => setRadius(Number(byId("brush").value)));
  document.addEventListener("keydown", (event) => {
    const command = isTyping(event.target) && event.key.length > 1 ? null : paintCommand(event);
    if (!command || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    run(command);
  });
  window.addEventListener("beforeunload", (event) => saved || event.preventDefault());
  new MutationObserver(() => easel?.draw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** @param {string} command */
function run(command) {
  if (!easel) return;
  if (command in LEVELS) tool = /** @type {keyof typeof LEVELS} */ (command);
  else if (command === "smaller" || command === "larger") setRadius(nextRadius(radius, command === "larger" ? 1 : -1, mostRadius(easel.mask)));
  else if (command === "undo" && steps.undo(easel.mask)) touch(true);
  else if (command === "clear") clear();
  else if (command === "save") void save();
  else if (command === "leave") history.length > 1 ? history.back() : location.assign("/");
  easel.showBrush();
  render();
}

/** @param {number} pixels */
function setRadius(pixels) {
  radius = pixels;
  easel?.showBrush();
  render();
}

function clear() {
  if (!easel) return;
  steps.keep(easel.mask);
  easel.mask.levels.fill(NOTHING);
  touch(true);
}

/** The mask has changed. @param {boolean} [everywhere] */
function touch(everywhere = false) {
  if (everywhere) easel?.draw();
  saved = false;
  say("Not saved yet.");
  render();
}

async function save() {
  if (!easel) return;
  const { mask } = easel;
  byId("mask-save").disabled = true;
  try {
    const isEmpty = mask.levels.every((level) => level === NOTHING);
    await (isEmpty ? deleteMask(imageId, readName() ?? "") : putMask(imageId, await encodeMask(mask), readName() ?? ""));
    saved = true;
    say(isEmpty ? "Saved: nothing is painted on this image." : "Saved. The model learns it with its next step.");
  } catch (error) {
    say(`Not saved: ${error.message}`, true);
  }
  render();
}

function render() {
  if (!easel) return;
  for (const button of document.querySelectorAll("button[data-tool]")) button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.tool === tool));
  byId("brush").value = String(radius);
  setText(byId("brush-size"), `${2 * radius} px`);
  byId("mask-undo").disabled = steps.count === 0;
  byId("mask-save").disabled = saved;
  byId("mask-clear").disabled = easel.mask.levels.every((level) => level === NOTHING);
  const percent = (/** @type {number} */ level) => `${(100 * shareOf(/** @type {Easel} */ (easel).mask, level)).toFixed(1)} %`;
  setText(byId("share-ignore"), percent(IGNORE));
  setText(byId("share-look"), percent(LOOK));
}
