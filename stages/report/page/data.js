// The data of a pair (documented in stages/report/page_data.py): decompressed, and in a form that is easy to draw.

const DEFAULT_DOUBT = 0.5; // LOW_CONFIDENCE of stages/report/config.py
const DOUBTFUL_COSINE = 0.3; // where a method has no measure of confidence

function bytesOf(base64) {
  const letters = atob(base64.trim());
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}

/** Return the object that `page_data.pack` packed. */
async function unpack(packed) {
  const stream = new Blob([bytesOf(packed)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** Rows of the data as objects: {source_start: 0, source_stop: 1, …}. */
function beadsFromRows(columns, rows) {
  return rows.map((row) => {
    const bead = {};
    for (let at = 0; at < columns.length; at++) bead[columns[at]] = row[at];
    return bead;
  });
}

const sourceSize = (bead) => bead.source_stop - bead.source_start;
const targetSize = (bead) => bead.target_stop - bead.target_start;
const isNull = (bead) => sourceSize(bead) === 0 || targetSize(bead) === 0;
const isMerged = (bead) => sourceSize(bead) > 1 || targetSize(bead) > 1;
const typeOf = (bead) => `${sourceSize(bead)}–${targetSize(bead)}`;

/** Whether a bead should be looked at: see stages/report/config.py. */
function isDoubtful(bead, limit) {
  if (bead.confidence !== null && bead.confidence !== undefined) return bead.confidence < limit;
  return !isNull(bead) && bead.similarity < DOUBTFUL_COSINE;
}

/** One side of a pair: its sentences, and where paragraphs begin. */
class Side {
  constructor(name, { language, sentences, paragraphs }) {
    Object.assign(this, { name, language, sentences, paragraphs: new Set(paragraphs) });
    this.languageName = languageName(language);
  }

  text(bead) {
    return this.sentences.slice(bead[`${this.name}_start`], bead[`${this.name}_stop`]).join(" ");
  }
}

/** For each position of a side, the bead that it lies in. */
function beadsByPosition(beads, name, length) {
  const found = new Int32Array(length);
  beads.forEach((bead, index) => found.fill(index, bead[`${name}_start`], bead[`${name}_stop`]));
  return found;
}

/** Runs of null beads with sentences of one side only: [{side, start, stop}]. */
function nullRuns(beads) {
  const runs = [];
  for (const bead of beads.filter(isNull)) {
    const side = sourceSize(bead) ? "source" : "target";
    const [start, stop] = [bead[`${side}_start`], bead[`${side}_stop`]];
    const last = runs.findLast((run) => run.side === side);
    if (last && last.stop === start) last.stop = stop;
    else runs.push({ side, start, stop });
  }
  return runs;
}
