/** The Review page: what versions get right and wrong on the hold-out, class by class, and labels to look at again. */

import { startFrame } from "../app/frame.js";
import { count, counted, percent } from "../core/format.js";
import { getCurves, getFound, getTables, getVersions } from "../io/analysis.js";
import { Again } from "../ui/again.js";
import { renderChoices, switchOf } from "../ui/chooser.js";
import { showCalibration, showCurves } from "../ui/class-curves.js";
import { showConfusion } from "../ui/confusion.js";
import { byId, el } from "../ui/dom.js";
import { renderFound, startPictures } from "../ui/pictures.js";
import { showScores } from "../ui/scores.js";
import { makeTabs } from "../ui/tabs.js";

/**
 * @typedef {import("../core/types.js").State} State
 * @typedef {"never_right" | "flipped" | "mistakes"} Kind
 */

const VIEWS = [
  { id: "confusion", text: "Confusion" },
  { id: "curves", text: "Curves" },
  { id: "scores", text: "Classes" },
  { id: "calibration", text: "Calibration" },
  { id: "images", text: "Images" },
  { id: "again", text: "Look again" },
];

/** @type {{id: Kind, text: string, about: string, none: string}[]} */
const KINDS = [
  { id: "mistakes", text: "confident mistakes", about: "Test images that the newest chosen version gets wrong and is sure of: its errors, or the label's. The surest comes first.", none: "No confident mistake." },
  { id: "never_right", text: "never right", about: "Test images that two or more of these versions have judged and none got right: hard ones, or a wrong label.", none: "Every test image was right in one of them." },
  { id: "flipped", text: "flipped", about: "Test images whose answer turned from right to wrong or back between these versions, most often first.", none: "No answer has turned." },
];

const MOST_CURVES = 10;

class ReviewPage {
  /** @type {State | null} */ #state = null;
  /** @type {import("../io/analysis.js").Version[]} */ #versions = [];
  /** @type {Set<string>} */ #chosenVersions = new Set(new URLSearchParams(location.search).get("versions")?.split(","));
  /** @type {Set<string>} */ #chosenClasses = new Set();
  #names = "";
  #seq = -1;
  #empty = true;
  #view = "confusion";
  /** @type {Kind} */ #kind = "mistakes";
  #shown = 0;
  #again = new Again(() => this.#versions.at(-1)?.version ?? 0);

  start() {
    startPictures();
    byId("all-classes").addEventListener("click", () => this.#chooseClasses(true));
    byId("no-classes").addEventListener("click", () => this.#chooseClasses(false));
    void startFrame((state) => this.#take(state));
    const tabs = makeTabs(byId("views"), VIEWS, "view", (id) => this.#open(id));
    tabs.choose(location.hash.slice(1) && VIEWS.some(({ id }) => id === location.hash.slice(1)) ? location.hash.slice(1) : "confusion");
  }

  /** @param {State} state */
  #take(state) {
    const names = state.classes.map((c) => c.name).join("\n");
    this.#state = state;
    if (names !== this.#names) {
      const all = state.classes.map((c) => c.name);
      if (!this.#names) this.#chosenClasses = new Set(all);
      this.#names = names;
      this.#listClasses();
    }
    if (this.#empty && state.last_seq !== this.#seq) void this.#draw();
    this.#seq = state.last_seq;
  }

  /** The versions there are now. A chosen one may be gone: of those between two that are kept, only the newest is there. */
  async #load() {
    const answer = await getVersions().catch(() => null);
    if (!answer) return;
    this.#versions = answer.versions;
    const there = answer.versions.map((v) => String(v.version));
    const chosen = there.filter((version) => this.#chosenVersions.has(version));
    this.#chosenVersions = new Set(chosen.length ? chosen : there.slice(-1));
    this.#listVersions();
  }

  #listVersions() {
    const newest = this.#versions.at(-1)?.version;
    const choices = [...this.#versions].reverse().map((v) => ({
      id: String(v.version),
      name: v.name || count(v.version),
      note: [v.version === newest ? "newest" : counted(v.labels, "label"), v.metrics.accuracy && percent(v.metrics.accuracy.value)].filter(Boolean).join(" · "),
    }));
    renderChoices(byId("versions"), choices, this.#chosenVersions, (id, on) => this.#choose(this.#chosenVersions, id, on));
  }

  #listClasses() {
    const choices = (this.#state?.classes ?? []).map((c) => ({ id: c.name, name: c.name, note: count(c.count), color: c.color }));
    renderChoices(byId("chosen"), choices, this.#chosenClasses, (id, on) => this.#choose(this.#chosenClasses, id, on));
  }

  /** @param {Set<string>} chosen @param {string} id @param {boolean} on */
  #choose(chosen, id, on) {
    if (on) chosen.add(id);
    else chosen.delete(id);
    void this.#draw();
  }

  /** @param {boolean} all */
  #chooseClasses(all) {
    this.#chosenClasses = new Set(all ? (this.#state?.classes ?? []).map((c) => c.name) : []);
    this.#listClasses();
    void this.#draw();
  }

  /** @param {string} view */
  #open(view) {
    this.#view = view;
    history.replaceState(null, "", `#${view}`);
    byId("view").setAttribute("aria-labelledby", `tab-${view}`);
    if (view !== "again") this.#again.hide();
    void this.#draw();
  }

  async #draw() {
    if (!this.#state) return;
    const turn = ++this.#shown;
    const place = byId("view");
    await this.#load();
    if (turn !== this.#shown) return;
    const sentence = this.#missing();
    this.#empty = sentence !== "";
    if (sentence) return place.replaceChildren(el("p", { class: "none" }, sentence));
    if (this.#view === "again") return this.#again.show(place, this.#state.classes);
    try {
      const show = await this.#fetched();
      if (turn === this.#shown) show(place);
    } catch (error) {
      if (turn === this.#shown) place.replaceChildren(el("p", { class: "none" }, error.message));
    }
  }

  /** Why there is nothing to see; empty where there is. */
  #missing() {
    if (!this.#versions.length) return "No evaluation yet: the first comes as soon as a test image and two classes have labels.";
    return this.#chosenClasses.size || this.#view === "images" || this.#view === "again" ? "" : "Choose a class on the left.";
  }

  /** Asks for what the view needs. @returns {Promise<(place: HTMLElement) => void>} */
  async #fetched() {
    const versions = [...this.#chosenVersions].map(Number).sort((a, b) => a - b);
    const classes = (this.#state?.classes ?? []).map((c) => c.name);
    const chosen = classes.filter((name) => this.#chosenClasses.has(name));
    if (this.#view === "images") return this.#foundImages(versions);
    if (this.#view === "curves" || this.#view === "calibration") {
      const { curves } = await getCurves(versions, chosen.slice(0, MOST_CURVES));
      const left = chosen.length - MOST_CURVES;
      return (place) => {
        (this.#view === "curves" ? showCurves : showCalibration)(place, curves, classes, versions);
        if (left > 0) place.prepend(el("p", { class: "muted" }, `The first ${count(MOST_CURVES)} chosen classes; ${counted(left, "more", "more")} would make it unreadable. Choose on the left.`));
      };
    }
    const { versions: tables, classes: names } = await getTables(versions);
    if (this.#view === "scores") return (place) => showScores(place, tables, names, this.#chosenClasses);
    return (place) => showConfusion(place, tables[tables.length - 1], names, this.#chosenClasses);
  }

  /** @param {number[]} versions @returns {Promise<(place: HTMLElement) => void>} */
  async #foundImages(versions) {
    const several = this.#kind !== "mistakes" && versions.length < 2 ? this.#versions.map((v) => v.version) : versions;
    const found = await getFound(this.#kind, several);
    const kind = KINDS.find(({ id }) => id === this.#kind) ?? KINDS[0];
    const over = this.#kind === "mistakes" ? `version ${count(versions[versions.length - 1])}` : counted(several.length, "version");
    return (place) => {
      const box = el("div", { class: "fill" });
      place.replaceChildren(
        el("div", { class: "tools-row" },
          switchOf(KINDS, this.#kind, "Which images", (id) => {
            this.#kind = /** @type {Kind} */ (id);
            void this.#draw();
          }),
          el("span", { class: "grow" }), el("span", {}, `${counted(found.total, "image")}, ${over}`)),
        el("p", { class: "muted" }, kind.about), box);
      renderFound(box, found, kind.none);
    };
  }
}

new ReviewPage().start();
