/** SHA-256 (FIPS 180-4) of bytes in hexadecimal digits; over plain http browsers have none of their own. */

export async function digest(bytes) {
  const own = globalThis.crypto?.subtle; // over https and on localhost
  const found = own ? new Uint8Array(await own.digest("SHA-256", bytes)) : compute(bytes);
  return Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const PRIMES = [];
for (let number = 2; PRIMES.length < 64; number++) {
  if (PRIMES.every((prime) => number % prime)) PRIMES.push(number);
}
const takeFraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
const START = PRIMES.slice(0, 8).map((prime) => takeFraction(Math.sqrt(prime)));
const ROUNDS = Int32Array.from(PRIMES, (prime) => takeFraction(Math.cbrt(prime)));

/** The same as 32 bytes, by these lines alone. */
export function compute(bytes) {
  const state = Int32Array.from(START);
  const words = new Int32Array(64);
  const whole = bytes.length - (bytes.length % 64);
  const end = new Uint8Array(bytes.length % 64 < 56 ? 64 : 128); // what is left, a mark, and the length in bits
  end.set(bytes.subarray(whole));
  end[bytes.length % 64] = 0x80;
  const view = new DataView(end.buffer);
  view.setUint32(end.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(end.length - 4, (bytes.length * 8) >>> 0);
  const body = new DataView(bytes.buffer, bytes.byteOffset, whole);
  for (let at = 0; at < whole; at += 64) mix(state, words, body, at);
  for (let at = 0; at < end.length; at += 64) mix(state, words, view, at);
  const found = new DataView(new ArrayBuffer(32));
  state.forEach((word, at) => found.setInt32(4 * at, word));
  return new Uint8Array(found.buffer);
}

const turn = (word, by) => (word >>> by) | (word << (32 - by));

function mix(state, words, view, start) {
  for (let at = 0; at < 16; at++) words[at] = view.getInt32(start + 4 * at);
  for (let at = 16; at < 64; at++) {
    const [before, last] = [words[at - 15], words[at - 2]];
    const one = turn(before, 7) ^ turn(before, 18) ^ (before >>> 3);
    const other = turn(last, 17) ^ turn(last, 19) ^ (last >>> 10);
    words[at] = words[at - 16] + one + words[at - 7] + other;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (let at = 0; at < 64; at++) {
    const choice = (e & f) ^ (~e & g);
    const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + ROUNDS[at] + words[at]) | 0;
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + first) | 0; d = c; c = b; b = a; a = (first + second) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, at) => { state[at] += word; });
}
