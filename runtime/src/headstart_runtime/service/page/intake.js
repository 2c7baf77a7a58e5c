// How items come to a page: files that are chosen, dropped or pasted, and what a camera sees.

import { make } from "./answers.js";

export const find = (id) => document.getElementById(id);

// Says how things stand. spoken: what is seen on the page already, for those who hear it.
export function say(text, bad = false, spoken = "") {
  find("status").replaceChildren(bad ? "" : text, ...(spoken ? [make("span", { class: "spoken" }, ` ${spoken}`)] : []));
  find("trouble").textContent = bad ? text : "";
}

let stream = null;

export function closeCamera() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  find("live").srcObject = null;
  find("viewer").hidden = true;
}

async function openCamera(wanted) {
  closeCamera();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", ...wanted } });
  } catch {
    say("The camera cannot be used: there is none, or this page may not use it.", true);
    return;
  }
  say("");
  find("live").srcObject = stream;
  find("viewer").hidden = false;
  await find("live").play();
  find("shoot").focus();
}

function shoot(answer) {
  const live = find("live");
  const canvas = make("canvas", { width: live.videoWidth, height: live.videoHeight });
  canvas.getContext("2d").drawImage(live, 0, 0);
  closeCamera();
  canvas.toBlob((blob) => answer(new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95);
}

const paths = new WeakMap(); // of files that were dropped in a folder

// The path of a file below the folder that was given, or its name.
export const pathOf = (file) => paths.get(file) ?? (file.webkitRelativePath || file.name || "item");

async function walk(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((give, fail) => { entry.file(give, fail); });
    paths.set(file, entry.fullPath.replace(/^\//, ""));
    if (!file.name.startsWith(".")) found.push(file);
    return;
  }
  const reader = entry.createReader();
  for (;;) { // it gives a hundred at a time
    const some = await new Promise((give, fail) => { reader.readEntries(give, fail); });
    if (!some.length) return;
    for (const one of some) await walk(one, found);
  }
}

// The files of what was dropped; of folders those in them, in the order of their paths.
async function listDropped({ items, files }) {
  const given = [...files]; // what was dropped is there only for now
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return given;
  const found = [];
  try {
    for (const entry of entries) await walk(entry, found);
  } catch { /* a folder that may not be read: what was found so far */ }
  return found.sort((one, other) => pathOf(one).localeCompare(pathOf(other), "en", { numeric: true }));
}

// Listens for items. take: is told the files that are chosen or dropped; paste: the files that are pasted, and the event;
// answer: is told what the camera sees; camera: what else is wanted of it, as getUserMedia has it.
export function listen({ take, paste, answer, camera = {} }) {
  for (const id of ["file", "take"]) {
    find(id).addEventListener("change", (event) => {
      take([...event.target.files]);
      event.target.value = "";
    });
  }
  find("camera").addEventListener("click", () => openCamera(camera));
  find("shoot").addEventListener("click", () => shoot(answer));
  find("close").addEventListener("click", () => {
    closeCamera();
    find("camera").focus();
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    find("drop").classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) find("drop").classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    find("drop").classList.remove("over");
    listDropped(event.dataTransfer).then((files) => take(files, true));
  });
  document.addEventListener("paste", (event) => paste([...event.clipboardData.files], event));
}
