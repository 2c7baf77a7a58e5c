// Several photos: answered one after the other into a list, of which each can be looked at, and all saved as a table.

import { describeAnswer, make } from "./answers.js";
import { find, say } from "./intake.js";

const THUMBNAIL = 48; // pixels along the longer edge
const MOST_KINDS = 5; // of answers that the summary names

const rows = []; // {file, element, told, found, error}
let running = false;

export const isListing = () => rows.length > 0;

function drawThumbnail({ width, height, data }) {
  const scale = Math.max(1, Math.max(width, height) / THUMBNAIL);
  const canvas = make("canvas", { width: Math.max(1, Math.round(width / scale)), height: Math.max(1, Math.round(height / scale)), "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let y = 0, to = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++, to += 4) {
      const from = 3 * (Math.min(height - 1, Math.floor((y + 0.5) * scale)) * width + Math.min(width - 1, Math.floor((x + 0.5) * scale)));
      image.data.set([data[from], data[from + 1], data[from + 2], 255], to);
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function fill(row, show) {
  const [picture, name, answer] = row.element.children;
  if (row.error) {
    name.replaceChildren(row.name);
    answer.replaceChildren(make("span", { class: "bad" }, row.error));
    return;
  }
  picture.replaceChildren(row.picture);
  const look = make("button", { type: "button", class: "plain" }, row.name);
  look.addEventListener("click", () => show(row));
  name.replaceChildren(look);
  const more = [row.told.more, row.found.out_of_distribution ? "not something I know" : "", row.found.repaired].filter(Boolean).join("; ");
  answer.replaceChildren(make("strong", { dir: "auto" }, row.told.words), " ", make("span", { class: "quiet" }, more));
}

// How many got each answer: of numbers only what was not read.
function summarise(record) {
  const counts = new Map();
  for (const { told, error } of rows) {
    if (!error && record.task !== "regression") counts.set(told.words, (counts.get(told.words) ?? 0) + 1);
  }
  const sorted = [...counts].sort((one, other) => other[1] - one[1]);
  const parts = sorted.slice(0, MOST_KINDS).map(([words, count]) => `${count} ${words}`);
  if (sorted.length > MOST_KINDS) parts.push(`${sorted.length - MOST_KINDS} other answers`);
  const unknown = rows.filter(({ found }) => found?.out_of_distribution).length;
  if (unknown) parts.push(`${unknown} of these not something I know`);
  const failed = rows.filter(({ error }) => error).length;
  if (failed) parts.push(`${failed} not read`);
  return parts.join(", ");
}

const quote = (value) => {
  const text = String(value ?? "");
  const safe = /^[=+@\t\r-]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text; // spreadsheets run formulas
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

function writeTable(record) {
  const head = ["file", "answer", ...record.names, "prediction_set", "out_of_distribution", "note"];
  const lines = rows.filter(({ found, error }) => found || error).map(({ name, found, told, error }) => {
    if (error) return [name, "", ...record.names.map(() => ""), "", "", error];
    const values = record.names.map((one) => found.probabilities?.[one] ?? (record.names.length === 1 ? found.value : found.value[one]));
    const answer = found.label ?? found.labels?.join("; ") ?? (record.names.length === 1 ? found.value : told.words);
    return [name, answer, ...values, found.prediction_set?.join("; "), found.out_of_distribution, found.repaired];
  });
  return "\ufeff" + [head, ...lines].map((line) => line.map(quote).join(",")).join("\r\n") + "\r\n";
}

function save(record) {
  const address = URL.createObjectURL(new Blob([writeTable(record)], { type: "text/csv" }));
  make("a", { href: address, download: "answers.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

export function clear() {
  rows.length = 0;
  find("rows").replaceChildren();
  find("several").hidden = true;
}

async function answerAll(classifier, read, show) {
  const { record } = classifier;
  for (let row; (row = rows.find(({ found, error }) => !found && !error)); ) {
    say(`Answering ${rows.indexOf(row) + 1} of ${rows.length} …`);
    await new Promise((resume) => setTimeout(resume)); // what is said shows before the network keeps the page busy
    try {
      const pixels = await read(row.file, record.spec);
      const found = await classifier.answer(pixels);
      row.told = describeAnswer(found, { classes: record.names, thresholds: record.thresholds });
      row.picture = drawThumbnail(pixels);
      row.found = found;
    } catch (error) {
      row.error = error.message || "it cannot be read";
    }
    fill(row, show);
  }
  if (!rows.length) return say("");
  find("summary").textContent = summarise(record);
  say(`${rows.length} ${record.noun.many} given.`, false, find("summary").textContent);
}

// Adds files to the list and answers them. loading: a promise of the classifier; read: gives the pixels of a file; show: shows a row.
export async function list(files, { loading, read, show }) {
  for (const { file, name } of files) {
    const element = make("tr", {}, make("td"), make("th", { scope: "row", dir: "auto" }, name), make("td", {}, "…"));
    rows.push({ file, name, element });
    find("rows").append(element);
  }
  find("several").hidden = false;
  find("summary").textContent = "";
  if (running) return;
  running = true;
  try {
    const classifier = await loading;
    find("save").onclick = () => save(classifier.record);
    await answerAll(classifier, read, show);
  } finally {
    running = false;
  }
}
