/** The Data page's list of files with something to say about them, a page at a time. */

import { askAgainFor } from "../app/frame.js";
import { count, fileName } from "../core/format.js";
import { getFiles, sized } from "../io/api.js";
import { shownUrl } from "../io/images.js";
import { byId, el, setText } from "./dom.js";
import { makeTabs } from "./tabs.js";

/** @typedef {import("../core/types.js").State} State */

const PAGE = 50;
const THUMBNAIL_PX = 256;

/** @type {{id: string, text: string, count: keyof State["counts"], about: string, kind?: "skip" | "flag"}[]} */
const LISTS = [
  { id: "unreadable", text: "Unreadable", count: "unreadable", about: "Files that cannot be used, with the reason. They stop nothing; mend or remove them when it suits." },
  { id: "duplicate", text: "Duplicates", count: "duplicates", about: "Files whose content equals another's. They are asked once, and share its label." },
  { id: "removed", text: "Removed", count: "removed", about: "Files that were here and are gone. Their labels are kept." },
  { id: "skipped", text: "Skipped", count: "skipped", about: "Images that nobody could or would label.", kind: "skip" },
  { id: "flagged", text: "Flagged", count: "flagged", about: "Images put aside for a second look.", kind: "flag" },
];

export class FileList {
  #list = LISTS[0];
  #from = 0;
  #shown = "";
  /** @type {State["counts"] | null} */
  #counts = null;
  #tabs = makeTabs(byId("tabs"), LISTS, "files", (id) => this.#choose(id));

  constructor() {
    byId("previous").addEventListener("click", () => void this.#load(this.#from - PAGE));
    byId("next").addEventListener("click", () => void this.#load(this.#from + PAGE));
    byId("ask-again").addEventListener("click", () => this.#list.kind && void askAgainFor(this.#list.kind));
    this.#tabs.choose(LISTS[0].id);
  }

  /** @param {State["counts"]} counts */
  render(counts) {
    const first = this.#counts === null;
    this.#counts = counts;
    for (const list of LISTS) this.#tabs.setText(list.id, `${list.text} ${count(counts[list.count])}`);
    const fullest = LISTS.find((list) => counts[list.count] > 0);
    if (first && fullest) this.#tabs.choose(fullest.id);
    else if (this.#key() !== this.#shown) void this.#load(this.#from);
  }

  /** What is shown depends on the list, the place in it, and how many files are in it. */
  #key() {
    return `${this.#list.id}:${this.#from}:${this.#counts?.[this.#list.count] ?? 0}`;
  }

  /** @param {string} id */
  #choose(id) {
    this.#list = LISTS.find((list) => list.id === id) ?? LISTS[0];
    setText(byId("files-about"), this.#list.about);
    byId("files").setAttribute("aria-labelledby", `tab-${id}`);
    void this.#load(0);
  }

  /** @param {number} from */
  async #load(from) {
    this.#from = Math.max(0, from);
    this.#shown = this.#key();
    const list = this.#list;
    try {
      const { files, total } = await getFiles(list.id, this.#from, PAGE);
      if (list === this.#list) this.#show(files, total);
    } catch (error) {
      this.#show([], 0);
      setText(byId("files-none"), error.message);
      this.#shown = "";
    }
  }

  /** @param {import("../io/api.js").FileRow[]} files @param {number} total */
  #show(files, total) {
    byId("file-rows").replaceChildren(...files.map(row));
    byId("file-table").hidden = files.length === 0;
    byId("files-none").hidden = files.length > 0;
    setText(byId("files-none"), `No ${this.#list.text.toLowerCase()} files.`);
    byId("pager").hidden = total <= PAGE;
    setText(byId("page-of"), `${count(this.#from + 1)} – ${count(this.#from + files.length)} of ${count(total)}`);
    byId("previous").disabled = this.#from === 0;
    byId("next").disabled = this.#from + files.length >= total;
    byId("ask-again").hidden = !this.#list.kind || total === 0;
    setText(byId("ask-again"), total === 1 ? "Ask it again" : `Ask all ${count(total)} again`);
  }
}

/** @param {import("../io/api.js").FileRow} file */
function row({ filename, url, reason, duplicate_of }) {
  const picture = url ? el("img", { src: sized(url, THUMBNAIL_PX), alt: "", loading: "lazy" }) : el("span", { class: "no-image", "aria-hidden": "true" });
  const name = el("td", { class: "path" }, fileName(filename));
  const why = [reason, duplicate_of && `equals ${fileName(duplicate_of)}`].filter(Boolean).join("; ");
  const source = url ? el("a", { href: shownUrl(url), target: "_blank", rel: "noopener", "aria-label": `Open ${fileName(filename)}` }, picture) : picture;
  return el("tr", {}, el("td", { class: "picture" }, source), name, el("td", { class: "muted" }, why));
}
