/** The Settings page: what can be changed while it runs, versions of the model, the session, and what was changed. */

import { startFrame } from "../app/frame.js";
import { resume, stop } from "../app/session.js";
import { changeAbout, changeText, refusalText } from "../core/settings.js";
import { moment, sentence } from "../core/format.js";
import { getChanges, getVersions } from "../io/analysis.js";
import { changeSetting, control, getSettings, nameVersion, recallVersion } from "../io/api.js";
import { readName } from "../io/person.js";
import { confirm } from "../ui/dialogs.js";
import { announce, byId, el, keyed, setText } from "../ui/dom.js";
import { SettingRows } from "../ui/settings.js";
import { renderVersions } from "../ui/settings-versions.js";
import { makeTabs } from "../ui/tabs.js";
import { attempt, say } from "../ui/toast.js";

/**
 * @typedef {import("../core/types.js").State} State
 * @typedef {import("../core/settings.js").Setting} Setting
 * @typedef {import("../core/settings.js").Version} Version
 */

const VERSIONS = "Versions";

/** @type {Record<State["session"], string>} */
const SESSIONS = {
  setup: "Not begun yet.",
  labelling: "Labelling and training go on.",
  paused: "Paused.",
  stopping: "Stopping…",
  stopped: "Training has stopped.",
};

class SettingsPage {
  #rows = new SettingRows(byId("rows"), (setting, value) => this.#save(setting, value));
  /** @type {Setting[]} */ #settings = [];
  /** @type {Version[]} */ #versions = [];
  /** @type {string[]} */ #classes = [];
  #group = "";
  #revision = -1;
  #model = -1;
  /** Whether the trainer takes up what it is told now. */ #works = true;

  async start() {
    const answer = await getSettings();
    const tabs = makeTabs(byId("tabs"), [...answer.groups, VERSIONS].map((text) => ({ id: text.replaceAll(" ", "-"), text })), "panel", (id) => this.#choose(id));
    this.#take(answer);
    tabs.choose(decodeURIComponent(location.hash.slice(1)) || answer.groups[0].replaceAll(" ", "-"));
    byId("session-pause").addEventListener("click", () => void attempt(() => control("pause")));
    byId("session-resume").addEventListener("click", () => void resume());
    byId("session-stop").addEventListener("click", () => void stop());
    await startFrame((state) => this.#follow(state));
  }

  /** @param {State} state */
  #follow(state) {
    renderSession(state);
    this.#works = state.session === "labelling" || state.session === "setup";
    this.#classes = state.classes.map((c) => c.name);
    this.#draw();
    if (state.settings.revision !== this.#revision) void this.#reload();
    else if (state.trainer.model_version !== this.#model) void this.#reloadVersions();
    this.#model = state.trainer.model_version;
  }

  async #reload() {
    this.#take(await getSettings());
    await this.#reloadVersions();
  }

  async #reloadVersions() {
    this.#versions = (await getVersions().catch(() => ({ versions: this.#versions }))).versions;
    this.#draw();
  }

  /** @param {{revision: number, settings: Setting[]}} answer */
  #take({ revision, settings }) {
    [this.#revision, this.#settings] = [revision, settings];
    this.#draw();
    void this.#listChanges();
  }

  /** @param {string} id */
  #choose(id) {
    const groups = [...new Set(this.#settings.map((s) => s.group)), VERSIONS];
    this.#group = groups.find((group) => group.replaceAll(" ", "-") === id) ?? groups[0];
    history.replaceState(null, "", `#${encodeURIComponent(id)}`);
    this.#draw();
  }

  #draw() {
    const listed = this.#settings.filter((s) => s.group === this.#group);
    const off = this.#settings.find((s) => s.off)?.off ?? "";
    const greyed = listed.some((s) => s.off);
    byId("versions").hidden = this.#group !== VERSIONS;
    byId("rows").hidden = this.#group === VERSIONS;
    byId("off").hidden = !greyed;
    setText(byId("off"), `${off} What only matters to it is greyed out.`);
    this.#rows.show(listed, this.#classes);
    renderVersions(this.#versions, off, { name: (v, name) => void this.#name(v, name), rollback: (v) => void this.#rollback(v), finetune: (v) => void this.#finetune(v) });
  }

  /** @param {Setting} setting @param {any} value @returns {Promise<string>} why it was refused */
  async #save(setting, value) {
    try {
      this.#take(await changeSetting(setting.key, value, readName() ?? ""));
      return "";
    } catch (error) {
      return refusalText(setting.key, error.message);
    }
  }

  async #listChanges() {
    const { changes } = await getChanges();
    const known = new Map(this.#settings.map((s) => [s.key, s]));
    byId("changes-none").hidden = changes.length > 0;
    keyed(byId("changes"), changes, (c) => `${c.revision}:${c.key}`, () => el("li", {}, el("span"), el("span", { class: "muted" })), (item, change) => {
      setText(item.children[0], changeText(change, known));
      setText(item.children[1], `${moment(change.time)} · ${changeAbout(change)}`);
    });
  }

  /** @param {Version} version @param {string} name */
  async #name(version, name) {
    if (await attempt(() => nameVersion(version.version, name))) announce(name ? `Version ${version.version} is named ${name}` : "The name was taken away");
    await this.#reloadVersions();
  }

  /** @param {Version} version */
  async #rollback(version) {
    const text = "Its network and its settings come back; the head is fitted on all labels, those since then included. No label is lost, and you can go forward again as long as a later version is kept.";
    if (await confirm({ title: `Go back to version ${version.version}?`, text, yes: "Go back" })) await this.#recall(version, "rollback");
  }

  /** @param {Version} version */
  async #finetune(version) {
    const text = "The next round of fine-tuning begins with this version's network. What is used now stays until that round's result is accepted.";
    if (await confirm({ title: `Fine-tune from version ${version.version}?`, text, yes: "Fine-tune from it" })) await this.#recall(version, "finetune");
  }

  /** @param {Version} version @param {"rollback" | "finetune"} kind */
  async #recall(version, kind) {
    const when = this.#works ? "The trainer does so at its next step." : "The trainer does so as soon as training goes on: press Resume.";
    if (await attempt(() => recallVersion(version.version, kind, readName() ?? ""))) say(when);
    await this.#reload();
  }
}

/** @param {State} state */
function renderSession({ session, stop_reason }) {
  setText(byId("session-state"), stop_reason ? `${SESSIONS[session]} ${sentence(stop_reason)}` : SESSIONS[session]);
  byId("session-pause").hidden = session !== "labelling";
  byId("session-resume").hidden = session === "labelling" || session === "setup";
  byId("session-stop").hidden = session !== "labelling" && session !== "paused";
}

void new SettingsPage().start();
