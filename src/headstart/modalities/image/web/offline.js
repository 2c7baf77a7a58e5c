// Keeps the page for visits without a network, and says when the host has another version of it.

import { find } from "./intake.js";

function offer(worker) {
  find("renewed").hidden = false;
  find("renew").addEventListener("click", () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    worker.postMessage("take over");
  }, { once: true });
}

export async function workOffline() {
  if (!("serviceWorker" in navigator)) return; // over plain http, or where the visitor keeps nothing
  try {
    const registration = await navigator.serviceWorker.register("service-worker.js");
    if (!registration) return; // a browser that was told to allow none
    const wait = (worker) => {
      if (worker.state === "installed" && registration.active) offer(worker);
    };
    if (registration.waiting) wait(registration.waiting);
    const watch = (worker) => worker?.addEventListener("statechange", () => wait(worker));
    watch(registration.installing);
    registration.addEventListener("updatefound", () => watch(registration.installing));
    await navigator.serviceWorker.ready;
    find("offline").textContent = "From now on this page works without a network.";
  } catch (error) {
    console.info(`not kept for use without a network: ${error.message}`);
  }
}
