/** What the Data and Summary pages share: header, strips, news, and sending what still waits in the outbox. */

import { tallyRows } from "../core/outbox.js";
import { stripsFor } from "../core/situation.js";
import { askAgain, send } from "../io/api.js";
import { connect } from "../io/live.js";
import { Outbox } from "../io/outbox.js";
import { Sender } from "../io/sender.js";
import { openStore } from "../io/store.js";
import { renderProgress, renderSaved, renderTrainer } from "../ui/header.js";
import { renderStrips } from "../ui/notices.js";
import { startTheme } from "../ui/theme.js";
import { attempt } from "../ui/toast.js";
import { drawSession, resume, startSession } from "./session.js";

/**
 * @typedef {import("../core/types.js").State} State
 *
 * @param {(state: State) => void} onState
 * @param {(row: import("../core/types.js").HistoryRow) => void} [onMetrics]
 */
export async function startFrame(onState, onMetrics) {
  /** @type {State | null} */
  let state = null;
  let online = true;
  /** @type {import("../io/sender.js").Trouble} */
  let trouble = "";
  let receivedAt = 0;
  startTheme();
  startSession();
  const outbox = new Outbox(await openStore(), { changed: () => draw(), settled() {}, refused() {} });
  const sender = new Sender(outbox, send, (now) => {
    trouble = now;
    draw();
  });
  const draw = () => {
    const { waiting, aside } = tallyRows(outbox.rows);
    renderSaved({ online, waiting, trouble });
    const facts = { state, online, trainerAway: false, trouble, waiting, aside, reason: "", hasImage: true, lookingBack: false, storage: true, advice: [] };
    renderStrips(stripsFor(facts).filter((strip) => strip.id !== "aside"), (action) => action === "resume" && void resume());
    if (!state) return;
    renderProgress(state, state.counts.labelled);
    renderTrainer(state, receivedAt);
    drawSession(state.session);
  };
  const take = (/** @type {State} */ news) => {
    [state, receivedAt] = [news, performance.now()];
    draw();
    onState(news);
  };
  await outbox.load();
  sender.wake();
  connect({
    state: take,
    trainer: (trainer) => state && take({ ...state, trainer }),
    metrics: onMetrics,
    link(now) {
      if (now && !online) sender.wake();
      online = now;
      draw();
    },
  });
  setInterval(draw, 1_000);
}

/** @param {"skip" | "flag"} kind */
export const askAgainFor = (kind) => attempt(() => askAgain(kind));
