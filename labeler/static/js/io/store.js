/** The outbox on disk: IndexedDB behind three calls, or memory where the browser refuses. */

/** @typedef {import("../core/types.js").Row} Row */
/** @typedef {{durable: boolean, all(): Promise<Row[]>, put(row: Row): Promise<void>, remove(id: string): Promise<void>}} RowStore */

const DATABASE = "labelstream";
const ROWS = "outbox";

/** Opens the store. @returns {Promise<RowStore>} */
export async function openStore() {
  try {
    return onDisk(await openDatabase());
  } catch {
    return inMemory();
  }
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(ROWS, { keyPath: "id" });
  return finished(request);
}

/**
 * @param {IDBDatabase} database
 * @returns {RowStore}
 */
function onDisk(database) {
  const rows = (/** @type {IDBTransactionMode} */ mode) =>
    database.transaction(ROWS, mode, { durability: "strict" }).objectStore(ROWS);
  return {
    durable: true,
    all: () => finished(rows("readonly").getAll()),
    put: async (row) => committed(rows("readwrite").put(row)),
    remove: async (id) => committed(rows("readwrite").delete(id)),
  };
}

/** @returns {RowStore} */
function inMemory() {
  return { durable: false, all: async () => [], put: async () => {}, remove: async () => {} };
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBRequest} request
 * @returns {Promise<void>}
 */
function committed(request) {
  return new Promise((resolve, reject) => {
    const transaction = /** @type {IDBTransaction} */ (request.transaction);
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
