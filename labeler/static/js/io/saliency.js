/** Saliency maps, asked of the labeler, decoded. */

import { greyOf } from "../core/saliency.js";
import { ask } from "./map.js";

/**
 * @typedef {{method: string, label?: string | null, version?: number | null, size?: number, shifted?: boolean, layer?: string | null}} Wish
 * @typedef {{grey: import("../core/saliency.js").Grey, facts: import("../core/saliency.js").Facts}} SaliencyMap
 * @typedef {{name: string, title: string, note: string, allowed: boolean, why_not: string}} Method
 * @typedef {{image_id: string, url: string, filename: string, width: number, height: number, label: string | null, test: boolean}} ExplainedImage
 */

/** As many pixels as an overlay needs: the map itself has no more. */
export const MAP_PX = 512;

/**
 * The map of one image.
 * @param {string} imageId
 * @param {Wish} wish
 * @returns {Promise<SaliencyMap>}
 * @throws {import("./map.js").NotYet | import("./api.js").ApiError}
 */
export async function getSaliency(imageId, { method, label, version, size = MAP_PX, shifted, layer }) {
  const query = new URLSearchParams({ method, size: String(size) });
  if (label) query.set("class", label);
  if (version) query.set("version", String(version));
  if (layer) query.set("layer", layer);
  if (shifted) query.set("shifted", "1");
  const response = await ask(`/api/explanations/${encodeURIComponent(imageId)}?${query}`, { cache: "no-store" });
  const facts = JSON.parse(response.headers.get("X-Explanation") ?? "{}");
  return { grey: await decodedGrey(await response.blob()), facts };
}

/** @returns {Promise<{methods: Method[], layers: string[], layer: string, version: number, network: string}>} */
export const getMethods = () => ask("/api/explanations", { cache: "no-store" }).then((r) => r.json());

/** @param {string} imageId @returns {Promise<ExplainedImage>} */
export const getExplained = (imageId) => ask(`/api/explanations/${encodeURIComponent(imageId)}/image`, { cache: "no-store" }).then((r) => r.json());

/** @param {Blob} blob */
async function decodedGrey(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return greyOf(context.getImageData(0, 0, canvas.width, canvas.height));
}
