/** The labelling page: waits for the first news, asks what has to be asked, then opens the workplace. */

import { startSession } from "../app/session.js";
import { Workplace } from "../app/workplace.js";
import { connect } from "../io/live.js";
import { claimClientId, readName, writeName } from "../io/person.js";
import { openStore } from "../io/store.js";
import { askName, nameOr, startHelp } from "../ui/dialogs.js";
import { byId } from "../ui/dom.js";
import { renderUnreachable } from "../ui/notices.js";
import { Setup } from "../ui/setup.js";
import { startTheme } from "../ui/theme.js";

/** @typedef {import("../core/types.js").State} State */

class LabelPage {
  /** @type {State | null} */ #newest = null;
  /** @type {Setup | null} */ #setup = null;
  /** @type {Workplace | null} */ #workplace = null;

  start() {
    startTheme();
    startHelp();
    startSession();
    connect({
      state: (state) => this.#take(state),
      trainer: (trainer) => this.#newest && this.#take({ ...this.#newest, trainer }),
      metrics: (row) => this.#workplace?.metrics(row),
      queue: () => this.#workplace?.queue(),
      link: (online) => this.#link(online),
    });
  }

  /** @param {State} state */
  #take(state) {
    const first = this.#newest === null;
    this.#newest = state;
    if (first) void this.#introduce(state);
    this.#setup?.render(state);
    this.#workplace?.state(state);
  }

  /** @param {boolean} online */
  #link(online) {
    this.#workplace?.link(online);
    if (!this.#newest) showUnreachable(!online);
  }

  /** Sets up where there is nothing yet, asks for the name where it is not known. @param {State} state */
  async #introduce(state) {
    showUnreachable(false);
    const name = readName();
    const begin = (/** @type {string} */ text) => void this.#begin(remember(text));
    if (state.session === "setup") this.#setup = new Setup(byId("setup"), name ?? "", begin);
    else await this.#begin(name ?? remember(await askName()));
  }

  /** @param {string} annotator */
  async #begin(annotator) {
    const [client, store] = [await claimClientId(), await openStore()];
    this.#setup = null;
    byId("setup").hidden = true;
    byId("desk").hidden = false;
    this.#workplace = new Workplace(annotator, client, store);
    if (this.#newest) this.#workplace.state(this.#newest);
    await this.#workplace.open();
  }
}

/** @param {boolean} unreachable */
function showUnreachable(unreachable) {
  byId("desk").hidden = !unreachable;
  renderUnreachable(unreachable);
}

/** @param {string} text @returns {string} */
function remember(text) {
  writeName(nameOr(text));
  return nameOr(text);
}

new LabelPage().start();
