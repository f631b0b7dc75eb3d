/** Editors of settings that hold several values by name: goals for metrics, weights of classes, costs of mistakes. */

import { goalField, goalMetrics, goalOf, goalUnit, mistakeText, signOf, withCost } from "../core/settings.js";
import { metricName } from "../core/format.js";
import { el, keyed, setText } from "./dom.js";

/**
 * @typedef {import("./settings.js").Editor} Editor
 * @typedef {import("../core/settings.js").Goals} Goals
 */

/** A number that was typed, or null. @param {string} text */
const numberIn = (text) => (text.trim() && Number.isFinite(Number(text.replace(",", "."))) ? Number(text.replace(",", ".")) : null);

/**
 * Goals: a metric and its bound each. A new one counts from the moment it has a number.
 * @param {string} id
 * @param {(value: Goals) => void} save
 * @returns {Editor}
 */
export function goalsEditor(id, save) {
  /** @type {Goals} */ let goals = {};
  /** @type {string[]} */ let metrics = [];
  let draft = "";
  const rows = el("ul", { class: "map-rows" });
  const add = el("button", { type: "button", class: "button small", onclick: () => begin() }, "Add a goal");
  const element = el("div", { class: "map", id, role: "group", "aria-labelledby": `${id}-title` }, rows, add);
  const free = () => metrics.filter((metric) => !(metric in goals));
  const without = (/** @type {string} */ metric) => Object.fromEntries(Object.entries(goals).filter(([name]) => name !== metric));

  function begin() {
    draft = free()[0] ?? "";
    draw();
    rows.querySelector("li:last-child select")?.focus();
  }

  /** @param {string} metric */
  function drop(metric) {
    if (metric === draft) draft = "";
    else save(without(metric));
    draw();
    add.focus();
  }

  /** @param {string} from @param {string} to */
  function rename(from, to) {
    if (from === draft) draft = to;
    else {
      draft = to;
      save(without(from));
    }
    draw();
    rows.querySelector("li:last-child input")?.focus();
  }

  /** @param {string} metric @param {HTMLInputElement} input */
  function set(metric, input) {
    const number = numberIn(input.value);
    if (number === null) return void (input.value = metric in goals ? goalField(metric, goals[metric]) : "");
    if (metric === draft) draft = "";
    save({ ...goals, [metric]: goalOf(metric, number) });
  }

  /** @param {string} metric */
  function row(metric) {
    const select = el("select", { class: "field", "aria-label": "Metric", onchange: () => rename(metric, select.value) });
    const input = el("input", { type: "text", inputmode: "decimal", class: "field", autocomplete: "off", "aria-label": `Goal for ${metricName(metric)}`, onchange: () => set(metric, input) });
    const remove = el("button", { type: "button", class: "button small quiet", "aria-label": `Remove the goal for ${metricName(metric)}`, onclick: () => drop(metric) }, "×");
    return el("li", {}, select, el("span", { class: "sign" }, signOf(metric)), input, el("span", { class: "unit" }, goalUnit(metric)), remove);
  }

  function draw() {
    const listed = [...Object.keys(goals), ...(draft && !(draft in goals) ? [draft] : [])];
    keyed(rows, listed, (metric) => metric, row, (item, metric) => {
      const [select, , input] = /** @type {any} */ (item.children);
      const options = [metric, ...free().filter((name) => name !== metric && name !== draft)];
      if (select.options.length !== options.length) select.replaceChildren(...options.map((name) => el("option", { value: name }, metricName(name))));
      select.value = metric;
      if (metric in goals && document.activeElement !== input) input.value = goalField(metric, goals[metric]);
    });
    add.hidden = draft !== "" || free().length === 0;
  }

  return {
    element,
    show(setting, classes) {
      goals = setting.value;
      metrics = goalMetrics(classes);
      draw();
    },
  };
}

/**
 * A weight per class; an empty field is 1.
 * @param {string} id
 * @param {(value: Record<string, number>) => void} save
 * @returns {Editor}
 */
export function weightsEditor(id, save) {
  /** @type {Record<string, number>} */ let weights = {};
  const rows = el("ul", { class: "map-rows" });
  const none = el("p", { class: "muted" }, "No classes yet.");
  const element = el("div", { class: "map", id, role: "group", "aria-labelledby": `${id}-title` }, rows, none);

  /** @param {string} name @param {HTMLInputElement} input */
  function set(name, input) {
    const number = input.value.trim() ? numberIn(input.value) : 1;
    if (number === null) return void (input.value = String(weights[name] ?? 1));
    const others = Object.entries(weights).filter(([other]) => other !== name);
    save(Object.fromEntries(number === 1 ? others : [...others, [name, number]]));
  }

  /** @param {string} name */
  function row(name) {
    const input = el("input", { type: "text", inputmode: "decimal", class: "field", autocomplete: "off", "aria-label": `Weight of ${name}`, onchange: () => set(name, input) });
    return el("li", {}, el("span", { class: "name", title: name }, name), el("span", { class: "sign" }, "×"), input);
  }

  return {
    element,
    show(setting, classes) {
      weights = setting.value;
      none.hidden = classes.length > 0;
      keyed(rows, classes, (name) => name, row, (item, name) => {
        const input = /** @type {any} */ (item.children[2]);
        if (document.activeElement !== input) input.value = String(weights[name] ?? 1);
      });
      setText(none, "No classes yet.");
    },
  };
}

/**
 * Costs: a row per mistake that does not cost 1. A new one counts from the moment it has a number.
 * @param {string} id
 * @param {(value: import("../core/settings.js").Costs) => void} save
 * @returns {Editor}
 */
export function costsEditor(id, save) {
  /** @type {import("../core/settings.js").Costs} */ let costs = {};
  const rows = el("ul", { class: "map-rows" });
  const truth = el("select", { class: "field", "aria-label": "True class" });
  const said = el("select", { class: "field", "aria-label": "Said class" });
  const cost = el("input", { type: "text", inputmode: "decimal", class: "field", autocomplete: "off", placeholder: "cost", "aria-label": "Cost of this mistake", onchange: () => begin() });
  const adding = el("div", { class: "map-rows adding" }, el("li", {}, truth, el("span", { class: "muted" }, "as"), said, el("span", { class: "sign" }, "×"), cost));
  const element = el("div", { class: "map", id, role: "group", "aria-labelledby": `${id}-title` }, rows, adding);

  function begin() {
    const number = numberIn(cost.value);
    if (number === null || !truth.value || !said.value) return;
    cost.value = "";
    save(withCost(costs, truth.value, said.value, number));
  }

  /** @param {[string, string]} mistake */
  function row([real, wrong]) {
    const text = mistakeText(real, wrong);
    const input = el("input", { type: "text", inputmode: "decimal", class: "field", autocomplete: "off", "aria-label": `Cost of ${text}`, onchange: () => set() });
    const set = () => {
      const number = numberIn(input.value);
      if (number === null) input.value = String(costs[real]?.[wrong] ?? "");
      else save(withCost(costs, real, wrong, number));
    };
    const remove = el("button", { type: "button", class: "button small quiet", "aria-label": `Remove the cost of ${text}`, onclick: () => save(withCost(costs, real, wrong, null)) }, "×");
    return el("li", {}, el("span", { class: "name", title: text }, text), el("span", { class: "sign" }, "×"), input, remove);
  }

  return {
    element,
    show(setting, classes) {
      costs = setting.value;
      const known = [...truth.options].map((/** @type {any} */ option) => option.value);
      if (known.join("\n") !== classes.join("\n")) {
        for (const select of [truth, said]) select.replaceChildren(...classes.map((name) => el("option", {}, name)));
        said.selectedIndex = Math.min(1, classes.length - 1);
      }
      adding.hidden = classes.length < 2;
      const mistakes = Object.entries(costs).flatMap(([real, inner]) => Object.keys(inner).map((wrong) => /** @type {[string, string]} */ ([real, wrong])));
      keyed(rows, mistakes, (mistake) => mistake.join("\n"), row, (item, [real, wrong]) => {
        const input = /** @type {any} */ (item.children[2]);
        if (document.activeElement !== input) input.value = String(costs[real][wrong]);
      });
    },
  };
}
