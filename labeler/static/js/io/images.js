/** Images fetched and decoded ahead of time, so that showing one costs no network and no decoding. */

import { sized } from "./api.js";

/** Enough for a large screen; the labeler hands out smaller images as they are. */
export const SHOWN_PX = 2048;

/** The address an image is shown from; whoever uses the same one shares its bytes. @param {string} url */
export const shownUrl = (url) => sized(url, SHOWN_PX);

/** @typedef {{element: HTMLImageElement, status: "loading" | "ready" | "failed", done: Promise<void>}} Cached */

export class ImageCache {
  /** @type {Map<string, Cached>} */
  #cached = new Map();

  /**
   * Fetches and decodes these images, and forgets all others.
   * @param {{image_id: string, url: string}[]} images most urgent first
   */
  keep(images) {
    const wanted = new Set(images.map((image) => image.image_id));
    for (const id of this.#cached.keys()) if (!wanted.has(id)) this.#cached.delete(id);
    for (const image of images) this.get(image);
  }

  /**
   * The image's element; fetching begins with the first call, and again after a failure.
   * @param {{image_id: string, url: string}} image
   * @returns {Cached}
   */
  get({ image_id, url }) {
    const known = this.#cached.get(image_id);
    if (known && known.status !== "failed") return known;
    const cached = load(url);
    this.#cached.set(image_id, cached);
    return cached;
  }

  /** @param {string} imageId */
  isReady(imageId) {
    return this.#cached.get(imageId)?.status === "ready";
  }
}

/**
 * @param {string} url
 * @returns {Cached}
 */
function load(url) {
  const element = imageOf(shownUrl(url));
  /** @type {Cached} */
  const cached = { element, status: "loading", done: Promise.resolve() };
  cached.done = element.decode().then(
    () => void (cached.status = "ready"),
    () => void (cached.status = "failed"),
  );
  return cached;
}

/**
 * The image at this very address, decoded.
 * @param {string} url
 * @returns {Promise<HTMLImageElement>}
 */
export async function decoded(url) {
  const element = imageOf(url);
  await element.decode();
  return element;
}

/** @param {string} url */
function imageOf(url) {
  const element = new Image();
  element.decoding = "sync";
  element.draggable = false;
  element.src = url;
  return element;
}
