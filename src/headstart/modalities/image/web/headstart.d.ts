/** Types of headstart.js: answers of a classifier that headstart saved, in a web page. */

export interface Pixels {
  width: number;
  height: number;
  /** RGB in rows from the top, 3 * width * height values. */
  data: Uint8Array;
  /** What had to be mended in memory before the photo could be decoded, if anything. */
  repaired?: string | null;
}

export interface Ranked {
  label: string;
  probability: number;
}

interface Common {
  /** How unlike the training items it is, 1 at the threshold; null where that is not judged. */
  novelty: number | null;
  /** Unlike all that the classifier was made from: the answer means little. */
  out_of_distribution: boolean;
  /** What had to be mended in memory before the photo could be answered, if anything. */
  repaired: string | null;
}

export interface ClassAnswer extends Common {
  task: "classification";
  label: string;
  probability: number;
  probabilities: Record<string, number>;
  /** All classes, the likeliest first. */
  top: Ranked[];
  /** The classes of which one is right as often as was promised; empty where nothing is promised. */
  prediction_set: string[];
}

export interface LabelsAnswer extends Common {
  task: "multilabel";
  /** Those that are there, the likeliest first. */
  labels: string[];
  probabilities: Record<string, number>;
  top: Ranked[];
  prediction_set: string[];
}

export interface GradeAnswer extends Common {
  task: "ordinal";
  label: string;
  /** 0 for the lowest class. */
  rank: number;
  probability: number;
  probabilities: Record<string, number>;
  top: Ranked[];
  /** The lowest and the highest class of the range that is promised to hold the true one; null without a promise. */
  range: [string, string] | null;
  prediction_set: string[];
}

export interface NumberAnswer extends Common {
  task: "regression";
  /** The number; of several numbers each by its name. */
  value: number | Record<string, number>;
  interval: [number, number] | Record<string, [number, number]> | null;
  unit: string | Record<string, string>;
}

export type Answer = ClassAnswer | LabelsAnswer | GradeAnswer | NumberAnswer;

export type PhotoSource = Blob | ImageData | ImageBitmap | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas | HTMLVideoElement;

/** The content of classifier.json. */
export interface ClassifierRecord {
  schema_version: number;
  /** A name for people. */
  title: string;
  task: Answer["task"];
  task_title: string;
  names: string[];
  /** Of numbers, each its unit, "" where none is known; of other tasks none. */
  units: string[];
  /** From which probability on a name is answered, of those that have a threshold. */
  thresholds: Record<string, number>;
  noun: { one: string; many: string; a_one: string };
  spec: { size: number; crop_permille: number; grey?: { kind: string; low: number; high: number }[] };
  graph: { file: string; bytes: number; sha256: string };
  runtime: { name: string; version: string; licence: string; module: string; loader: string; wasm: string };
  /** What the task says of the model, such as its score on test items. */
  facts: Record<string, string>;
  /** Calibration, prediction sets and thresholds, as the graph has them. */
  postprocessor: Record<string, unknown>;
  novelty: Record<string, unknown> | null;
  licences: { network: string; weights: string; licence: string }[];
  /** What a first visit downloads. */
  download_bytes: number;
}

/** An output of the graph. */
export interface Output {
  type: string;
  dims: readonly number[];
  data: ArrayLike<number | bigint>;
}

export class HeadstartError extends Error {}

export class Classifier {
  readonly record: ClassifierRecord;
  readonly names: string[];
  /** Answer one photo. Throws a HeadstartError where it cannot be read. */
  predict(source: PhotoSource): Promise<Answer>;
  /** Answer pixels that are decoded already. */
  answer(pixels: Pixels): Promise<Answer>;
  /** The outputs of the graph by name, before names are put to them. */
  run(pixels: Pixels): Promise<Record<string, Output>>;
  /** Answer one photo and show the way: the decoded photo, then the outputs of the graph. */
  trace(source: PhotoSource): Promise<{ answer: Answer; steps: (Output & { name: string })[] }>;
  /** Answer a plain square, so that the next answer takes no longer than those after it. */
  warmUp(): Promise<void>;
  /** Give back the memory. */
  close(): Promise<void>;
}

export interface LoadOptions {
  /** The folder of classifier.json; that of headstart.js where none is given. */
  base?: string | URL;
  onProgress?: (done: number, total: number) => void;
}

export function load(options?: LoadOptions): Promise<Classifier>;
export function readPixels(source: PhotoSource, spec: ClassifierRecord["spec"]): Promise<Pixels>;
type Unrepaired<One> = One extends Answer ? Omit<One, "repaired"> : never;
export function makeAnswer(arrays: Record<string, ArrayLike<number | bigint>>, record: ClassifierRecord): Unrepaired<Answer>;
