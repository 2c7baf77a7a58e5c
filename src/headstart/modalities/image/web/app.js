// The page: takes a photo, asks the classifier, shows the answer. Nothing leaves the device.

import { describeAnswer, enumerate, make } from "./answers.js";
import { load, readPixels } from "./headstart.js";
import { find, listen, pathOf, say } from "./intake.js";
import { workOffline } from "./offline.js";
import { clear, isListing, list } from "./several.js";

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(milliseconds < 9950 ? 2 : 0)} s`;

let loading; // a promise of the classifier
let address = null; // of the photo that is shown
let turn = 0; // so that an answer that comes late is not shown for another photo
let answered = false;
let ready = ""; // how long loading took, in words

async function answer(file) {
  const own = ++turn;
  const began = performance.now();
  find("result").hidden = true;
  try {
    const classifier = await loading;
    if (own !== turn) return;
    say("Answering …");
    await new Promise((resume) => setTimeout(resume)); // what is said shows before the network keeps the page busy
    const found = await classifier.predict(file);
    if (own !== turn) return;
    const taken = performance.now() - began;
    const told = show(found, file, classifier.record);
    if (!answered) find("measured").textContent = `${ready} First answer after ${seconds(taken)}.`;
    answered = true;
    say(`Answered in ${Math.round(taken)} ms.`, false, told);
  } catch (error) {
    if (own === turn) say(`${file.name ? `${file.name}: ` : ""}${error.message}`, true);
  }
}

function preview(file) {
  if (address !== null) URL.revokeObjectURL(address);
  address = URL.createObjectURL(file);
  const shown = make("img", { src: address, alt: "The photo that was given" });
  shown.addEventListener("error", () => shown.remove()); // a form that is decoded here but not by the browser
  return shown;
}

// Shows an answer, and returns it in words.
function show(found, file, record) {
  const told = describeAnswer(found, { classes: record.names, thresholds: record.thresholds });
  const unknown = found.out_of_distribution
    ? `Not something I know: it is unlike the ${record.noun.many} that the classifier was made from, so don’t trust this answer.` : "";
  find("shown").replaceChildren(preview(file));
  find("answer-words").textContent = told.words;
  find("answer-more").textContent = told.more;
  find("details").replaceChildren(...told.details);
  find("warning").hidden = !unknown;
  find("answer").classList.toggle("unknown", Boolean(unknown));
  find("warning").textContent = unknown;
  find("notes").textContent = found.repaired ?? "";
  find("result").hidden = false;
  find("result").focus({ preventScroll: false });
  return [told.words, told.more, unknown].filter(Boolean).join(". ");
}

function offerCamera() {
  const onPhone = matchMedia("(pointer: coarse)").matches; // its own camera is the better one
  const possible = Boolean(navigator.mediaDevices?.getUserMedia);
  find("take-button").hidden = !onPhone;
  find("take").hidden = !onPhone;
  find("camera").hidden = onPhone || !possible;
  find("camera-note").hidden = onPhone || possible || isSecureContext;
}

function describe(record) {
  document.title = `${record.title}: what is this ${record.noun.one}?`;
  find("about").textContent = `${record.title} · ${record.task_title} · ${enumerate(record.names)}`;
  const facts = { ...record.facts, ...Object.fromEntries(record.licences.map(({ network, licence }) => [network, licence])) };
  facts[record.runtime.name] = `${record.runtime.version}, ${record.runtime.licence}`;
  find("facts").replaceChildren(
    ...Object.entries(facts).flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, String(text))]));
}

async function start() {
  offerCamera();
  loading = load({ onProgress: (done, total) => { find("progress").value = done / total; } });
  try {
    const { record } = await loading;
    ready = `${(record.download_bytes / 1e6).toFixed(1)} MB, loaded once; ready after ${seconds(performance.now())}.`;
    find("measured").textContent = ready;
    describe(record);
    if (turn === 0) say("Ready.");
  } catch (error) {
    say(`The classifier cannot be loaded: ${error.message}`, true);
    return;
  } finally {
    find("progress").hidden = true;
  }
  await workOffline();
}

function take(files, dropped = false) {
  if (files.length === 0 && dropped) say("There is no photo in what was dropped.", true);
  if (files.length === 0) return;
  if (files.length === 1 && !isListing()) {
    answer(files[0]);
    return;
  }
  turn += 1; // what is still being answered is not shown
  find("result").hidden = true;
  const named = files.map((file) => ({ file, name: pathOf(file) }));
  const showRow = async ({ found, file }) => {
    const { record } = await loading;
    turn += 1;
    say("", false, show(found, file, record));
  };
  list(named, { loading, read: readPixels, show: showRow }).catch(() => {}); // that it cannot be loaded is said already
}

listen({
  take,
  answer: (file) => take([file]), // of the camera
  paste: (files) => {
    if (files.length) take(files);
    else say("There is no photo in what was pasted.", true);
  },
  camera: { width: { ideal: 1280 } },
});
find("clear").addEventListener("click", () => {
  clear();
  find("result").hidden = true;
  find("file").focus();
});

start();
