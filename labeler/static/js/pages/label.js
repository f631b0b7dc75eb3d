/** The labelling page: everything that exists on it is made and connected here. */

import { Controls } from "../app/controls.js";
import { Labelling } from "../app/labelling.js";
import { Leases } from "../app/leases.js";
import { startSession } from "../app/session.js";
import { LabelView } from "../app/view.js";
import { withRow } from "../core/curve.js";
import { pageFor } from "../core/situation.js";
import { getHistory, getMetrics, send } from "../io/api.js";
import { ImageCache } from "../io/images.js";
import { connect } from "../io/live.js";
import { Outbox } from "../io/outbox.js";
import { claimClientId, readName, writeName } from "../io/person.js";
import { Sender } from "../io/sender.js";
import { openStore } from "../io/store.js";
import { ClassPanel } from "../ui/classes.js";
import { askName, nameOr, startHelp } from "../ui/dialogs.js";
import { announce, byId } from "../ui/dom.js";
import { renderPage } from "../ui/notices.js";
import { Setup } from "../ui/setup.js";
import { Stage } from "../ui/stage.js";
import { startTheme } from "../ui/theme.js";

/** @typedef {import("../core/types.js").State} State */

const HISTORY = 100;
const REDRAW_MS = 1_000;
const MEASURE = "labelstream:key-to-paint";

startTheme();
startHelp();
startSession();
open();

/** Waits for the first state, asks what has to be asked, and hands all news to the desk from then on. */
function open() {
  /** @type {Awaited<ReturnType<typeof makeDesk>> | null} */
  let desk = null;
  /** @type {Setup | null} */
  let setup = null;
  /** @type {State | null} */
  let newest = null;
  const begin = async (/** @type {string} */ name) => {
    byId("setup").hidden = true;
    byId("desk").hidden = false;
    setup = null;
    desk = await makeDesk(name);
    if (newest) desk.state(newest);
  };
  const introduce = async (/** @type {State} */ state) => {
    const name = readName();
    if (state.session === "setup") setup = new Setup(byId("setup"), name ?? "", (text) => void begin(remember(text)));
    else await begin(name ?? remember(await askName()));
  };
  connect({
    state(state) {
      const first = newest === null;
      newest = state;
      if (first) void introduce(state);
      setup?.render(state);
      if (setup) setup.shown = true;
      desk?.state(state);
    },
    metrics: (row) => desk?.metrics(row),
    queue: () => desk?.queue(),
    trainer(trainer) {
      if (newest) desk?.state((newest = { ...newest, trainer }));
    },
    link(online) {
      desk?.link(online);
      if (!newest && !online) welcome(false);
    },
  });
  welcome(true);
}

/** @param {boolean} online */
function welcome(online) {
  byId("desk").hidden = online;
  const nothing = { state: null, online, trainerAway: false, trouble: /** @type {""} */ (""), waiting: 0, aside: [], reason: "", hasImage: false, lookingBack: false, storage: true };
  renderPage(pageFor(nothing), () => {});
}

/** @param {string} text @returns {string} */
function remember(text) {
  writeName(nameOr(text));
  return nameOr(text);
}

/**
 * The desk of one annotator, with all its parts.
 * @param {string} annotator
 */
async function makeDesk(annotator) {
  const client = await claimClientId();
  const images = new ImageCache();
  const store = await openStore();
  /** @type {import("../core/types.js").HistoryRow[]} */
  let history = [];
  /** @type {number | null} */
  let pressedAt = null;

  const outbox = new Outbox(store, {
    changed: () => view.draw(),
    settled(row, seq) {
      labelling.settled(row, seq);
      announce(row.op === "undo" ? "undone" : `${row.entry?.label ?? row.entry?.kind} saved`);
      leases.ask();
    },
    refused(row) {
      labelling.refused(row);
      announce(`Not saved: ${row.refused}`, true);
    },
  });
  const labelling = new Labelling(annotator, outbox, images, () => view.draw());
  const stage = new Stage(byId("stage"), images, () => {
    if (pressedAt !== null && stage.visibleSince < Infinity) {
      performance.measure(MEASURE, { start: pressedAt, end: stage.visibleSince, detail: { image_id: stage.image?.image_id } });
      pressedAt = null;
    }
    view.draw();
  });
  const sender = new Sender(outbox, send, (trouble) => {
    view.trouble = trouble;
    view.draw();
  });
  const classes = new ClassPanel({
    choose: (name) => controls.choose(name, performance.now()),
    add: (name) => controls.add(name),
    rename: (from, to) => controls.rename(from, to),
  });
  const view = new LabelView(labelling, outbox, stage, classes, {
    action: (action) => controls.act(action),
    look: (imageId) => labelling.lookAt(imageId),
    accept: () => controls.accept(performance.now()),
  });
  const link = (/** @type {boolean} */ online) => {
    if (online === labelling.online) return;
    labelling.setOnline(online);
    if (!online) return;
    sender.wake();
    leases.ask();
    void catchUp();
  };
  const leases = new Leases({ annotator, client }, {
    holding: () => labelling.holding,
    pending: () => labelling.waitingAnswers,
    take: (answer, askedAt) => labelling.takeLeases(answer, askedAt),
    link,
  });
  const older = async () => {
    const oldest = labelling.desk.history.find((entry) => entry.seq !== undefined)?.seq;
    const answer = await getHistory(annotator, HISTORY, oldest).catch(() => null);
    if (answer) labelling.restore([...[...labelling.desk.history].reverse(), ...answer.annotations]);
  };
  const catchUp = async () => {
    const answer = await getMetrics().catch(() => null);
    if (answer) history = answer.history;
    view.drawCurve(history);
  };
  const controls = new Controls({
    labelling, view, stage, classes, outbox, sender, older,
    supply: () => leases.ask(),
    timed: (start) => (pressedAt = start),
  });

  await outbox.load();
  sender.wake();
  leases.ask();
  void older();
  void catchUp();
  setInterval(() => view.draw(), REDRAW_MS);
  return {
    link,
    state(/** @type {State} */ state) {
      link(true);
      const wasStopped = labelling.state?.session === "stopped";
      labelling.takeState(state);
      if (wasStopped && state.session !== "stopped") leases.ask();
      view.drawCurve(history);
    },
    metrics(/** @type {import("../core/types.js").HistoryRow} */ row) {
      history = withRow(history, row);
      view.drawCurve(history);
    },
    queue: () => leases.ask(),
  };
}
