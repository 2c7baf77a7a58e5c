// Keeps the page's files, so that it works without a network after the first visit. Made anew by each export: another
// version is fetched whole beside this one, and takes over when the visitor says so, or when the page is opened next.

const VERSION = "{{version}}";
const FILES = {{files}}; // name -> SHA-256
const OURS = `headstart ${registration.scope} `;
const CACHE = OURS + VERSION;

async function keep(cache, name) {
  for (const ask of ["no-cache", "reload"]) { // a host may say of an older file that the newer one is still the same
    const response = await fetch(new Request(name, { cache: ask }));
    if (!response.ok) throw new Error(`${name} cannot be fetched (${response.status})`);
    const content = await response.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
    const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (found === FILES[name]) {
      await cache.put(name, new Response(content, { headers: response.headers })); // of a redirect no page would open
      return;
    }
  }
  throw new Error(`${name} is not the file that was exported; copy the whole folder again`);
}

async function keepAll() {
  const cache = await caches.open(CACHE);
  const kept = await Promise.allSettled(Object.keys(FILES).map((name) => keep(cache, name)));
  const failed = kept.find(({ status }) => status === "rejected");
  if (!failed) return;
  await caches.delete(CACHE); // the device may be full
  throw failed.reason;
}

async function dropOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(OURS) && name !== CACHE).map((name) => caches.delete(name)));
  await clients.claim();
}

async function answer(request) {
  const url = new URL(request.url);
  url.search = "";
  if (url.href === registration.scope) url.pathname += "index.html";
  const cache = await caches.open(CACHE);
  return (await cache.match(url.href)) ?? fetch(request);
}

addEventListener("install", (event) => event.waitUntil(keepAll()));
addEventListener("activate", (event) => event.waitUntil(dropOthers()));
addEventListener("message", (event) => {
  if (event.data === "take over") skipWaiting();
});
addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(registration.scope)) event.respondWith(answer(event.request));
});
