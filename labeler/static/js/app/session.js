/** Pause, resume and stop, from the header of every page. */

import { control } from "../io/api.js";
import { confirm } from "../ui/dialogs.js";
import { byId, setText } from "../ui/dom.js";
import { attempt } from "../ui/toast.js";

const QUESTION = {
  title: "Stop training?",
  text: "The trainer evaluates once more, saves the model and writes its predictions for all images that have no label. Labels stay, and you can go on later.",
  yes: "Stop training",
};

/** @typedef {import("../core/types.js").State["session"]} Session */

/** Connects the buttons; the session they act on is the one drawn last. */
export function startSession() {
  byId("pause").addEventListener("click", () => void attempt(() => control(byId("pause").dataset.action)));
  byId("stop").addEventListener("click", () => void stop());
}

/** Asks whether to stop, and stops. */
export async function stop() {
  if (await confirm(QUESTION)) await attempt(() => control("stop"));
}

/** Resumes; used by strips and pages that offer it. */
export const resume = () => attempt(() => control("resume"));

/** @param {Session} session */
export function drawSession(session) {
  const resting = session !== "labelling";
  byId("pause").hidden = session === "setup";
  byId("pause").dataset.action = resting ? "resume" : "pause";
  setText(byId("pause"), resting ? "Resume" : "Pause");
  byId("stop").hidden = session !== "labelling" && session !== "paused";
}
