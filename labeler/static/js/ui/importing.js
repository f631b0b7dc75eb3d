/** Choosing a file with labels, and what came of it. */

import { counted } from "../core/format.js";
import { el } from "./dom.js";

/** What can be imported, by the end of the file's name. */
export const IMPORT_FORMATS = [
  { format: "csv", text: "CSV: filename,label", ends: [".csv"] },
  { format: "tsv", text: "TSV: file name, tab, class", ends: [".tsv", ".txt"] },
  { format: "json", text: "JSON", ends: [".json"] },
  { format: "imagefolder", text: "ZIP with one folder per class", ends: [".zip"] },
];

/**
 * The format that a file name suggests.
 * @param {string} name
 */
export const formatOf = (name) =>
  IMPORT_FORMATS.find(({ ends }) => ends.some((end) => name.toLowerCase().endsWith(end)))?.format ?? "csv";

/**
 * @param {(format: string, file: File) => void} submit
 * @returns {HTMLElement}
 */
export function importForm(submit) {
  const file = el("input", { type: "file", class: "file", accept: IMPORT_FORMATS.flatMap((f) => f.ends).join(","), "aria-label": "File with labels" });
  const format = el("select", { class: "field", "aria-label": "Format" }, ...IMPORT_FORMATS.map((f) => el("option", { value: f.format }, f.text)));
  const button = el("button", { type: "submit", class: "button", disabled: true }, "Import");
  file.addEventListener("change", () => {
    button.disabled = !file.files.length;
    if (file.files.length) format.value = formatOf(file.files[0].name);
  });
  const form = el("form", { class: "import-form" }, file, format, button);
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    if (file.files.length) submit(format.value, file.files[0]);
  });
  return form;
}

/**
 * A sentence about an import.
 * @param {import("../io/api.js").ImportReport} report
 */
export function reportText({ imported, unchanged, unknown_images, unknown_count, new_classes }) {
  const parts = [`${counted(imported, "label")} imported`];
  if (unchanged) parts.push(`${counted(unchanged, "was", "were")} there already`);
  if (new_classes.length) parts.push(`${counted(new_classes.length, "new class", "new classes")}: ${new_classes.join(", ")}`);
  const first = unknown_images.slice(0, 3).join(", ");
  if (unknown_count) parts.push(`${counted(unknown_count, "file name")} not found among the images (${first}${unknown_count > 3 ? ", …" : ""})`);
  return `${parts.join(" · ")}.`;
}
