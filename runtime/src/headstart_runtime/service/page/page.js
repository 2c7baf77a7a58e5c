// The page to try models on. It asks the service that it came from, and nobody else.

import { describeAnswer, make, showEvidence } from "./answers.js";
import { closeCamera, find, listen, say } from "./intake.js";

const KEY = "headstart-key";
const PREVIEWS = { audio: "audio", video: "video", text: null };

let models = [];
let model = null;
let given = null; // a File, or a text
let asked = 0; // so that an answer that comes late is not shown for another item
let addresses = [];

function readKey() {
  try { return sessionStorage.getItem(KEY); } catch { return null; }
}

async function call(path, options = {}) {
  const key = readKey();
  const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The service cannot be reached.");
  }
  const found = await response.json().catch(() => ({}));
  if (response.status === 401) {
    find("key-form").hidden = false;
    find("key").focus();
  }
  if (!response.ok) {
    const wait = response.status === 503 ? " Try again in a moment." : "";
    throw new Error(`${found.error ?? `The service answered ${response.status}.`}${wait}`);
  }
  return found;
}

function bodyOf(item) {
  if (typeof item === "string") {
    return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ texts: [item] }) };
  }
  const form = new FormData();
  form.append("file", item, item.name || "item");
  return { method: "POST", body: form };
}

const address = (verb) => `v1/models/${encodeURIComponent(model.name)}/${verb}`;

async function answer(item) {
  const turn = ++asked;
  given = item;
  find("result").hidden = true;
  say(`Answering …`);
  try {
    const began = performance.now();
    const found = await call(address("predict"), bodyOf(item));
    if (turn !== asked) return;
    const taken = Math.round(performance.now() - began);
    show(found.answers[0], item, taken);
  } catch (error) {
    if (turn === asked) say(error.message, true);
  }
}

function preview(item) {
  addresses.forEach((old) => URL.revokeObjectURL(old));
  addresses = [];
  if (typeof item === "string") return make("blockquote", {}, item);
  const kind = (item.type || model.media).split("/")[0];
  const name = kind in PREVIEWS ? PREVIEWS[kind] : "img";
  if (name === null) return "";
  const source = URL.createObjectURL(item);
  addresses.push(source);
  const element = name === "img"
    ? make("img", { src: source, alt: `The ${model.noun.one} that was given` })
    : make(name, { src: source, controls: "", "aria-label": `The ${model.noun.one} that was given` });
  element.addEventListener("error", () => element.remove()); // a form that browsers do not show
  return element;
}

function show(found, item, taken) {
  const told = describeAnswer(found, model);
  find("shown").replaceChildren(preview(item));
  find("answer-words").textContent = told.words;
  find("answer-more").textContent = told.more;
  find("details").replaceChildren(...told.details);
  const warning = find("warning");
  warning.hidden = !found.out_of_distribution;
  warning.textContent = found.out_of_distribution
    ? `This is unlike the ${model.noun.many} that the model was made from: do not trust this answer.` : "";
  find("notes").textContent = [found.repaired, found.note].filter(Boolean).join("; ");
  find("why").hidden = !model.explains;
  find("explain").hidden = false;
  find("explain").disabled = false;
  find("evidence").replaceChildren();
  find("evidence-words").textContent = "";
  find("result").hidden = false;
  say(`Answered in ${taken} ms: ${told.words}${told.more ? `, ${told.more}` : ""}`);
  find("result").focus({ preventScroll: false });
}

async function explain() {
  const turn = asked;
  find("explain").disabled = true;
  find("evidence-words").textContent = "Looking …";
  try {
    const found = await call(address("explain"), bodyOf(given));
    if (turn !== asked) return;
    const shown = showEvidence(found, model.noun);
    if (shown.address) addresses.push(shown.address);
    find("evidence").replaceChildren(shown.element);
    find("evidence-words").textContent = `For “${found.label}” (${found.text}): ${found.legend}.`;
    find("explain").hidden = true;
  } catch (error) {
    if (turn !== asked) return;
    find("evidence-words").textContent = error.message;
    find("explain").disabled = false;
  }
}

function choose(name) {
  model = models.find((one) => one.name === name) ?? models[0];
  const { noun, media } = model;
  asked += 1;
  find("result").hidden = true;
  say("");
  find("title").textContent = `What is this ${noun.one}?`;
  document.title = `${model.name}: what is this ${noun.one}?`;
  find("about").textContent = `${model.name} · ${model.task_title} · ${model.classes.slice(0, 12).join(", ")}${model.classes.length > 12 ? ", …" : ""}`;
  find("give-file").hidden = model.texts;
  find("give-text").hidden = !model.texts;
  find("text-words").textContent = `Type or paste ${noun.a_one}`;
  find("drop-words").textContent = `Drop ${noun.a_one} here, paste one, or choose a file.`;
  find("file-words").textContent = `Choose ${noun.a_one}`;
  const accepted = [media, ...model.suffixes].filter(Boolean).join(",");
  find("file").setAttribute("accept", accepted);
  find("take").setAttribute("accept", media);
  find("take-words").textContent = media.startsWith("audio") ? `Record ${noun.a_one}` : `Take ${noun.a_one}`;
  find("take").disabled = !media;
  const onPhone = matchMedia("(pointer: coarse)").matches; // its own camera or recorder is the better one
  find("take-button").hidden = !media || !onPhone;
  find("take").hidden = find("take-button").hidden;
  const still = media && !(media.split("/")[0] in PREVIEWS);
  find("camera").hidden = !still || onPhone || !navigator.mediaDevices?.getUserMedia; // HTTPS or localhost only
  closeCamera();
  const facts = { ...model.facts, network: model.backbones.join(", "), licence: model.licences.join(", "), engine: model.engine, version: model.version };
  find("facts").replaceChildren(
    ...Object.entries(facts).flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, String(text))]));
}

async function start() {
  try {
    models = (await call("v1/models")).models;
  } catch (error) {
    say(error.message, true);
    return;
  }
  find("key-form").hidden = true;
  find("model").replaceChildren(...models.map((one) => make("option", { value: one.name }, one.name)));
  find("choose-model").hidden = models.length < 2;
  choose(models[0].name);
}

function take(files) {
  if (!model) return;
  if (!files.length) return;
  if (files.length > 1) say("Several were given; the first one is answered.");
  answer(files[0]);
}

find("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  try { sessionStorage.setItem(KEY, find("key").value.trim()); } catch { /* a browser that keeps nothing */ }
  find("key").value = "";
  say("");
  start();
});
find("model").addEventListener("change", (event) => choose(event.target.value));
find("give-text").addEventListener("submit", (event) => {
  event.preventDefault();
  if (find("text").value.trim()) answer(find("text").value);
  else say(`Type ${model.noun.a_one} first.`, true);
});
find("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find("give-text").requestSubmit();
});
find("explain").addEventListener("click", explain);
listen({
  take,
  answer,
  paste: (files, event) => {
    if (model?.texts || event.target.matches?.("input, textarea")) return;
    if (files.length) take(files);
    else say(`There is no ${model?.noun.one ?? "file"} in what was pasted.`, true);
  },
});

start();
