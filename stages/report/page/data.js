// @ts-check
// The data of a pair (documented in stages/report/page_data.py): decompressed, and in a form that is easy to draw.

const DEFAULT_DOUBT = 0.5; // LOW_CONFIDENCE of stages/report/config.py
const DOUBTFUL_COSINE = 0.3; // where a method has no measure of confidence

/** @typedef {"source" | "target"} SideName */
/** @typedef {[start: number, stop: number]} Span positions of sentences, half-open */

/**
 * A bead. `mark` and `found` are those of a review: what a person has said, and the confidence that the aligner gave.
 *
 * @typedef {{source_start: number, source_stop: number, target_start: number, target_stop: number, similarity: number,
 *   score: number, confidence: number | null, mark?: "good" | "bad" | null, found?: number | null}} Bead
 */

/** @param {string} base64 */
function bytesOf(base64) {
  const letters = atob(base64.trim());
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}

/**
 * Return the object that `page_data.pack` packed.
 * @param {string} packed
 */
async function unpack(packed) {
  const stream = new Blob([bytesOf(packed)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/**
 * Rows of the data as objects: {source_start: 0, source_stop: 1, …}.
 * @param {string[]} columns
 * @param {(number | string | null)[][]} rows
 * @returns {Bead[]}
 */
function beadsFromRows(columns, rows) {
  return rows.map((row) => {
    /** @type {any} */
    const bead = {};
    for (let at = 0; at < columns.length; at++) bead[columns[at]] = row[at];
    return bead;
  });
}

/** @typedef {(bead: Bead) => boolean} BeadTest */

/** @param {Bead} bead */
const sourceSize = (bead) => bead.source_stop - bead.source_start;
/** @param {Bead} bead */
const targetSize = (bead) => bead.target_stop - bead.target_start;
/** @type {BeadTest} */
const isNull = (bead) => sourceSize(bead) === 0 || targetSize(bead) === 0;
/** @type {BeadTest} */
const isMerged = (bead) => sourceSize(bead) > 1 || targetSize(bead) > 1;
/** @param {Bead} bead */
const typeOf = (bead) => `${sourceSize(bead)}–${targetSize(bead)}`;

/**
 * Whether a bead should be looked at: see stages/report/config.py.
 * @param {Bead} bead
 * @param {number} limit
 */
function isDoubtful(bead, limit) {
  if (bead.confidence !== null && bead.confidence !== undefined) return bead.confidence < limit;
  return !isNull(bead) && bead.similarity < DOUBTFUL_COSINE;
}

/** One side of a pair: its sentences, and where paragraphs begin. */
class Side {
  /**
   * @param {SideName} name
   * @param {{language: string, sentences: string[], paragraphs: number[], headings: [position: number, level: number][]}} data
   */
  constructor(name, { language, sentences, paragraphs, headings }) {
    this.name = name;
    this.language = language;
    this.sentences = sentences;
    this.paragraphs = new Set(paragraphs);
    this.headings = new Map(headings); // levels by position
    this.edited = new Set(); // positions of sentences that people have changed
    this.languageName = languageName(language);
  }

  /** @param {Bead} bead */
  text(bead) {
    return this.sentences.slice(bead[`${this.name}_start`], bead[`${this.name}_stop`]).join(" ");
  }
}

/**
 * For each position of a side, the bead that it lies in.
 * @param {Bead[]} beads
 * @param {SideName} name
 * @param {number} length
 */
function beadsByPosition(beads, name, length) {
  const found = new Int32Array(length);
  for (const [index, bead] of beads.entries()) found.fill(index, bead[`${name}_start`], bead[`${name}_stop`]);
  return found;
}

/**
 * Runs of null beads with sentences of one side only.
 * @param {Bead[]} beads
 */
function nullRuns(beads) {
  /** @type {{side: SideName, start: number, stop: number}[]} */
  const runs = [];
  for (const bead of beads.filter(isNull)) {
    const side = /** @type {SideName} */ (sourceSize(bead) ? "source" : "target");
    const [start, stop] = [bead[`${side}_start`], bead[`${side}_stop`]];
    const last = runs.findLast((run) => run.side === side);
    if (last && last.stop === start) last.stop = stop;
    else runs.push({ side, start, stop });
  }
  return runs;
}
