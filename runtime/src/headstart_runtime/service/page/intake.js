// How items come to a page: files that are chosen, dropped or pasted, and what a camera sees.

import { make } from "./answers.js";

export const find = (id) => document.getElementById(id);

export function say(text, bad = false) {
  find("status").textContent = bad ? "" : text;
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
    take([...event.dataTransfer.files], true);
  });
  document.addEventListener("paste", (event) => paste([...event.clipboardData.files], event));
}
