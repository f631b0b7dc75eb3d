/** News from the labeler: Socket.IO where it holds, and asking every few seconds where it does not. */

import { io } from "../../vendor/socket.io.esm.min.js";
import { getState } from "./api.js";

const ASK_EVERY_MS = 4_000;

/**
 * @typedef {object} LiveEvents
 * @property {(state: import("../core/types.js").State) => void} state
 * @property {(queue: import("../core/types.js").QueueNews) => void} [queue]
 * @property {(trainer: import("../core/types.js").TrainerNews) => void} [trainer]
 * @property {(row: import("../core/types.js").HistoryRow) => void} [metrics]
 * @property {(online: boolean) => void} [link]
 */

/**
 * Connects, and stays connected for as long as the page is open.
 * @param {LiveEvents} on
 */
export function connect(on) {
  const socket = io({ transports: ["websocket", "polling"], reconnectionDelay: 500, reconnectionDelayMax: 3_000 });
  const ask = () =>
    getState().then(
      (state) => {
        on.link?.(true);
        on.state(state);
      },
      (error) => on.link?.(error.status > 0),
    );
  socket.on("connect", ask);
  socket.on("disconnect", ask);
  socket.on("state", on.state);
  if (on.queue) socket.on("queue", on.queue);
  if (on.trainer) socket.on("trainer", on.trainer);
  if (on.metrics) socket.on("metrics", on.metrics);
  setInterval(() => socket.connected || ask(), ASK_EVERY_MS);
  addEventListener("online", ask);
  void ask();
}
