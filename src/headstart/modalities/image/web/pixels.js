/**
 * Photos as the classifier is to see them: RGB in rows from the top, turned upright as EXIF says, colours as stored,
 * what is transparent laid on white. As its own decoder does, a large JPEG shrinks by 2, 4 or 8 as far as its crop stays
 * as large as the network's input, a cut-off one is grey where nothing is left, and a PNG of 16 bits is scaled by the
 * range of the training photos, or else by its own.
 */

import { isDeepPng, readDeepPng } from "./deep_png.js";
import { HeadstartError } from "./errors.js";
import { explainRefusal, readLayout, readSize } from "./file_kinds.js";

export { HeadstartError };

const MOST_PIXELS = 100_000_000; // of one photo: more would not fit into a phone's memory
const STRIP = 2_000_000; // pixels that are read at once; phones have no large canvas
const MOST_SHRINKING = 8;
const FILLER = 128; // of what is missing in a JPEG
const USABLE = 0.5; // share of a damaged photo's rows that have to be there
const END_OF_JPEG = new Uint8Array([0xff, 0xd9]);
const [FROM_RIGHT, FROM_BELOW] = [new Set([2, 3, 6, 7]), new Set([3, 4, 7, 8])]; // orientations of Exif
const REASONS = { // of errors of the browser, by their names
  NotFoundError: "this cannot be read; is it a folder, or was it moved?",
  NotReadableError: "this cannot be read; is it a folder, or was it moved?",
  SecurityError: "this photo comes from another site, which does not let its pixels be read",
  RangeError: "this photo is too large for this device’s memory; save it smaller",
};
const DECODING = { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" };

/** Return the pixels of a photo: `{width, height, data: Uint8Array(3 * width * height), repaired}`. */
export async function readPixels(source, spec) {
  try {
    return await (source instanceof Blob ? readFile(source, spec) : readStrips(source, measure(source), 1, 1));
  } catch (error) {
    throw error instanceof HeadstartError ? error : new HeadstartError(REASONS[error.name] ?? `this photo cannot be read: ${error.message}`);
  }
}

async function readFile(source, spec) {
  const file = new Uint8Array(await source.arrayBuffer());
  const size = readSize(file);
  if (size) judgeSize(size);
  if (isDeepPng(file)) return readDeepPng(file, spec.grey ?? []);
  const jpeg = file[0] === 0xff && file[1] === 0xd8 ? readLayout(file) : null;
  let bitmap = jpeg && !jpeg.whole ? null : await decode(source);
  const damaged = bitmap === null && jpeg !== null;
  if (damaged) bitmap = await decode(new Blob([source, END_OF_JPEG])); // what is missing becomes grey
  if (bitmap === null) throw new HeadstartError(explainRefusal(file));
  try {
    const size = [bitmap.width, bitmap.height];
    const pixels = jpeg ? readStrips(bitmap, size, findFactor(size, spec), jpeg.orientation) : readStrips(bitmap, size, 1, 1);
    return damaged ? judgeRows(pixels) : { ...pixels, repaired: null };
  } finally {
    bitmap.close();
  }
}

function judgeSize([width, height]) {
  if (!width || !height) throw new HeadstartError("this photo has no pixels");
  if (width * height > MOST_PIXELS) {
    throw new HeadstartError(`this photo has ${width} x ${height} pixels, more than ${MOST_PIXELS / 1e6} million; save it smaller`);
  }
}

async function decode(blob) {
  try {
    return await createImageBitmap(blob, DECODING);
  } catch {
    return null;
  }
}

/** Pixels of a damaged JPEG, if enough of its rows are no filler, which is mid-grey. */
function judgeRows(pixels) {
  const { width, height, data } = pixels;
  const last = data.subarray(-3);
  let rows = height;
  if (last.every((value) => Math.abs(value - FILLER) <= 1)) {
    let at = data.length - 1;
    while (at >= 0 && data[at] === last[at % 3]) at--;
    rows = at < 0 ? 0 : Math.floor(at / (3 * width)) + 1;
  }
  const share = Math.round((100 * rows) / height);
  if (rows / height < USABLE) throw new HeadstartError(`truncated: only ${share}% of its rows decode, ${100 * USABLE}% are wanted`);
  return { ...pixels, repaired: `truncated: ${share}% of its rows decode` };
}

function measure(source) {
  if (source === null || typeof source !== "object") throw new HeadstartError("this is no photo; wanted a file, an image, a canvas or a video");
  return [source.videoWidth || source.naturalWidth || source.width, source.videoHeight || source.naturalHeight || source.height];
}

/** The factor 1, 2, 4 or 8 by which a JPEG shrinks before it is resized, as the classifier's decoder does it. */
function findFactor([width, height], { size, crop_permille }) {
  const side = Math.max(1, Math.floor((Math.min(width, height) * crop_permille + 500) / 1000));
  let factor = 1;
  while (factor < MOST_SHRINKING && side >= 2 * factor * size) factor *= 2;
  return factor;
}

function readStrips(source, [width, height], factor, orientation) {
  judgeSize([width, height]);
  const rows = Math.min(height, MOST_SHRINKING * Math.max(1, Math.floor(STRIP / width / MOST_SHRINKING)));
  const canvas = new OffscreenCanvas(width, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const [narrow, low] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  const data = new Uint8Array(3 * narrow * low);
  // Squares begin at the corner where the file does, which may lie elsewhere in an upright photo.
  const across = FROM_RIGHT.has(orientation) ? narrow * factor - width : 0;
  let down = FROM_BELOW.has(orientation) ? low * factor - height : 0;
  let done = 0;
  for (let top = 0, here; top < height; top += here, down = 0) {
    here = Math.min(rows - down, height - top);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, here);
    if (source instanceof ImageData) layImageData(context, source, top, here);
    else context.drawImage(source, 0, top, width, here, 0, 0, width, here);
    const rgba = context.getImageData(0, 0, width, here).data;
    const target = data.subarray(3 * narrow * done);
    if (factor === 1) dropAlpha(rgba, target);
    else shrink(rgba, [width, here], factor, [across, down], target);
    done += Math.ceil((here + down) / factor);
  }
  return { width: narrow, height: low, data };
}

function layImageData(context, source, top, rows) {
  const own = new OffscreenCanvas(source.width, rows); // putImageData replaces what is below, white too
  own.getContext("2d").putImageData(source, 0, -top);
  context.drawImage(own, 0, 0);
}

function dropAlpha(rgba, target) {
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    target[to] = rgba[from];
    target[to + 1] = rgba[from + 1];
    target[to + 2] = rgba[from + 2];
  }
}

/** The mean of each square of RGBA, as a JPEG decoder shrinks; at the edges of what is there of it. */
function shrink(rgba, [width, height], factor, [across, down], target) {
  const [narrow, low] = [Math.ceil((width + across) / factor), Math.ceil((height + down) / factor)];
  for (let y = 0; y < low; y++) {
    const top = Math.max(y * factor - down, 0);
    const bottom = Math.min((y + 1) * factor - down, height);
    for (let x = 0; x < narrow; x++) {
      const left = Math.max(x * factor - across, 0);
      const right = Math.min((x + 1) * factor - across, width);
      let [red, green, blue] = [0, 0, 0];
      for (let row = top; row < bottom; row++) {
        for (let at = 4 * (row * width + left), end = 4 * (row * width + right); at < end; at += 4) {
          red += rgba[at];
          green += rgba[at + 1];
          blue += rgba[at + 2];
        }
      }
      const count = (bottom - top) * (right - left);
      const to = 3 * (y * narrow + x);
      target[to] = Math.round(red / count);
      target[to + 1] = Math.round(green / count);
      target[to + 2] = Math.round(blue / count);
    }
  }
}
