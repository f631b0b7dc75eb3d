/** Painted masks, as the labeler keeps them. */

import { ApiError, call } from "./api.js";

/**
 * @typedef {{image_id: string, url: string, filename: string, width: number, height: number, paintable: boolean, painted: boolean, person: string, time: number | null}} MaskInfo
 * @param {string} imageId
 */
const address = (imageId) => `/api/masks/${encodeURIComponent(imageId)}`;

/** @param {string} annotator */
const by = (annotator) => `?${new URLSearchParams({ annotator })}`;

/** @param {string} imageId @returns {Promise<MaskInfo>} */
export const getMaskInfo = (imageId) => call("GET", `${address(imageId)}/info`);

/** @param {string} imageId @returns {Promise<Blob>} the PNG */
export async function getMask(imageId) {
  const response = await fetch(address(imageId), { credentials: "same-origin", cache: "no-store" });
  if (!response.ok) throw new ApiError(response.status, "The mask that was painted before could not be read; reload the page.");
  return response.blob();
}

/** @param {string} imageId @param {Blob} png @param {string} annotator @returns {Promise<{change: number}>} */
export const putMask = (imageId, png, annotator) => call("PUT", address(imageId) + by(annotator), undefined, { body: png });

/** @param {string} imageId @param {string} annotator @returns {Promise<{change: number}>} */
export const deleteMask = (imageId, annotator) => call("DELETE", address(imageId) + by(annotator));
