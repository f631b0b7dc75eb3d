/** What this browser remembers about its person, and what tells this tab from others. */

const NAME = "labelstream.annotator";
const PANEL = "labelstream.panel";
const CLIENT = "labelstream.client";
const HELD = "labelstream.held";

/** The annotator's name; null until it has been asked. */
export const readName = () => read(localStorage, NAME);

/** @param {string} name */
export const writeName = (name) => write(localStorage, NAME, name);

export const isPanelFolded = () => read(localStorage, PANEL) === "folded";

/** @param {boolean} folded */
export const setPanelFolded = (folded) => write(localStorage, PANEL, folded ? "folded" : "open");

/** The images this tab held before a reload, the shown one first. @returns {string[]} */
export const readHeld = () => (read(sessionStorage, HELD) ?? "").split(" ").filter(Boolean);

/** @param {string[]} imageIds */
export const writeHeld = (imageIds) => write(sessionStorage, HELD, imageIds.join(" "));

/**
 * A UUID per tab. It survives a reload, so that the leases do too; a duplicated tab, which starts with a copy of the
 * other's storage, gets its own.
 * @returns {Promise<string>}
 */
export async function claimClientId() {
  const remembered = read(sessionStorage, CLIENT);
  const id = remembered && (await isMine(remembered)) ? remembered : uuid();
  write(sessionStorage, CLIENT, id);
  if (id !== remembered) void isMine(id);
  return id;
}

/** Holds a lock on the id for as long as the tab lives; false where another tab has it. @param {string} id */
function isMine(id) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks.request(`${CLIENT}.${id}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {});
    });
  });
}

/** A random UUID (version 4), also where the page is not served from a secure context. @returns {string} */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * @param {Storage} storage
 * @param {string} key
 */
function read(storage, key) {
  try {
    return storage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * @param {Storage} storage
 * @param {string} key
 * @param {string} value
 */
function write(storage, key, value) {
  try {
    storage.setItem(key, value);
  } catch {
    // A browser without storage asks again at the next visit; nothing else depends on it.
  }
}
