/** What a file says of itself in its first bytes: its kind, its size in pixels, and how a JPEG is laid out. */

const KINDS = [ // where a kind has its mark, the mark, its name, whether browsers read it
  [0, "\xff\xd8\xff", "JPEG", true],
  [0, "\x89PNG", "PNG", true],
  [0, "GIF8", "GIF", true],
  [8, "WEBP", "WebP", true],
  [4, "ftypavi", "AVIF", true],
  [4, "ftypmif1", "HEIC", false],
  [4, "ftypmsf1", "HEIC", false],
  [4, "ftyphe", "HEIC", false],
  [0, "II*\0", "TIFF or a camera’s raw file", false],
  [0, "MM\0*", "TIFF or a camera’s raw file", false],
  [4, "jP  ", "JPEG 2000", false],
  [4, "ftyp", "film", false],
  [0, "%PDF", "PDF", false],
  [0, "<svg", "drawing (SVG)", false],
  [0, "<?xml", "drawing (SVG)", false],
  [0, "BM", "BMP", true],
];
const [SCAN, EXIF, END] = [0xda, 0xe1, 0xd9];
const FRAMES = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);
const ORIENTATION = 0x0112;

/** Why a file that could not be decoded is no photo here. */
export function explainRefusal(head) {
  if (head.length === 0) return "this file is empty";
  const text = String.fromCharCode(...head.subarray(0, 32));
  const [, , name, read] = KINDS.find(([at, mark]) => text.startsWith(mark, at)) ?? [];
  if (read) return `this ${name} is damaged or cut off, or of a form that this browser does not read`;
  if (name) return `this is a ${name}, which this browser does not read; save it as a JPEG or PNG`;
  return "this is no photo that the browser can read; wanted a JPEG, PNG, WebP, GIF, BMP or AVIF";
}

/** The width and height that a file claims; null where its first bytes do not tell. */
export function readSize(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const text = String.fromCharCode(...file.subarray(0, 16));
  try {
    if (text.startsWith("\x89PNG")) return [view.getUint32(16), view.getUint32(20)];
    if (text.startsWith("GIF8")) return [view.getUint16(6, true), view.getUint16(8, true)];
    if (text.startsWith("BM") && view.getUint32(14, true) >= 40) return [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
    if (text.startsWith("WEBPVP8X", 8)) return [1 + (view.getUint32(24, true) & 0xffffff), 1 + (view.getUint32(26, true) >>> 8)];
    if (text.startsWith("\xff\xd8")) return readLayout(file).size;
  } catch { /* cut off */ }
  return null;
}

/** Of a JPEG its size, how it is stored, 1 (upright) to 8, as its Exif says, and whether its end is there. */
export function readLayout(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found = { size: null, orientation: 1, whole: false };
  let at = 2;
  while (at + 4 <= file.length && file[at] === 0xff && file[at + 1] !== SCAN) {
    const marker = file[at + 1];
    if (marker === 0xff) at += 1; // filler
    else {
      if (FRAMES.has(marker) && at + 9 <= file.length) found.size = [view.getUint16(at + 7), view.getUint16(at + 5)];
      if (marker === EXIF && found.orientation === 1) found.orientation = readOrientation(view, at + 4);
      at += 2 + view.getUint16(at + 2);
    }
  }
  for (at = file.indexOf(0xff, at); at >= 0 && !found.whole; at = file.indexOf(0xff, at + 1)) found.whole = file[at + 1] === END;
  return found;
}

function readOrientation(view, at) {
  try {
    if (view.getUint32(at) !== 0x45786966) return 1; // "Exif"
    const start = at + 6;
    const little = view.getUint16(start) === 0x4949;
    const table = start + view.getUint32(start + 4, little);
    for (let entry = table + 2, left = view.getUint16(table, little); left > 0; entry += 12, left--) {
      if (view.getUint16(entry, little) === ORIENTATION) return view.getUint16(entry + 8, little);
    }
  } catch { /* damaged Exif */ }
  return 1;
}
