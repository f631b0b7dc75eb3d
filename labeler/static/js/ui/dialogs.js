/** Dialogs: all keys, who is labelling, and questions before something cannot be taken back. */

import { KEY_HELP } from "../core/keys.js";
import { byId, el, kbd } from "./dom.js";

/** Fills the help dialog and connects its button. */
export function startHelp() {
  const list = byId("help-list");
  for (const { keys, text } of KEY_HELP) list.append(el("div", {}, el("dt", {}, ...keys.map(kbd)), el("dd", {}, text)));
  byId("help-button").addEventListener("click", toggleHelp);
  byId("help-close").addEventListener("click", toggleHelp);
  byId("help").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "?") toggleHelp();
  });
}

/** Opens the list of keys, or closes it. */
export function toggleHelp() {
  const dialog = byId("help");
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

/**
 * Asks a question.
 * @param {{title: string, text: string, yes: string}} question
 * @returns {Promise<boolean>}
 */
export function confirm({ title, text, yes }) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  return new Promise((resolve) => {
    const done = new AbortController();
    const answer = (/** @type {boolean} */ value) => {
      done.abort();
      dialog.close();
      resolve(value);
    };
    byId("confirm-yes").addEventListener("click", () => answer(true), { signal: done.signal });
    byId("confirm-no").addEventListener("click", () => answer(false), { signal: done.signal });
    dialog.addEventListener("cancel", () => answer(false), { signal: done.signal });
    dialog.showModal();
    byId("confirm-no").focus();
  });
}

/**
 * Asks for the annotator's name; an empty answer is "anonymous".
 * @returns {Promise<string>}
 */
export function askName() {
  const dialog = byId("who");
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("cancel", (/** @type {Event} */ event) => event.preventDefault());
    byId("who-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      dialog.close();
      resolve(nameOr(byId("who-name").value));
    });
  });
}

/** @param {string} text */
export const nameOr = (text) => text.trim() || "anonymous";

/** Whether a dialog has the keys. */
export const isDialogOpen = () => document.querySelector("dialog[open]") !== null;
