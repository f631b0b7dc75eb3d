/** The Data page: what there is, what is the matter with it, and how labels come in and go out. */

import { startFrame } from "../app/frame.js";
import { count, share } from "../core/format.js";
import { importLabels } from "../io/api.js";
import { byId, el, keyed, setText } from "../ui/dom.js";
import { FileList } from "../ui/files.js";
import { importForm, reportText } from "../ui/importing.js";

/** @typedef {import("../core/types.js").State} State */

const EXPORTS = [
  { format: "csv", text: "CSV", about: "file name and label" },
  { format: "tsv", text: "TSV", about: "file name, tab, class" },
  { format: "json", text: "JSON", about: "with annotator, lane and time" },
  { format: "imagefolder", text: "ZIP", about: "the images, one folder per class" },
];

const files = new FileList();
byId("exports").append(...EXPORTS.map(exportLink));
byId("import").append(importForm((format, file) => void load(format, file)));
byId("use-folders").addEventListener("click", () => void load("imagefolder", null));
void startFrame(render);

/** @param {State} state */
function render({ counts, scan, folder, last_seq, classes, version }) {
  const looking = scan.done ? "" : ` · looking through ${count(scan.found)} files: ${share(scan.indexed, scan.found)}`;
  setText(byId("folder"), `${folder}${looking}`);
  const facts = [
    { name: "images", value: counts.images },
    { name: "labelled", value: counts.labelled },
    { name: "for training", value: counts.train },
    { name: `of ${count(counts.test_total)} for testing`, value: counts.test },
    { name: "to come", value: counts.remaining },
    { name: classes.length === 1 ? "class" : "classes", value: classes.length },
  ];
  keyed(byId("facts"), facts.map((fact, id) => ({ ...fact, id })), (fact) => String(fact.id), fact, (element, { name, value }) => {
    setText(element.children[0], count(value));
    setText(element.children[1], name);
  });
  setText(byId("log"), `${count(last_seq)} entries in the log of annotations, undone and corrected ones included · Labelstream ${version}`);
  files.render(counts);
}

const fact = () => el("div", { class: "fact" }, el("span", { class: "figure" }), el("span", { class: "muted" }));

/** @param {{format: string, text: string, about: string}} way */
function exportLink({ format, text, about }) {
  const link = el("a", { class: "button", href: `/api/export?format=${format}`, download: "", dataset: { format } }, text);
  return el("li", {}, link, el("span", { class: "muted" }, about));
}

/** @param {string} format @param {File | null} file */
async function load(format, file) {
  const report = byId("import-report");
  report.classList.remove("bad");
  setText(report, "Importing…");
  try {
    setText(report, reportText(await importLabels(format, file)));
  } catch (error) {
    report.classList.add("bad");
    setText(report, error.message);
  }
}
