/** Order and fate of the requests that wait to be sent. Pure; values are never changed. */

/**
 * @typedef {import("./types.js").Row} Row
 * @typedef {"done" | "retry" | "full" | "refused" | "aside"} Fate
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const WORTH_RETRYING = new Set([0, 408, 425, 429]);

/**
 * Rows in the order they are sent.
 * @param {Iterable<Row>} rows
 */
export const inOrder = (rows) => [...rows].sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));

/**
 * What the page shows of a row, one entry per image.
 * @param {Row} row
 * @returns {import("./types.js").Entry[]}
 */
export const entriesOf = (row) => row.entries ?? (row.entry ? [row.entry] : []);

/**
 * The next order number: above all others, so that an undo always follows what it undoes, whatever the clock does.
 * @param {Row[]} rows
 * @param {number} now milliseconds
 */
export const nextOrder = (rows, now) => rows.reduce((highest, row) => Math.max(highest, row.order + 1), now);

/**
 * The row to send next, or null. Rows put aside wait for a person and hold up nobody else.
 * @param {Row[]} rows in order
 * @returns {Row | null}
 */
export const head = (rows) => rows.find((row) => !row.refused) ?? null;

/**
 * What becomes of a row after an answer. Status 0: no answer came.
 *
 * done: forget it. retry: send again later. full: the same, and say that the disk is full. refused: the labeler does
 * not accept this page (token, host), which is not the row's fault. aside: it can never succeed as it is.
 * @param {Row["op"]} op
 * @param {number} status HTTP status
 * @returns {Fate}
 */
export function fateOf(op, status) {
  if (status >= 200 && status < 300) return "done";
  if (op === "undo" && status === 404) return "done";
  if (status === 507) return "full";
  if (status === 401 || status === 403) return "refused";
  if (WORTH_RETRYING.has(status) || status >= 500) return "retry";
  return "aside";
}

/**
 * How long to wait before attempt number `attempt` (1, 2, …): doubling, with a ceiling.
 * @param {number} attempt
 * @returns {number} milliseconds
 */
export const waitBefore = (attempt) => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt - 1, 10));

/**
 * Rows that wait, and rows that the labeler refused.
 * @param {Row[]} rows
 */
export function tallyRows(rows) {
  const aside = rows.filter((row) => row.refused);
  return { waiting: rows.length - aside.length, aside };
}

/**
 * The refused rows as text that can be kept: one line each with file name, what was answered, and the reason.
 * @param {Row[]} rows
 */
export function asText(rows) {
  return rows
    .flatMap((row) => {
      const entries = entriesOf(row);
      const lines = entries.length ? entries.map((e) => [e.filename, e.label ?? e.kind]) : [["", row.op]];
      return lines.map((line) => [...line, row.refused ?? ""].join("\t"));
    })
    .join("\n");
}
