/** A sentence that appears for a moment when something asked for did not work. */

import { byId } from "./dom.js";

const SHOWN_MS = 8_000;

/** @param {string} text */
export function say(text) {
  const toast = byId("toast");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(Number(toast.dataset.timer));
  toast.dataset.timer = String(setTimeout(() => (toast.hidden = true), SHOWN_MS));
}

/**
 * Does it, or says why it did not work.
 * @param {() => Promise<unknown>} work
 * @returns {Promise<boolean>} whether it worked
 */
export async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    say(error.message);
    return false;
  }
}
