// Answers as elements. Each form is told by the keys of an answer, so a task of any package has one.

const SVG = "http://www.w3.org/2000/svg";
const SHOWN = 8; // rows before the others are folded away
const NAMED = 12; // names in a sentence
const LONGEST = 80; // letters of a name there

export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export const percent = (share) =>
  share > 0 && share < 0.001 ? "< 0.1 %" : share < 1 && share > 0.999 ? "> 99.9 %" : `${(100 * share).toFixed(1)} %`;

const number = (value) => Number(value.toPrecision(5)).toLocaleString("en", { maximumSignificantDigits: 5 });

const TURNING = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/; // read from the right, or turns what follows

// A name that turns nothing around it.
const isolate = (name) => (TURNING.test(name) ? `\u2068${name}\u2069` : name);
const shorten = (name) => (name.length > LONGEST ? `${Array.from(name).slice(0, LONGEST - 1).join("")}…` : name);

// Names in a sentence, the first of many.
export function enumerate(names) {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).map(shorten).map(isolate).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function drawBar(share, mark) {
  const svg = document.createElementNS(SVG, "svg");
  const draw = (name, attributes) => {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  };
  svg.setAttribute("class", "bar");
  svg.setAttribute("viewBox", "0 0 100 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  draw("rect", { class: "ground", width: 100, height: 10 });
  draw("rect", { class: "part", width: 100 * Math.min(1, Math.max(0, share)), height: 10 });
  if (mark !== undefined && mark <= 1) draw("line", { class: "mark", x1: 100 * mark, x2: 100 * mark, y1: 0, y2: 10 });
  return svg;
}

function tabulate(caption, heads, rows) {
  const table = make("table", heads.length > 4 ? { class: "many" } : {}, make("caption", {}, caption));
  const cells = heads.map((head) => (head ? make("th", { scope: "col" }, head) : make("td", { class: "meter" })));
  table.append(make("thead", {}, make("tr", {}, ...cells)));
  table.append(make("tbody", {}, ...rows));
  return table;
}

// Probabilities by name; those that are taken are set off, thresholds are a mark in the bar and a column.
function listProbabilities(answer, model, taken, ordered) {
  const pairs = Object.entries(answer.probabilities);
  // An object lists names such as "10" before all others, whatever order they were written in.
  if (ordered) pairs.sort((one, other) => model.classes.indexOf(one[0]) - model.classes.indexOf(other[0]));
  else pairs.sort((one, other) => other[1] - one[1]);
  const inSet = new Set(answer.prediction_set ?? []);
  const thresholds = model.thresholds;
  const marked = Object.keys(thresholds).length > 0;
  const rows = pairs.map(([name, share]) => {
    const row = make("tr", taken.has(name) ? { class: "taken" } : {});
    const threshold = Object.hasOwn(thresholds, name) ? thresholds[name] : undefined;
    row.append(make("th", { scope: "row", dir: "auto" }, make("span", { class: "name", title: name }, name)));
    row.append(make("td", { class: "meter" }, drawBar(share, threshold)));
    row.append(make("td", { class: "number" }, percent(share)));
    if (marked) row.append(make("td", { class: "number" }, threshold === undefined ? "" : percent(threshold)));
    if (inSet.size) row.append(make("td", { class: "number" }, inSet.has(name) ? "yes" : ""));
    return row;
  });
  const heads = ["Name", "", "Probability", ...(marked ? ["Taken from"] : []), ...(inSet.size ? ["In set"] : [])];
  const first = ordered ? rows : rows.slice(0, SHOWN);
  const found = [tabulate("Probabilities", heads, first)];
  const rest = ordered ? [] : rows.slice(SHOWN);
  if (rest.length) {
    const more = tabulate("The others", heads, rest);
    found.push(make("details", { id: "more" }, make("summary", {}, `${rest.length} more`), more));
  }
  return found;
}

// A value of its own for each name, or one for all; names such as "constructor" are no properties of every object.
function byName(value, name) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

// Numbers, each with its interval.
function listNumbers(answer, model) {
  const several = model.classes.length > 1;
  const told = model.classes.map((name) => {
    const value = byName(answer.value, name);
    const between = byName(answer.interval, name);
    const unit = byName(answer.unit, name) || "";
    return { name, text: `${number(value)} ${unit}`.trim(), between, unit };
  });
  const range = ({ between, unit }, word = "to") =>
    `${number(between[0])} ${word} ${number(between[1])} ${unit}`.trim();
  if (!several) {
    return { words: told[0].text, more: told[0].between ? `most likely between ${range(told[0], "and")}` : "", details: [] };
  }
  const rows = told.map((one) =>
    make("tr", {}, make("th", { scope: "row", dir: "auto" }, one.name), make("td", { class: "number" }, one.text),
      make("td", { class: "number between" }, one.between ? range(one) : "")));
  const words = told.slice(0, NAMED).map((one) => `${isolate(one.name)} ${one.text}`).join(", ") + (told.length > NAMED ? ", …" : "");
  return { words, more: "", details: [tabulate("Numbers", ["Name", "Value", "Interval"], rows)] };
}

function listLabels(answer, model) {
  const there = answer.labels;
  const more = answer.prediction_set?.length > there.length ? `at most: ${enumerate(answer.prediction_set)}` : "";
  return {
    words: there.length ? enumerate(there) : "none of the labels",
    more,
    details: listProbabilities(answer, model, new Set(there), false),
  };
}

function listGrades(answer, model) {
  const ends = [...new Set(answer.range ?? [])];
  return {
    words: isolate(answer.label),
    more: ends.length > 1 ? `most likely ${isolate(ends[0])} to ${isolate(ends[1])}` : percent(answer.probability),
    details: listProbabilities(answer, model, new Set([answer.label]), true),
  };
}

function listClasses(answer, model) {
  const members = answer.prediction_set ?? [];
  const set = members.length > 1 ? `; not sure, it may be any of: ${enumerate(members)}` : "";
  return {
    words: isolate(answer.label),
    more: `${percent(answer.probability)}${set}`,
    details: listProbabilities(answer, model, new Set([answer.label]), false),
  };
}

// What an answer says, in words and in tables.
export function describeAnswer(answer, model) {
  if (Array.isArray(answer.labels)) return listLabels(answer, model);
  if ("value" in answer) return listNumbers(answer, model);
  if ("rank" in answer) return listGrades(answer, model);
  if (answer.probabilities) return listClasses(answer, model);
  return { words: answer.text, more: "", details: [] };
}

// What speaks for an answer: a copy of the item under its map, or its text with marks.
export function showEvidence(found, noun) {
  if (found.pieces) {
    const text = make("p");
    for (const [piece, weight] of found.pieces) {
      const strength = weight > 0.66 ? "high" : weight > 0.33 ? "middle" : weight > 0.1 ? "low" : "";
      text.append(strength ? make("mark", { class: strength }, piece) : piece);
    }
    return { element: text, address: null };
  }
  const bytes = Uint8Array.from(atob(found.content), (sign) => sign.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: found.media_type }));
  const words = `The ${noun.one} beside a copy that shows ${found.legend}`;
  return { element: make("img", { src: address, alt: words }), address };
}
