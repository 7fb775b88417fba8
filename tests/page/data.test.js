// What is computed from the data of a pair.

import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { load } from "./scripts.js";

const { unpack, beadsFromRows, isDoubtful, beadsByPosition, nullRuns, typeOf, firstAbove, plural, percent, ticks, Side } = load(
  ["common.js", "data.js", "plot.js"],
  ["unpack", "beadsFromRows", "isDoubtful", "beadsByPosition", "nullRuns", "typeOf", "firstAbove", "plural", "percent", "ticks", "Side"],
);

const COLUMNS = ["source_start", "source_stop", "target_start", "target_stop", "similarity", "score", "confidence"];
const bead = (source, target, measures = {}) => ({
  source_start: source[0], source_stop: source[1], target_start: target[0], target_stop: target[1],
  similarity: 0.8, score: 1, confidence: 0.9, ...measures,
});
const plain = (value) => JSON.parse(JSON.stringify(value)); // objects of another context have other prototypes

test("what was packed is unpacked, in any script", async () => {
  const data = { pair_id: "猫", beads: [[0, 1, 0, 1, 0.5, 2, null]] };
  const packed = gzipSync(Buffer.from(JSON.stringify(data))).toString("base64");
  assert.deepEqual(plain(await unpack(`\n${packed}\n`)), data);
});

test("rows become beads by the names of their columns", () => {
  const [made] = beadsFromRows(COLUMNS, [[0, 2, 0, 1, 0.5, 2, null]]);
  assert.deepEqual(plain(made), bead([0, 2], [0, 1], { similarity: 0.5, score: 2, confidence: null }));
  assert.equal(typeOf(made), "2–1");
});

test("a bead is doubtful by its confidence, or by its cosine where there is none", () => {
  assert.equal(isDoubtful(bead([0, 1], [0, 1], { confidence: 0.4 }), 0.5), true);
  assert.equal(isDoubtful(bead([0, 1], [0, 1], { confidence: 0.5 }), 0.5), false);
  assert.equal(isDoubtful(bead([0, 1], [0, 1], { confidence: null, similarity: 0.29 }), 0.5), true);
  assert.equal(isDoubtful(bead([0, 1], [0, 0], { confidence: null, similarity: 0 }), 0.5), false);
});

test("each position knows its bead", () => {
  const beads = [bead([0, 2], [0, 1]), bead([2, 3], [1, 1]), bead([3, 4], [1, 3])];
  assert.deepEqual([...beadsByPosition(beads, "source", 4)], [0, 0, 1, 2]);
  assert.deepEqual([...beadsByPosition(beads, "target", 3)], [0, 2, 2]);
});

test("null beads that follow each other are one run, also where those of the other side come between", () => {
  const beads = [
    bead([0, 1], [0, 0]), bead([1, 1], [0, 1]), bead([1, 2], [1, 1]), bead([2, 3], [1, 2]), bead([3, 4], [2, 2]),
  ];
  assert.deepEqual(plain(nullRuns(beads)), [
    { side: "source", start: 0, stop: 2 },
    { side: "target", start: 0, stop: 1 },
    { side: "source", start: 3, stop: 4 },
  ]);
});

test("a side joins the sentences of a bead", () => {
  const side = new Side("target", { language: "de", sentences: ["Ja.", "Nein.", "Doch."], paragraphs: [0, 2], headings: [] });
  assert.equal(side.text(bead([0, 1], [1, 3])), "Nein. Doch.");
  assert.deepEqual([side.languageName, side.paragraphs.has(2), side.paragraphs.has(1)], ["German", true, false]);
});

test("the first index above a value is found as by looking at each", () => {
  const sorted = [1, 1, 2, 5, 5, 9];
  for (let value = 0; value <= 10; value++) {
    const expected = sorted.findIndex((one) => one > value);
    assert.equal(firstAbove(sorted, value), expected < 0 ? sorted.length : expected);
  }
});

test("numbers are written as people read them", () => {
  assert.deepEqual([plural(1, "bead"), plural(12345, "bead")], ["1 bead", "12,345 beads"]);
  assert.deepEqual([percent(0), percent(0.123), percent(0.9999), percent(1)], ["0 %", "12.3 %", "100 %", "100 %"]);
});

test("ticks are round numbers of sentences within what is shown, as positions", () => {
  assert.deepEqual([...ticks(0, 100, 5)], [0, 19, 39, 59, 79, 99]);
  for (const [start, size, wanted] of [[0, 3, 10], [7, 2, 3], [123.4, 5000, 9], [0, 1, 1]]) {
    const found = ticks(start, size, wanted);
    assert.ok(found.every((position, at) => position >= start - 1 && position <= start + size && (!at || position > found[at - 1])));
    assert.ok(found.length <= 2 * wanted + 2);
  }
});
