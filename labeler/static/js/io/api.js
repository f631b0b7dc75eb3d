/** The labeler's HTTP interface; docs/interface.md and docs/protocol.md have the contract. */

const TIMEOUT_MS = 15_000;
const UPLOAD_TIMEOUT_MS = 600_000;

/** An answer other than 2xx, or none at all (status 0). The message is a sentence for people. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string} [code]
   */
  constructor(status, message, code = "") {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
  }
}

/**
 * One request; the answer's JSON.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [json]
 * @param {RequestInit & {timeout?: number}} [options]
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function call(method, path, json, { timeout = TIMEOUT_MS, ...options } = {}) {
  /** @type {RequestInit} */
  const init = { method, signal: AbortSignal.timeout(timeout), credentials: "same-origin", cache: "no-store", ...options };
  if (json !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(json);
  }
  const response = await fetch(path, init).catch(() => {
    throw new ApiError(0, "The labeler does not answer; check that it runs.");
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw toError(response.status, answer);
  return answer;
}

/**
 * @param {number} status
 * @param {any} answer
 */
function toError(status, answer) {
  const error = answer?.error;
  return new ApiError(status, error?.message ?? `The labeler answered with status ${status}.`, error?.code ?? "");
}

/** @returns {Promise<import("../core/types.js").State>} */
export const getState = () => call("GET", "/api/state");

/** @returns {Promise<{history: import("../core/types.js").HistoryRow[], thresholds: Record<string, import("../core/types.js").Threshold>}>} */
export const getMetrics = () => call("GET", "/api/metrics");

/**
 * @param {{annotator: string, client: string, count: number, upcoming: number, holding: string[]}} request
 * @returns {Promise<import("../core/types.js").LeaseAnswer>}
 */
export const lease = (request) => call("POST", "/api/leases", request);

/**
 * Sends one row of the outbox.
 * @param {import("../core/types.js").Row} row
 * @returns {Promise<{seq: number, left?: string[]}>} left: images of a bulk action that it left as they were
 */
export const send = (row) => {
  if (row.op === "bulk") return call("POST", "/api/annotations/bulk", row.body, { keepalive: true });
  return row.op === "undo"
    ? call("DELETE", `/api/annotations/${encodeURIComponent(row.annotation_id)}`, undefined, { keepalive: true })
    : call("POST", "/api/annotations", row.body, { keepalive: true });
};

/**
 * @param {string} annotator
 * @param {number} limit
 * @param {number} [before] only rows with a lower seq
 * @returns {Promise<{annotations: import("../core/types.js").Entry[]}>} newest first
 */
export function getHistory(annotator, limit, before) {
  const query = new URLSearchParams({ annotator, limit: String(limit) });
  if (before !== undefined) query.set("before", String(before));
  return call("GET", `/api/history?${query}`);
}

/** @param {string} name */
export const addClass = (name) => call("POST", "/api/classes", { name });

/**
 * @param {string} from
 * @param {string} to
 */
export const renameClass = (from, to) => call("PATCH", `/api/classes/${encodeURIComponent(from)}`, { name: to });

/** @param {"pause" | "resume" | "stop"} action */
export const control = (action) => call("POST", "/api/control", { action });

/** @param {"skip" | "flag"} kind @returns {Promise<{count: number}>} */
export const askAgain = (kind) => call("POST", "/api/files/ask-again", { kind });

/**
 * @typedef {{number: number, filename: string, image_id: string | null, url: string | null, reason: string, duplicate_of: string | null}} FileRow
 * @param {string} problem
 * @param {number} after
 * @param {number} limit
 * @returns {Promise<{files: FileRow[], total: number}>}
 */
export const getFiles = (problem, after, limit) =>
  call("GET", `/api/files?${new URLSearchParams({ problem, after: String(after), limit: String(limit) })}`);

/**
 * @typedef {{imported: number, unchanged: number, unknown_images: string[], unknown_count: number, new_classes: string[]}} ImportReport
 * @param {string} format
 * @param {File | null} file null: the folder names of the images already there (format imagefolder)
 * @returns {Promise<ImportReport>}
 */
export function importLabels(format, file) {
  const body = new FormData();
  if (file) body.append("file", file);
  const options = { timeout: UPLOAD_TIMEOUT_MS, ...(file ? { body } : {}) };
  return call("POST", `/api/import?${new URLSearchParams({ format })}`, undefined, options);
}

/** @returns {Promise<{downloads: {name: string, bytes: number, created_at: number, kind: "model" | "predictions"}[]}>} */
export const getDownloads = () => call("GET", "/api/downloads");

/**
 * @typedef {{revision: number, groups: string[], settings: import("../core/settings.js").Setting[]}} SettingsAnswer
 * @returns {Promise<SettingsAnswer>}
 */
export const getSettings = () => call("GET", "/api/settings");

/** @param {string} key @param {unknown} value @param {string} annotator @returns {Promise<SettingsAnswer>} */
export const changeSetting = (key, value, annotator) =>
  call("PATCH", `/api/settings?${new URLSearchParams({ annotator })}`, { [key]: value });

/** @param {number} version @param {string} name empty: none */
export const nameVersion = (version, name) => call("PATCH", `/api/versions/${version}`, { name });

/** @param {number} version @param {"rollback" | "finetune"} kind @param {string} annotator */
export const recallVersion = (version, kind, annotator) =>
  call("POST", `/api/versions/${version}/${kind}?${new URLSearchParams({ annotator })}`);

/**
 * The address of an image, at most `pixels` wide and high.
 * @param {string} url
 * @param {number} pixels
 */
export function sized(url, pixels) {
  const address = new URL(url, location.origin);
  address.searchParams.set("size", String(pixels));
  return address.pathname + address.search;
}
