// Answers the items that a proof gives, by the headstart.js of an export, and posts every step back.

import { load } from "./export/headstart.js";

async function post(name, body) {
  await fetch(name, { method: "POST", body });
}

function pack(header, arrays) {
  const text = new TextEncoder().encode(JSON.stringify(header));
  return new Blob([new Uint32Array([text.length]), text, ...arrays]);
}

async function answer(classifier, item) {
  const began = performance.now();
  let found;
  try {
    found = await classifier.trace(item);
  } catch (error) {
    if (error.name !== "HeadstartError") throw error;
    return pack({ error: error.message }, []);
  }
  const milliseconds = performance.now() - began;
  const steps = found.steps.map(({ name, type, dims, data }) => ({ name, type, dims, bytes: data.byteLength }));
  return pack({ answer: found.answer, milliseconds, steps }, found.steps.map(({ data }) => data));
}

async function prove() {
  const plain = await load();
  await plain.warmUp();
  const first = performance.now();
  await plain.close();
  // The same folder with a graph that also gives the tensors inside it.
  const exposed = await load({ base: "./exposed/" });
  await post("started", JSON.stringify({ first, names: exposed.names }));
  for (;;) {
    const response = await fetch("item");
    if (response.status === 410) return;
    if (response.status === 200) await post("answer", await answer(exposed, await response.blob()));
  }
}

document.addEventListener("securitypolicyviolation", (event) => {
  post("failed", `the page's policy forbids ${event.blockedURI || "something inline"} (${event.violatedDirective})`);
});
addEventListener("error", (event) => post("failed", event.message));
prove().catch((error) => post("failed", `${error.name}: ${error.message}`));
