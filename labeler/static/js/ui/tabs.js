/** A row of tabs, moved through with the arrow keys. */

import { el, setText } from "./dom.js";

/**
 * @typedef {{id: string, text: string}} Tab
 * @param {HTMLElement} box
 * @param {Tab[]} tabs
 * @param {string} panelId the element that shows the chosen tab
 * @param {(id: string) => void} onChoose
 * @returns {{choose: (id: string) => void, setText: (id: string, text: string) => void}}
 */
export function makeTabs(box, tabs, panelId, onChoose) {
  const buttons = new Map(
    tabs.map(({ id, text }) => [id, el("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": panelId, onclick: () => choose(id) }, text)]),
  );
  const choose = (/** @type {string} */ id) => {
    for (const [other, button] of buttons) {
      button.setAttribute("aria-selected", String(other === id));
      button.tabIndex = other === id ? 0 : -1;
    }
    onChoose(id);
  };
  box.setAttribute("role", "tablist");
  box.replaceChildren(...buttons.values());
  box.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const ids = [...buttons.keys()];
    const at = ids.findIndex((id) => buttons.get(id) === event.target);
    const to = ids[(at + by + ids.length) % ids.length];
    choose(to);
    buttons.get(to).focus();
  });
  return { choose, setText: (id, text) => setText(buttons.get(id), text) };
}
