/** Keys, clicks and their commands on the labelling page. */

import { counted } from "../core/format.js";
import { commandOf } from "../core/keys.js";
import { addClass, askAgain, renameClass } from "../io/api.js";
import { isPanelFolded, setPanelFolded } from "../io/person.js";
import { confirm, isDialogOpen, toggleHelp } from "../ui/dialogs.js";
import { announce, byId, isTyping } from "../ui/dom.js";
import { toggleTheme } from "../ui/theme.js";
import { attempt } from "../ui/toast.js";
import { asText, tallyRows } from "../core/outbox.js";
import { resume, stop } from "./session.js";

/**
 * @typedef {object} Parts
 * @property {import("./labelling.js").Labelling} labelling
 * @property {import("./view.js").LabelView} view
 * @property {import("../ui/stage.js").Stage} stage
 * @property {import("../ui/classes.js").ClassPanel} classes
 * @property {import("../io/outbox.js").Outbox} outbox
 * @property {import("../io/sender.js").Sender} sender
 * @property {() => void} supply asks for images
 * @property {(start: number) => void} timed a key was pressed at `start`; what it shows is being painted
 * @property {import("./saliency.js").Lens} lens
 * @property {() => Promise<void>} older loads older answers of one's own
 */

export class Controls {
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("click", letGo);
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-command]"))) {
      button.addEventListener("click", (event) => this.run(button.dataset.command ?? "", event.timeStamp));
    }
    byId("fold").addEventListener("click", () => this.#fold(!isPanelFolded()));
    this.#fold(isPanelFolded());
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.defaultPrevented || event.isComposing || isTyping(event.target) || isDialogOpen()) return;
    if (activates(event)) return;
    const press = { ...pick(event), altGraph: event.getModifierState("AltGraph") };
    const classes = this.#parts.labelling.state?.classes ?? [];
    const command = commandOf(press, classes.length);
    if (!command) return;
    event.preventDefault();
    if ("index" in command) this.choose(classes[command.index].name, event.timeStamp);
    else this.run(command.name, event.timeStamp);
  }

  /**
   * Gives the visible image a class.
   * @param {string} name
   * @param {number} time of the key press or click
   */
  choose(name, time) {
    if (this.#parts.stage.status === "failed") return announce("This image cannot be opened; skip it with X.", true);
    this.#answer("label", name, time);
  }

  /** Accepts the suggestion that is on screen. @param {number} time */
  accept(time) {
    const suggestion = this.#parts.view.suggestion;
    if (suggestion) this.#answer("label", suggestion.label, time);
  }

  /**
   * A key counts for the image that was on screen when it was pressed; where the next one was not painted yet, it
   * counts for none.
   * @param {import("../core/types.js").Kind} kind
   * @param {string | null} label
   * @param {number} time
   */
  #answer(kind, label, time) {
    const { stage, labelling, sender, supply, timed } = this.#parts;
    if (!stage.wasVisibleAt(time)) return;
    timed(time);
    const entry = labelling.answer(kind, label, time - stage.visibleSince);
    if (!entry) return;
    setTimeout(() => sender.wake());
    if (labelling.desk.deck.tasks.length <= 1) supply();
  }

  /** @type {Record<string, (time: number) => void>} */
  #commands = {
    accept: (time) => this.accept(time),
    skip: (time) => this.#answer("skip", null, time),
    flag: (time) => this.#answer("flag", null, time),
    undo: () => void this.#undo(),
    alike: (time) => this.#takeOffer(time),
    back: () => void this.#look(-1),
    forward: () => void this.#look(1),
    current: () => this.#parts.labelling.lookAt(null),
    find: () => this.#parts.classes.openFinding(),
    newClass: () => this.#parts.classes.openAdding(),
    grid: () => location.assign("/grid"),
    help: () => toggleHelp(),
    theme: () => toggleTheme(),
    panel: () => this.#fold(!isPanelFolded()),
    saliency: (time) => this.#parts.lens.toggle(time),
    mask: () => this.#paintOn(),
    fit: () => this.#parts.stage.fit(),
    zoomIn: () => this.#parts.stage.zoom(1),
    zoomOut: () => this.#parts.stage.zoom(-1),
    darker: () => this.#parts.stage.brighten(-1),
    brighter: () => this.#parts.stage.brighten(1),
    invert: () => this.#parts.stage.invert(),
  };

  /** To the page where masks are painted, with the image that is on screen. */
  #paintOn() {
    const { image } = this.#parts.stage;
    if (image) location.assign(`/paint?${new URLSearchParams({ image: image.image_id })}`);
  }

  /**
   * @param {string} name
   * @param {number} time of the key press or click
   */
  run(name, time) {
    this.#commands[name]?.(time);
  }

  /** Gives the last label to the look-alikes that were on screen. @param {number} time */
  #takeOffer(time) {
    const { labelling, view, sender, supply } = this.#parts;
    if (!view.alike.wasVisibleAt(time)) return;
    const entries = labelling.takeOffer(view.alike.without);
    if (!entries.length) return;
    sender.wake();
    announce(`${entries[0].label} for ${counted(entries.length, "look-alike")}`);
    if (labelling.desk.deck.tasks.length <= 1) supply();
  }

  async #undo() {
    const { labelling, sender, older } = this.#parts;
    if (!labelling.desk.history.length) await older();
    const undone = labelling.undo();
    if (!undone.length) return announce("There is nothing to undo.");
    sender.wake();
    const [{ label, kind, filename }] = undone;
    announce(`Undone: ${label ?? kind}, ${undone.length > 1 ? counted(undone.length, "image") : filename}`);
  }

  /** @param {number} by */
  async #look(by) {
    const { labelling, older } = this.#parts;
    const { look, history } = labelling.desk;
    if (by < 0 && (!history.length || history[0].image_id === look)) await older();
    labelling.look(by);
  }

  /** @param {boolean} folded */
  #fold(folded) {
    setPanelFolded(folded);
    byId("desk").classList.toggle("folded", folded);
    byId("fold").setAttribute("aria-expanded", String(!folded));
  }

  /** @type {Record<import("../core/situation.js").Action, () => void>} */
  #actions = {
    stop: () => void stop(),
    goOn: () => this.#parts.view.goOn(),
    resume: () => void resume().then(() => this.#parts.supply()),
    askSkipped: () => void this.#askAgain("skip"),
    askFlagged: () => void this.#askAgain("flag"),
    summary: () => location.assign("/summary"),
    data: () => location.assign("/data"),
    next: () => this.#parts.supply(),
    retryAside: () => this.#retryAside(),
    copyAside: () => void this.#copyAside(),
    discardAside: () => void this.#discardAside(),
  };

  /** @param {import("../core/situation.js").Action} action */
  act(action) {
    this.#actions[action]();
  }

  /** @param {"skip" | "flag"} kind */
  async #askAgain(kind) {
    await attempt(() => askAgain(kind));
    this.#parts.supply();
  }

  #retryAside() {
    const { outbox, sender } = this.#parts;
    for (const { refused, ...row } of tallyRows(outbox.rows).aside) outbox.update(row);
    sender.wake();
  }

  async #copyAside() {
    await attempt(() => navigator.clipboard.writeText(asText(tallyRows(this.#parts.outbox.rows).aside)));
  }

  async #discardAside() {
    const { aside } = tallyRows(this.#parts.outbox.rows);
    const text = `${asText(aside)}\nNobody else has these answers.`;
    if (!(await confirm({ title: "Discard what could not be saved?", text, yes: "Discard" }))) return;
    for (const row of aside) this.#parts.outbox.discard(row.id);
  }

  /** @param {string} name @returns {Promise<boolean>} */
  add(name) {
    return attempt(() => addClass(name));
  }

  /** @param {string} from @param {string} to @returns {Promise<boolean>} */
  rename(from, to) {
    return attempt(() => renameClass(from, to));
  }
}

/** After a click the keys belong to the image again. @param {MouseEvent} event */
function letGo(event) {
  const focused = document.activeElement;
  if (event.detail > 0 && focused instanceof HTMLButtonElement && !isDialogOpen()) focused.blur();
}

/** Space and Enter press a button that was reached by keyboard. @param {KeyboardEvent} event */
const activates = (event) =>
  (event.key === " " || event.key === "Enter") &&
  event.target instanceof Element &&
  event.target.matches("button:focus-visible, a:focus-visible, summary:focus-visible");

/** @param {KeyboardEvent} event */
const pick = ({ key, code, shiftKey, ctrlKey, metaKey, altKey, repeat }) => ({ key, code, shiftKey, ctrlKey, metaKey, altKey, repeat });
