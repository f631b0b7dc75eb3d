/** The Explain page: what versions of the model look at in chosen images, by several methods. */

import { startFrame } from "../app/frame.js";
import { MapQueue } from "../app/map_queue.js";
import { MOST_IMAGES, explicable, firstMethods, firstVersions } from "../core/explain.js";
import { COLOURS } from "../core/saliency.js";
import { getFound, getVersions } from "../io/analysis.js";
import { NotYet } from "../io/map.js";
import { getExplained, getMethods } from "../io/saliency.js";
import { byId, el, setText } from "../ui/dom.js";
import { comparison, shiftDemonstration } from "../ui/explain_views.js";
import { checks, renderThumbs, subjects } from "../ui/explain_choice.js";
import { choiceOf } from "../ui/map_side.js";
import { makeTabs } from "../ui/tabs.js";

/**
 * @typedef {import("../core/types.js").State} State
 * @typedef {import("../core/explain.js").Version} Version
 * @typedef {import("../io/saliency.js").ExplainedImage} ExplainedImage
 * @typedef {import("../io/saliency.js").Method} Method
 */

const AGAIN_MS = 1_500;
const KINDS = [
  { id: "wrong", text: "wrong", title: "The present version is wrong" },
  { id: "right", text: "right", title: "The present version is right" },
  { id: "never_right", text: "never right", title: "No version that is kept was right" },
  { id: "flipped", text: "flipped", title: "The answer changed from version to version" },
  { id: "picked", text: "picked", title: "Chosen on another page" },
];
const NONE = {
  wrong: "There is no test image that the present version gets wrong.",
  right: "There is no test image that the present version gets right.",
  never_right: "Every test image was right in some version.",
  flipped: "No answer has changed from version to version.",
  picked: "Nothing was picked; the Label and Review pages lead here from an image.",
};

class ExplainPage {
  #queue = new MapQueue();
  #kind = choiceOf(byId("kinds"), KINDS, (id) => void this.#showKind(id));
  /** @type {State | null} */ #state = null;
  /** @type {Method[]} */ #methods = [];
  /** @type {Version[]} */ #versions = [];
  /** @type {Set<string>} */ #chosenMethods = new Set();
  /** @type {Set<number>} */ #chosenVersions = new Set();
  /** @type {Map<string, ExplainedImage>} */ #chosen = new Map();
  /** @type {{image_id: string, url: string, filename: string}[]} */ #listed = [];
  /** @type {import("../core/explain.js").Subject} */ #subject = "prediction";
  #picked = new URLSearchParams(location.search).get("image");
  #view = new URLSearchParams(location.search).get("view") === "shift" ? "shift" : "maps";
  #present = 0;
  /** How often a kind of images was asked for. */ #turn = 0;

  async start() {
    const tabs = makeTabs(byId("tabs"), [{ id: "maps", text: "Versions and methods" }, { id: "shift", text: "Is it the method? Input shift" }], "panel", (id) => this.#show(id));
    tabs.choose(this.#view);
    byId("subject").addEventListener("change", () => {
      this.#subject = byId("subject").value;
      this.#draw();
    });
    byId("opacity").addEventListener("input", () => this.#fade());
    this.#fade();
    drawScale();
    void startFrame((state) => this.#take(state));
    await this.#learn();
    await this.#showKind(this.#picked ? "picked" : "wrong");
    if (!this.#picked && !this.#chosen.size && this.#turn === 1) await this.#showKind("right");
  }

  /** @param {State} state */
  #take(state) {
    this.#state = state;
    subjects(state.classes, this.#subject);
  }

  /** What the trainer and the labeler have to offer; asked again until they say so. */
  async #learn() {
    for (;;) {
      try {
        const { methods } = await getMethods();
        this.#methods = methods;
        this.#chosenMethods = firstMethods(methods);
        await this.#learnVersions();
        this.#chosenVersions = firstVersions(this.#versions);
        return this.#drawChoices();
      } catch (error) {
        const { message } = /** @type {Error} */ (error);
        this.#sayEmpty(error instanceof NotYet && error.code !== "trainer_away" ? "The trainer is busy; asking again…" : message);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  /** The versions as they are now: while others label, the newest is soon another one. */
  async #learnVersions() {
    const { versions } = await getVersions();
    const before = this.#present;
    this.#present = Math.max(0, ...versions.map((version) => version.version));
    this.#versions = explicable(versions, this.#present);
    if (this.#chosenVersions.delete(before)) this.#chosenVersions.add(this.#present);
    if (before !== this.#present) this.#drawChoices();
  }

  #drawChoices() {
    checks(byId("methods"), this.#methods.map((method) => ({ id: method.name, text: method.title, more: method.note ? "approx." : "", hint: method.why_not || method.note, off: !method.allowed })), this.#chosenMethods, () => this.#draw());
    checks(byId("versions"), [...this.#versions].reverse().map((version) => ({ id: version.version, text: version.version === this.#present ? "now" : version.name || `version ${version.version}`, more: `${version.labels} labels`, hint: "", off: false })), this.#chosenVersions, () => this.#draw());
  }

  /** Lists images of a kind and chooses the first; what a later call lists wins. @param {string} kind */
  async #showKind(kind) {
    const turn = ++this.#turn;
    this.#kind.press(kind);
    this.#listed = [];
    this.#chosen.clear();
    setText(byId("images-note"), "");
    this.#draw();
    if (this.#methods.length) this.#sayEmpty("Looking for images…");
    const listed = await this.#imagesOf(kind);
    if (turn !== this.#turn) return;
    this.#listed = listed;
    setText(byId("images-note"), listed.length ? "" : NONE[/** @type {keyof typeof NONE} */ (kind)]);
    if (listed.length) await this.#toggle(listed[0].image_id);
    else this.#draw();
  }

  /** @param {string} kind */
  async #imagesOf(kind) {
    await this.#learnVersions().catch(() => null);
    if (kind === "picked") return this.#pickedImages();
    const versions = kind === "wrong" || kind === "right" ? this.#versions.slice(-1) : this.#versions;
    if (!versions.length) return [];
    const numbers = versions.map((v) => v.version);
    return (await getFound(/** @type {any} */ (kind), numbers).catch(() => ({ images: [] }))).images;
  }

  async #pickedImages() {
    if (!this.#picked) return [];
    try {
      return [await getExplained(this.#picked)];
    } catch (error) {
      this.#sayEmpty(/** @type {Error} */ (error).message);
      return [];
    }
  }

  /** @param {string} id */
  async #toggle(id) {
    if (!this.#chosen.delete(id)) {
      const turn = this.#turn;
      const image = await getExplained(id).catch(() => null);
      if (turn !== this.#turn) return;
      if (image) this.#chosen.set(id, image);
      for (const old of [...this.#chosen.keys()].slice(0, -MOST_IMAGES)) this.#chosen.delete(old);
    }
    this.#draw();
  }

  /** @param {string} view */
  #show(view) {
    this.#view = view;
    byId("versions-part").hidden = view === "shift";
    byId("shift-proof").hidden = view !== "shift";
    this.#draw();
  }

  #draw() {
    renderThumbs(this.#listed, this.#chosen, (id) => void this.#toggle(id));
    const images = [...this.#chosen.values()];
    const methods = this.#methods.filter((method) => this.#chosenMethods.has(method.name));
    if (!this.#methods.length) return;
    byId("empty").hidden = images.length > 0;
    if (!images.length && this.#listed.length) this.#sayEmpty("Choose an image on the left.");
    else if (!images.length && !this.#picked) this.#sayEmpty("There is no image here; choose others on the left.");
    const versions = this.#versions.filter((version) => this.#chosenVersions.has(version.version));
    const { blocks, jobs } =
      this.#view === "shift"
        ? shiftDemonstration(byId("shift-proof"), images.slice(-1), methods, this.#subject)
        : comparison(images, methods, versions, this.#present, this.#subject);
    byId("grids").replaceChildren(...blocks);
    this.#queue.want(jobs);
  }

  #fade() {
    byId("panel").style.setProperty("--map-opacity", String(Number(byId("opacity").value) / 100));
  }

  /** @param {string} text */
  #sayEmpty(text) {
    byId("empty").hidden = false;
    setText(byId("empty"), text);
  }
}

function drawScale() {
  const context = byId("scale").getContext("2d");
  for (let value = 0; value < 256; value += 1) {
    context.fillStyle = `rgb(${COLOURS.slice(3 * value, 3 * value + 3).join(" ")})`;
    context.fillRect(value, 0, 1, 1);
  }
}

void new ExplainPage().start();
