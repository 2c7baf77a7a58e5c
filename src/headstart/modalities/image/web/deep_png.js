/** PNG files of 16 bits, of which browsers drop the lower half: their values scaled to 8 bits as the classifier does. */

import { HeadstartError } from "./errors.js";

const CHANNELS = { 0: 1, 2: 3, 6: 4 }; // grey, RGB, RGB with alpha; of grey with alpha the higher half counts
const KINDS = { 0: "uint16", 2: "rgb16", 6: "rgb16" }; // as classifier.json names ranges
const STRAY = 1000; // one value in so many may lie apart from the others

/** Whether a file begins as a PNG of 16 bits that is read here. */
export function isDeepPng(head) {
  return head[0] === 0x89 && head[1] === 0x50 && head[24] === 16 && head[25] in CHANNELS;
}

/** Return the pixels of such a file, scaled by the range of its kind among those given, or else by its own. */
export async function readDeepPng(file, ranges) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [width, height, kind] = [view.getUint32(16), view.getUint32(20), file[25]];
  if (file[28]) throw new HeadstartError("this PNG has 16 bits and is interlaced; save it without that");
  const parts = [];
  for (let at = 8; at + 12 <= file.length; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === 0x49444154) parts.push(file.subarray(at + 8, at + 8 + view.getUint32(at))); // IDAT
  }
  const channels = CHANNELS[kind];
  const stride = 2 * channels * width;
  const raw = new Uint8Array(height * (stride + 1));
  let done = 0;
  try {
    const reader = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    for (let part = await reader.read(); !part.done && done < raw.length; part = await reader.read()) {
      raw.set(part.value.subarray(0, raw.length - done), done);
      done += part.value.length;
    }
    reader.cancel().catch(() => {}); // of a bomb no more than its photo has
  } catch { /* damaged: fewer came */ }
  if (done < raw.length) throw new HeadstartError("this PNG is damaged or cut off");
  undoFilters(raw, height, stride, 2 * channels);
  const [data, counts] = [new Uint8Array(3 * width * height), new Uint32Array(65536)];
  const colours = Math.min(3, channels);
  const each = (visit) => {
    for (let y = 0; y < height; y++) {
      for (let x = 0, at = y * (stride + 1) + 1; x < width; x++, at += 2 * channels) visit(at, 3 * (y * width + x));
    }
  };
  each((at) => {
    for (let colour = 0; colour < colours; colour++) counts[(raw[at + 2 * colour] << 8) | raw[at + 2 * colour + 1]]++;
  });
  const scaled = scaleValues(ranges.find((range) => range.kind === KINDS[kind]) ?? findRange(counts), kind);
  each((at, to) => {
    const alpha = channels === 4 ? raw[at + 6] : 255;
    for (let colour = 0; colour < 3; colour++) {
      const from = at + 2 * Math.min(colour, colours - 1);
      const value = scaled[(raw[from] << 8) | raw[from + 1]];
      data[to + colour] = alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    }
  });
  return { width, height, data, repaired: null };
}

/** Undo the filters of PNG (its specification, section 9) in place; each row has a byte that names its own. */
function undoFilters(raw, height, stride, step) {
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1) + 1;
    const filter = raw[start - 1];
    for (let at = start; at < start + stride; at++) {
      const left = at - start >= step ? raw[at - step] : 0;
      const up = y > 0 ? raw[at - stride - 1] : 0;
      const corner = y > 0 && at - start >= step ? raw[at - stride - 1 - step] : 0;
      if (filter === 1) raw[at] += left;
      else if (filter === 2) raw[at] += up;
      else if (filter === 3) raw[at] += (left + up) >> 1;
      else if (filter === 4) raw[at] += choosePaeth(left, up, corner);
    }
  }
}

function choosePaeth(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** The range of a photo by itself: from 0 to the largest value of its significant bits, stray values left out. */
function findRange(counts) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const stray = Math.max(Math.floor(total / STRAY), total > 99 ? 1 : 0);
  const walk = (value, step, passed) => {
    for (; (passed -= counts[value]) >= 0; value += step);
    return value;
  };
  const [low, high] = [walk(0, 1, stray), walk(65535, -1, stray)];
  let largest = high > low ? Math.min(65535, 2 * high - low) : 65535;
  while (largest > 0 && !counts[largest]) largest--;
  const bits = Math.max(8, 32 - Math.clz32(largest));
  return { low: 0, high: 2 ** bits - 1 };
}

/** What each value becomes: rounded to even, clipped; colour of the full range keeps its higher half. */
function scaleValues({ low, high }, kind) {
  const whole = KINDS[kind] === "rgb16" && low === 0 && high === 65535;
  const scale = 255 / (high - low || 1);
  return Uint8ClampedArray.from({ length: 65536 }, (_, value) => (whole ? value >> 8 : (value - low) * scale));
}
