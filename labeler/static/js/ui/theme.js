/** Dark and light: the system's preference until the person has chosen. */

import { byId } from "./dom.js";

const KEY = "labelstream.theme";
const prefersLight = matchMedia("(prefers-color-scheme: light)");

/** @returns {"dark" | "light"} */
export function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "dark" || chosen === "light") return chosen;
  return prefersLight.matches ? "light" : "dark";
}

/** Switches between dark and light and remembers it. */
export function toggleTheme() {
  const theme = currentTheme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Kept for this page only.
  }
  document.dispatchEvent(new Event("themechange"));
}

/** Connects the button in the header; charts listen to `themechange` on the document. */
export function startTheme() {
  byId("theme").addEventListener("click", toggleTheme);
  prefersLight.addEventListener("change", () => document.dispatchEvent(new Event("themechange")));
}

/**
 * The present value of a custom property, for canvas drawing.
 * @param {string} name
 */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
