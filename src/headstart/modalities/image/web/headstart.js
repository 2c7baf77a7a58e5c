/**
 * Answers of a classifier that headstart saved, on the visitor's own machine, by onnxruntime-web.
 *
 *     import { load } from "./headstart.js";
 *     const classifier = await load();
 *     const answer = await classifier.predict(file);
 *
 * A photo goes the way that the classifier was tested with (pixels.js). Cropping, resizing, the network, calibration
 * and thresholds are in the graph. Nothing is sent anywhere.
 */

import { digest } from "./digest.js";
import { HeadstartError, readPixels } from "./pixels.js";

export { HeadstartError, readPixels };

const HERE = new URL("./", import.meta.url);
const REMEDY = "copy the whole folder again";
const SCHEMA_VERSION = 1; // of classifier.json

/**
 * Load the classifier that stands beside this file.
 *
 * @param {{base?: string | URL, onProgress?: (done: number, total: number) => void}} options
 *   base: the folder of classifier.json; this file's own where none is given. onProgress: told the bytes that came.
 * @throws {HeadstartError} a file is missing, or not the one that was exported.
 */
export async function load({ base = HERE, onProgress = () => {} } = {}) {
  const folder = new URL(base, globalThis.location?.href ?? HERE);
  const { record, graph, ort } = await readAll(folder, onProgress);
  const place = (name) => new URL(name, folder).href;
  ort.env.wasm.numThreads = 1; // more would need headers that a plain web host does not send
  ort.env.wasm.wasmPaths = { mjs: place(record.runtime.loader), wasm: place(record.runtime.wasm) };
  ort.env.logLevel = "error";
  let session;
  try {
    session = await ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
  } catch (error) {
    throw new HeadstartError(`ONNX Runtime does not start in this browser: ${error.message}; ${REMEDY}`);
  }
  return new Classifier(record, session, ort.Tensor);
}

/** A loaded classifier; `load` makes one. */
export class Classifier {
  #session;
  #Tensor;
  #last = Promise.resolve();

  constructor(record, session, Tensor) {
    this.record = record;
    this.#session = session;
    this.#Tensor = Tensor;
  }

  /** The names of classes or labels, or of numbers, in the order of the model. */
  get names() {
    return this.record.names;
  }

  /**
   * Answer one photo.
   *
   * @param {Blob | ImageData | ImageBitmap | HTMLImageElement | HTMLCanvasElement | HTMLVideoElement} source
   * @throws {HeadstartError} it cannot be read as a photo.
   */
  async predict(source) {
    return this.answer(await readPixels(source, this.record.spec));
  }

  /** Answer pixels, RGB in rows from the top: `{width, height, data: Uint8Array(3 * width * height)}`. */
  async answer(pixels) {
    const tensors = await this.run(pixels);
    const arrays = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.data]));
    return { ...makeAnswer(arrays, this.record), repaired: pixels.repaired ?? null };
  }

  /** Answer one photo and show the way: the decoded photo and the graph's outputs, `{name, type, dims, data}` each. */
  async trace(source) {
    const pixels = await readPixels(source, this.record.spec);
    const outputs = Object.entries(await this.run(pixels)).map(([name, output]) => ({ name, ...output }));
    const decoded = { name: this.#session.inputNames[0], type: "uint8", dims: [pixels.height, pixels.width, 3], data: pixels.data };
    const answer = makeAnswer(Object.fromEntries(outputs.map(({ name, data }) => [name, data])), this.record);
    return { answer: { ...answer, repaired: pixels.repaired ?? null }, steps: [decoded, ...outputs] };
  }

  /** Answer a plain square, so that the next answer takes no longer than those after it. */
  async warmUp() {
    const { size } = this.record.spec;
    await this.answer({ width: size, height: size, data: new Uint8Array(3 * size * size).fill(128) });
  }

  /** Run the graph on pixels; return its outputs by name, `{type, dims, data}` each, before names are put to them. */
  async run({ width, height, data }) {
    const input = new this.#Tensor("uint8", data, [height, width, 3]);
    const running = this.#last.then(() => this.#session.run({ [this.#session.inputNames[0]]: input }));
    this.#last = running.catch(() => {}); // one at a time: a session is not to be run twice at once
    const outputs = await running;
    const copied = Object.entries(outputs).map(([name, { type, dims, data: values }]) => [name, { type, dims, data: values.slice() }]);
    Object.values(outputs).forEach((tensor) => tensor.dispose());
    return Object.fromEntries(copied);
  }

  /** Give back the memory. */
  async close() {
    await this.#last;
    await this.#session.release();
  }
}

/** Return the answer that outputs of the graph say, with the keys that `headstart predict --json` has. */
export function makeAnswer(arrays, record) {
  const numbers = (name) => (arrays[name] === undefined ? undefined : Array.from(arrays[name], Number));
  const flag = numbers("out_of_distribution")?.[0] ?? 0;
  return {
    task: record.task,
    ...ANSWERS[record.task](numbers, record),
    novelty: numbers("novelty")?.[0] ?? null,
    out_of_distribution: flag !== 0,
  };
}

/** The tasks whose answers have a form here. */
const ANSWERS = {
  classification(numbers, { names }) {
    const probabilities = numbers("probabilities");
    const order = rank(probabilities);
    const index = numbers("predicted")?.[0] ?? order[0];
    return {
      label: names[index],
      probability: probabilities[index],
      ...list(probabilities, order, names),
      prediction_set: pick(order, numbers("prediction_set"), names),
    };
  },
  multilabel(numbers, { names }) {
    const probabilities = numbers("probabilities");
    const order = rank(probabilities);
    return {
      labels: pick(order, numbers("labels"), names),
      ...list(probabilities, order, names),
      prediction_set: pick(order, numbers("prediction_set"), names),
    };
  },
  ordinal(numbers, { names }) {
    const probabilities = numbers("probabilities");
    const index = numbers("rank")[0];
    const ends = numbers("range");
    return {
      label: names[index],
      rank: index,
      probability: probabilities[index],
      ...list(probabilities, rank(probabilities), names),
      range: ends ? ends.map((end) => names[end]) : null,
      prediction_set: ends ? names.slice(ends[0], ends[1] + 1) : [],
    };
  },
  regression(numbers, { names, units }) {
    const values = numbers("value").map(shorten);
    const bounds = numbers("interval")?.map(shorten);
    const intervals = bounds ? values.map((_, at) => [bounds[2 * at], bounds[2 * at + 1]]) : null;
    const byName = (all) => {
      if (all === null) return null;
      return names.length === 1 ? all[0] : Object.fromEntries(names.map((name, at) => [name, all[at]]));
    };
    return { value: byName(values), interval: byName(intervals), unit: byName(units) };
  },
};

function rank(probabilities) {
  return probabilities.map((_, at) => at).sort((a, b) => probabilities[b] - probabilities[a] || a - b);
}

function list(probabilities, order, names) {
  return {
    probabilities: Object.fromEntries(names.map((name, at) => [name, probabilities[at]])),
    top: order.map((at) => ({ label: names[at], probability: probabilities[at] })),
  };
}

function pick(order, inside, names) {
  return inside ? order.filter((at) => inside[at]).map((at) => names[at]) : [];
}

/** A number of 32 bits with the digits that it has: 12.35, not 12.350000381469727. */
function shorten(number) {
  return Number(number.toPrecision(8));
}

async function fetchFile(url, cache) {
  let response;
  try {
    response = await fetch(url, { cache });
  } catch {
    throw new HeadstartError(`${url.pathname} cannot be fetched; look whether the folder is served, over http or https`);
  }
  if (!response.ok) throw new HeadstartError(`${url.pathname} cannot be fetched (${response.status}); ${REMEDY}`);
  return response;
}

/** Read classifier.json, asking the host whether it is the newest, for names of another model would be wrong ones. */
async function readRecord(url, cache) {
  let record = null;
  try {
    record = await (await fetchFile(url, cache)).json();
  } catch (error) {
    if (error instanceof HeadstartError) throw error;
  }
  if (!record?.graph) throw new HeadstartError(`${url.pathname} is not the file that was exported; ${REMEDY}`);
  if (record.schema_version !== SCHEMA_VERSION) {
    throw new HeadstartError(`${url.pathname} and headstart.js are of two versions; reload this page, or ${REMEDY}`);
  }
  return record;
}

async function importRuntime(address) {
  try {
    return await import(address);
  } catch (error) {
    const { pathname } = new URL(address);
    throw new HeadstartError(`${pathname} does not load as a script (${error.message}); serve .js as text/javascript, or ${REMEDY}`);
  }
}

/** Read all that belongs together; where what the browser kept of an earlier export does not, once more past that. */
async function readAll(folder, onProgress) {
  const readOnce = async (fresh) => {
    const record = await readRecord(new URL("classifier.json", folder), fresh ? "reload" : "no-cache");
    const reading = download(folder, record.graph, onProgress, fresh ? "reload" : "default");
    const [graph, ort] = await Promise.all([reading, importRuntime(new URL(record.runtime.module, folder).href)]);
    return { record, graph, ort };
  };
  try {
    return await readOnce(false);
  } catch {
    return readOnce(true);
  }
}

async function download(folder, { file, bytes, sha256 }, onProgress, cache) {
  const url = new URL(file, folder);
  const reader = (await fetchFile(url, cache)).body.getReader();
  const content = new Uint8Array(bytes);
  let done = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (done + part.value.length <= bytes) content.set(part.value, done);
    done += part.value.length;
    onProgress(Math.min(done, bytes), bytes);
  }
  if (done !== bytes) throw new HeadstartError(`${url.pathname} has ${done} bytes, wanted ${bytes}; ${REMEDY}`);
  if ((await digest(content)) !== sha256) throw new HeadstartError(`${url.pathname} is not the file that was exported; ${REMEDY}`);
  return content;
}
