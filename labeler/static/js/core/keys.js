/** Which command a key press means. Digits go by physical key, letters and signs by character. */

/** How many classes have a key of their own: 1–9, 0, then the same with Shift. */
export const KEYED_CLASSES = 20;

/**
 * @typedef {{name: "class", index: number} | {name: string}} Command
 * @typedef {Pick<KeyboardEvent, "key" | "code" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey" | "repeat"> & {altGraph?: boolean}} KeyPress
 */

/** @type {Record<string, string>} */
const BY_CHARACTER = {
  " ": "accept",
  Backspace: "undo",
  ArrowLeft: "back",
  ArrowRight: "forward",
  Escape: "current",
  x: "skip",
  f: "flag",
  g: "grid",
  a: "alike",
  n: "newClass",
  i: "invert",
  z: "fit",
  p: "panel",
  s: "saliency",
  m: "mask",
  t: "theme",
  "/": "find",
  "?": "help",
  "+": "zoomIn",
  "=": "zoomIn",
  "-": "zoomOut",
  "−": "zoomOut",
  "[": "darker",
  "]": "brighter",
};

const WHILE_HELD = new Set(["back", "forward", "zoomIn", "zoomOut", "darker", "brighter"]);

/** Every command with its keys, as the help dialog and the left panel list them. */
export const KEY_HELP = [
  { keys: ["1", "…", "9", "0"], text: "give the class and show the next image" },
  { keys: ["⇧ 1", "…", "⇧ 0"], text: "classes 11 to 20" },
  { keys: ["/"], text: "find a class by name" },
  { keys: ["N"], text: "add a class" },
  { keys: ["Space"], text: "accept the model's suggestion" },
  { keys: ["⌫", "Ctrl Z"], text: "undo, any number of steps" },
  { keys: ["←", "→"], text: "look back at your labels, forward" },
  { keys: ["Esc"], text: "back to the current image" },
  { keys: ["A"], text: "give the last label to the look-alikes of its image" },
  { keys: ["X"], text: "skip the image" },
  { keys: ["F"], text: "flag it for a second look" },
  { keys: ["G"], text: "look over many at once, in the grid" },
  { keys: ["+", "−"], text: "zoom; the wheel does it too, drag to move" },
  { keys: ["S"], text: "show what the model looks at; not on test images" },
  { keys: ["M"], text: "paint what the model should not look at" },
  { keys: ["Z"], text: "fit the image" },
  { keys: ["[", "]"], text: "darker, brighter" },
  { keys: ["I"], text: "invert" },
  { keys: ["P"], text: "fold the right panel" },
  { keys: ["T"], text: "dark or light" },
  { keys: ["F2"], text: "rename the class in focus" },
  { keys: ["?"], text: "this list" },
];

/**
 * The key that stands for the class at `index`; empty beyond the twentieth.
 * @param {number} index
 */
export function classKey(index) {
  if (index >= KEYED_CLASSES) return "";
  const digit = String((index + 1) % 10);
  return index < 10 ? digit : `⇧${digit}`;
}

/**
 * The command of a key press, or null where the key is not ours.
 * @param {KeyPress} press
 * @param {number} classCount number of classes; a digit beyond it is left to its character
 * @returns {Command | null}
 */
export function commandOf(press, classCount) {
  if (isUndoChord(press)) return press.repeat ? null : { name: "undo" };
  if (hasModifier(press)) return null;
  const index = classIndex(press);
  if (index !== null && index < classCount) return press.repeat ? null : { name: "class", index };
  const name = BY_CHARACTER[press.key.length === 1 ? press.key.toLowerCase() : press.key];
  if (!name || (press.repeat && !WHILE_HELD.has(name))) return null;
  return { name };
}

/** @param {KeyPress} press */
function isUndoChord(press) {
  return (press.ctrlKey || press.metaKey) && !press.altKey && !press.shiftKey && press.key.toLowerCase() === "z";
}

/** AltGr writes characters such as [ on many layouts and arrives as Ctrl+Alt. @param {KeyPress} press */
function hasModifier(press) {
  return press.altGraph ? false : press.ctrlKey || press.metaKey || press.altKey;
}

/**
 * @param {KeyPress} press
 * @returns {number | null}
 */
function classIndex(press) {
  const match = /^(Digit|Numpad)(\d)$/.exec(press.code);
  if (!match || press.altGraph) return null;
  if (match[1] === "Numpad" && press.key !== match[2]) return null;
  const index = (Number(match[2]) + 9) % 10;
  return press.shiftKey && match[1] === "Digit" ? index + 10 : index;
}
