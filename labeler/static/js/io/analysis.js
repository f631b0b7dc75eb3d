/** What the dashboard and the Review page ask of the labeler; docs/dashboard.md has the contract. */

import { call } from "./api.js";

/**
 * @typedef {{low: number, high: number, n: number, confidence: number, share: number, share_low: number, share_high: number}} Bin
 * @typedef {{right: number[], wrong: number[], separation: number | null}} Doubt
 * @typedef {{scored: number, shares: [number, number][], uncertainty: number[]}} Pool
 * @typedef {{metric: string, goal: number, needed: number | null, low: number | null, high: number | null, reason: string}} Forecast
 * @typedef {{version: number, labels: number, n: number, reliability: Bin[], ece: number | null, uncertainty: Doubt}} Present
 *
 * @typedef {object} Dashboard
 * @property {{annotator: string, labels: number}[]} people
 * @property {{starts: number[], per_minute: number[], interval_s: number}} pace
 * @property {Forecast[]} forecast
 * @property {Pool | null} pool
 * @property {Present | null} present
 *
 * @typedef {{version: number, labels: number, name: string, time: number, kept: boolean, metrics: Record<string, import("../core/types.js").Metric>}} Version
 * @typedef {{class: string, images: number, predicted: number, right: number, precision: number | null, recall: number | null, f1: number | null, auc: number | null}} ClassScores
 * @typedef {Version & Present & {accuracy: {value: number | null, low: number | null, high: number | null, n: number}, f1_macro: number | null, confusion: [number, number, number][], per_class: ClassScores[]}} Table
 * @typedef {{x: number[], y: number[], area: number} | null} Points
 * @typedef {{version: number, class: string, images: number, sentence: string, roc: Points, precision_recall: Points, calibration: Bin[], ece: number | null}} ClassCurves
 * @typedef {{both: number, first: number, second: number, neither: number, difference: number, low: number, high: number, p: number, n: number}} Paired
 * @typedef {{image_id: string, url: string, filename: string, label: string, answers: {version: number, label: string, confidence: number}[]}} Found
 * @typedef {{time: number, person: string, key: string, old: unknown, new: unknown}} Change
 */

/** @returns {Promise<Dashboard>} */
export const getDashboard = () => call("GET", "/api/dashboard");

/** @param {number} since @param {number} until seconds since the epoch @returns {Promise<{history: import("../core/types.js").HistoryRow[]}>} */
export const getDetail = (since, until) => call("GET", `/api/dashboard/history?${new URLSearchParams({ since: String(since), until: String(until) })}`);

/** @returns {Promise<{versions: Version[]}>} */
export const getVersions = () => call("GET", "/api/versions");

/** @returns {Promise<{changes: Change[]}>} newest first */
export const getChanges = () => call("GET", "/api/settings/changes");

/** @param {number[]} versions @returns {Promise<{classes: string[], versions: Table[]}>} */
export const getTables = (versions) => call("GET", `/api/analysis?${query(versions)}`);

/** @param {number[]} versions @param {string[]} classes @returns {Promise<{curves: ClassCurves[]}>} */
export const getCurves = (versions, classes) => call("GET", `/api/analysis/curves?${query(versions, classes.map((name) => ["class", name]))}`);

/** @param {number} first @param {number} second @returns {Promise<{paired: Paired | null}>} */
export const getPaired = (first, second) => call("GET", `/api/analysis/compare?${new URLSearchParams({ first: String(first), second: String(second) })}`);

/**
 * @param {"cell" | "never_right" | "flipped" | "mistakes"} kind
 * @param {number[]} versions
 * @param {{label: string, prediction: string}} [cell]
 * @returns {Promise<{images: Found[], total: number}>}
 */
export const getFound = (kind, versions, cell) => call("GET", `/api/analysis/images?${query(versions, [["kind", kind], ...Object.entries(cell ?? {})])}`);

/** @param {number[]} versions @param {string[][]} [more] */
const query = (versions, more = []) => new URLSearchParams([...versions.map((version) => ["version", String(version)]), ...more]);

/**
 * An image to be answered again; where it is `blind`, neither label nor suggestion are told.
 * @typedef {{image_id: string, url: string, filename: string, blind: boolean, label?: string, suggestion?: string, confidence?: number, label_confidence?: number}} Doubted
 */

/** @param {"training" | "holdout"} part @param {number} turn @returns {Promise<{tasks: Doubted[], examined: number}>} */
export const getDoubted = (part, turn) => call("GET", `/api/review/${part}?${new URLSearchParams({ turn: String(turn) })}`);

/** @param {Omit<import("../core/types.js").AnnotationBody, "kind"> & {lane: "review"}} answer @returns {Promise<{seq: number}>} */
export const answerAgain = (answer) => call("POST", "/api/annotations", { ...answer, kind: "label" });

/** @param {string} annotationId @returns {Promise<{seq: number}>} */
export const takeBack = (annotationId) => call("DELETE", `/api/annotations/${encodeURIComponent(annotationId)}`);
