/** What the Explain page compares: which versions and methods first, and how alike two maps are. Pure. */

/**
 * @typedef {import("./saliency.js").Grey} Grey
 * @typedef {import("./saliency.js").Facts} Facts
 * @typedef {import("../io/saliency.js").Method} Method
 * @typedef {{version: number, labels: number, name: string, kept: boolean}} Version
 * @typedef {"prediction" | "label" | string} Subject "=name" for a class
 */

const FIRST_METHODS = ["gradcam", "layercam", "integrated_gradients", "occlusion"];
const FIRST_VERSIONS = 3;
export const MOST_IMAGES = 4;
/** Two maps with at least this correlation look the same. */
export const SAME = 0.99;

/**
 * The methods that are shown before anything is chosen: those of the first ones that are allowed, else any.
 * @param {Method[]} methods
 */
export function firstMethods(methods) {
  const allowed = methods.filter((method) => method.allowed).map((method) => method.name);
  const first = FIRST_METHODS.filter((name) => allowed.includes(name));
  return new Set(first.length > 1 ? first : allowed.slice(0, FIRST_METHODS.length));
}

/**
 * The versions that are shown before anything is chosen: the newest, and earlier ones spread evenly.
 * @param {Version[]} versions that can be explained, oldest first
 */
export function firstVersions(versions) {
  const last = versions.length - 1;
  const places = Array.from({ length: FIRST_VERSIONS }, (_, i) => Math.round((last * (i + 1)) / FIRST_VERSIONS));
  return new Set(places.filter((place) => place >= 0 && place <= last).map((place) => versions[place].version));
}

/**
 * The versions whose weights are there, oldest first; the present one is among them, kept or not.
 * @param {Version[]} versions
 * @param {number} present
 */
export const explicable = (versions, present) =>
  versions.filter((version) => version.kept || version.version === present).sort((a, b) => a.version - b.version);

/** @param {Version} version @param {number} present */
export function nameOf({ version, labels, name }, present) {
  const now = version === present ? "now" : `version ${version}`;
  return { title: name || now, text: `${labels.toLocaleString("en")} labels` };
}

/**
 * Which class a tile asks for; null for what the version itself predicts.
 * @param {Subject} subject
 * @param {string | null} label of the image
 */
export function classFor(subject, label) {
  if (subject === "label") return label;
  return subject.startsWith("=") ? subject.slice(1) : null;
}

/**
 * Pearson's correlation of two maps of one size, −1..1; 0 where one of them is even and the other is not.
 * @param {Grey} first
 * @param {Grey} second
 */
export function correlation({ values: a }, { values: b }) {
  const n = a.length;
  let [sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i += 1) {
    sumA += a[i];
    sumB += b[i];
    sumAA += a[i] * a[i];
    sumBB += b[i] * b[i];
    sumAB += a[i] * b[i];
  }
  const [varA, varB] = [sumAA - (sumA * sumA) / n, sumBB - (sumB * sumB) / n];
  if (varA === 0 && varB === 0) return 1;
  if (varA === 0 || varB === 0) return 0;
  return (sumAB - (sumA * sumB) / n) / Math.sqrt(varA * varB);
}

/**
 * What to say of a map before and after the shift.
 * @param {number} alike their correlation
 */
export function verdict(alike) {
  if (alike >= SAME) return { same: true, text: "the same map" };
  return { same: false, text: `another map, correlation ${alike.toFixed(2).replace("-", "−")}` };
}

/**
 * The largest difference of any logit.
 * @param {number[]} before
 * @param {number[]} after
 */
export const largestDifference = (before, after) => Math.max(...before.map((logit, i) => Math.abs(logit - after[i])));
