/** What the map and the grid ask of the labeler; docs/protocol.md has the contract. */

import { readMap } from "../core/map_points.js";
import { ApiError } from "./api.js";

const TIMEOUT_MS = 30_000;

/**
 * @typedef {{number: number, image_id: string, url: string, filename: string, label: number, state: number}} NamedImage
 * @typedef {{image_id: string, url: string, filename: string, confidence: number, group: number}} GridImage
 * @typedef {{model_version: number, images: GridImage[], counts: Record<string, number>}} GridAnswer
 *
 * @typedef {object} BulkAction
 * @property {string} bulk_id
 * @property {"label" | "flag"} kind
 * @property {string} [label]
 * @property {string[]} image_ids
 * @property {Record<string, string>} [corrections] image id → another label
 * @property {string} [suggestion] what the model had for all of them
 * @property {number} [model_version]
 * @property {string} annotator
 * @property {string} client
 */

/** The answer is not there yet: how far it is, 0..1, where that is known. */
export class NotYet extends ApiError {
  /** @param {string} message @param {number | null} progress @param {string} [code] */
  constructor(message, progress, code = "busy") {
    super(503, message, code);
    this.progress = progress;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 * @throws {ApiError}
 */
export async function ask(path, init = {}) {
  const options = { signal: AbortSignal.timeout(TIMEOUT_MS), credentials: /** @type {RequestCredentials} */ ("same-origin"), ...init };
  const response = await fetch(path, options).catch(() => {
    throw new ApiError(0, "The labeler does not answer; check that it runs.");
  });
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  const message = answer?.error?.message ?? `The labeler answered with status ${response.status}.`;
  if (response.status === 503) throw new NotYet(message, answer?.progress ?? null, answer?.error?.code);
  throw new ApiError(response.status, message, answer?.error?.code ?? "");
}

/** @param {string} path @param {unknown} body */
const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).then((r) => r.json());

/**
 * Every image's place. What has not changed is not sent again, and the page's template has asked for the first one.
 * @param {string} projection
 */
export const getMap = async (projection) =>
  readMap(await (await ask(`/api/map?${new URLSearchParams({ projection })}`)).arrayBuffer());

/**
 * What has been answered since.
 * @param {number} after
 * @returns {Promise<{last_seq: number, changes: [number, number, number][]}>}
 */
export const getChanges = (after) => ask(`/api/map/changes?after=${after}`, { cache: "no-store" }).then((r) => r.json());

/** @param {number[]} numbers @returns {Promise<NamedImage[]>} in the order asked */
export const nameImages = async (numbers) => (await post("/api/map/images", { numbers })).images;

/**
 * @param {string} label
 * @param {number} limit
 * @param {string} client
 * @returns {Promise<GridAnswer>}
 */
export const getGrid = (label, limit, client) =>
  ask(`/api/grid?${new URLSearchParams({ class: label, limit: String(limit), client })}`, { cache: "no-store" }).then((r) => r.json());

/** @param {BulkAction} action @returns {Promise<{seq: number, left: string[]}>} left: images that were not open any more */
export const actOnMany = (action) => post("/api/annotations/bulk", action);

/** @param {string} id of the action */
export const undoAction = (id) => ask(`/api/annotations/${encodeURIComponent(id)}`, { method: "DELETE" }).then((r) => r.json());
