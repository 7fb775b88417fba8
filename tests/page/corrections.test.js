// Corrections of a list of beads: what they make, and that nothing gets lost whatever is done.

import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./scripts.js";

const { Beads, Impossible, keptSpan, isNull } = load(
  ["common.js", "data.js", "corrections.js"],
  ["Beads", "Impossible", "keptSpan", "isNull"],
);

const SIZES = { source: 6, target: 6 };
const bead = (i, i_stop, j, j_stop, more = {}) => ({
  source_start: i, source_stop: i_stop, target_start: j, target_stop: j_stop,
  similarity: 0.5, score: 1, confidence: 0.7, mark: null, ...more,
});
const start = () => [bead(0, 1, 0, 1), bead(1, 3, 1, 3), bead(3, 4, 3, 3), bead(4, 4, 3, 4), bead(4, 6, 4, 6)];
const spans = (beads) => Array.from(beads, (one) => [one.source_start, one.source_stop, one.target_start, one.target_stop].join(" "));
const marks = (beads) => Array.from(beads, (one) => one.mark);
const edit = (beads = start()) => new Beads(beads, SIZES);

test("a mark is set, and taken back by the same mark", () => {
  const good = edit().mark(0, "good");
  assert.deepEqual([good[0].mark, good[0].confidence, good[0].found], ["good", 1, 0.7]);
  const back = edit(good).mark(0, "good");
  assert.deepEqual([back[0].mark, back[0].confidence], [null, 0.7]);
});

test("good up to a bead leaves what is decided", () => {
  assert.deepEqual(marks(edit(edit().mark(1, "bad")).markUpTo(2)), ["good", "bad", "good", null, null]);
});

test("merging joins spans, and null beads are taken in", () => {
  assert.deepEqual(spans(edit().merge(0, 1)), ["0 3 0 3", "3 4 3 3", "4 4 3 4", "4 6 4 6"]);
  assert.deepEqual(spans(edit().merge(1, 1)), ["0 1 0 1", "1 4 1 3", "4 4 3 4", "4 6 4 6"]);
  assert.deepEqual(spans(edit().merge(2, 1)), ["0 1 0 1", "1 3 1 3", "3 4 3 4", "4 6 4 6"]);
});

test("splitting cuts where both sides have the same share of their length", () => {
  const long = [bead(0, 6, 0, 6)];
  const lengths = (_side, from, to) => to - from;
  assert.deepEqual(spans(edit(long).split(0, lengths)), ["0 3 0 3", "3 6 3 6"]);
  assert.throws(() => edit().split(0, lengths), Impossible);
});

test("unlinked sentences are good null beads, those of the source first", () => {
  const made = edit().unlink(1);
  assert.deepEqual(spans(made), ["0 1 0 1", "1 2 1 1", "2 3 1 1", "3 4 1 1", "4 4 1 2", "4 4 2 3", "4 4 3 4", "4 6 4 6"]);
  assert.deepEqual(marks(made), [null, "good", "good", null, "good", "good", null, null]);
});

test("a sentence is taken from the neighbour, and given to it", () => {
  assert.deepEqual(spans(edit().take(0, "source", 1)).slice(0, 2), ["0 2 0 1", "2 3 1 3"]);
  assert.deepEqual(spans(edit().give(1, "target", -1)).slice(0, 2), ["0 1 0 2", "1 3 2 3"]);
  assert.throws(() => edit().take(0, "source", -1), /no source sentence to take/);
});

test("linking anew unlinks what would cross", () => {
  const made = edit().relink(0, 4);
  assert.deepEqual(spans(made).filter((_, at) => !isNull(made[at])), ["0 1 4 6"]);
});

test("a side without sentences is kept as 0, 0", () => {
  assert.deepEqual([...keptSpan(bead(3, 4, 3, 3))], [3, 4, 0, 0]);
});

test("whatever is done, every sentence stands in one bead, links run forward, and null beads hold one sentence", () => {
  let state = 7;
  const random = (n) => {
    state = (state * 48271) % 2147483647; // Park & Miller's generator: the same edits every time
    return state % n;
  };
  const lengths = (_side, from, to) => to - from;
  let n_made = 0;
  for (let round = 0; round < 100; round++) {
    let beads = start();
    for (let step = 0; step < 12; step++) {
      const [index, side, direction] = [random(beads.length), ["source", "target"][random(2)], [-1, 1][random(2)]];
      const edits = edit(beads);
      const actions = [
        () => edits.mark(index, ["good", "bad"][random(2)]), () => edits.markUpTo(index), () => edits.merge(index, direction),
        () => edits.split(index, lengths), () => edits.unlink(index), () => edits.take(index, side, direction),
        () => edits.give(index, side, direction), () => edits.relink(index, random(beads.length)),
      ];
      try {
        beads = actions[random(actions.length)]();
        n_made++;
      } catch (error) {
        assert.ok(error instanceof Impossible, error);
      }
      for (const name of ["source", "target"]) {
        let at = 0;
        for (const one of beads) {
          assert.equal(one[`${name}_start`], at, spans(beads).join("; "));
          at = one[`${name}_stop`];
        }
        assert.equal(at, SIZES[name]);
      }
      for (const one of beads.filter(isNull)) {
        assert.equal(one.source_stop - one.source_start + one.target_stop - one.target_start, 1);
      }
    }
  }
  assert.ok(n_made > 500, `${n_made} edits were possible`);
});
