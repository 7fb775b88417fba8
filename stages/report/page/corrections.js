// @ts-check
// Corrections: what `bitext review` lets a person change in a list of beads; review.js lets them do it.
// A correction is a new list of beads: what a person has touched is good, and what is bad is only marked.

const GOOD = "good";
const BAD = "bad";

/** @typedef {"good" | "bad" | null} Mark */

/** @type {readonly SideName[]} */
const SIDES = ["source", "target"];

/** @type {(bead: Bead, side: SideName) => Span} */
const spanOf = (bead, side) => [bead[`${side}_start`], bead[`${side}_stop`]];
/** @type {(bead: Bead, side: SideName, span: Span) => Bead} */
const withSpan = (bead, side, [start, stop]) => ({ ...bead, [`${side}_start`]: start, [`${side}_stop`]: stop });
/** @type {(side: SideName) => SideName} */
const otherSide = (side) => (side === "source" ? "target" : "source");
/** @param {Span} span */
const isEmpty = ([start, stop]) => start >= stop;
/** @type {(bead: Bead, mark: Mark) => Bead} */
const judged = (bead, mark) => ({
  ...bead,
  mark,
  confidence: mark === GOOD ? 1 : bead.mark === GOOD ? bead.found ?? null : bead.confidence,
  found: bead.mark === GOOD ? bead.found : bead.confidence,
});
/** @type {(bead: Bead) => Bead} */
const asGood = (bead) => (bead.mark === GOOD ? bead : judged(bead, GOOD));

/**
 * The four numbers by which a bead is kept; a side without sentences is 0, 0.
 * @param {Bead} bead
 */
function keptSpan(bead) {
  return SIDES.flatMap((side) => (isEmpty(spanOf(bead, side)) ? [0, 0] : spanOf(bead, side)));
}

/** A correction that can't be made; its message says why. */
class Impossible extends Error {}

/**
 * Changes of a list of beads, each a new list.
 *
 * Beads with both sides are links. Sentences outside all links are null beads, one each, in the order of the aligner:
 * between two links those of the source come first.
 */
class Beads {
  /**
   * @param {Bead[]} beads
   * @param {Record<SideName, number>} sizes
   */
  constructor(beads, sizes) {
    this.beads = beads;
    this.sizes = sizes;
  }

  /**
   * Call a bead good or bad, or no longer so.
   * @param {number} index
   * @param {Mark} mark
   */
  mark(index, mark) {
    const bead = this.beads[index];
    return this.beads.with(index, judged(bead, bead.mark === mark ? null : mark));
  }

  /**
   * Call everything good up to a bead that nothing has been said about.
   * @param {number} index
   */
  markUpTo(index) {
    return this.beads.map((bead, i) => (i <= index && !bead.mark ? judged(bead, GOOD) : bead));
  }

  /**
   * Merge a bead with the one above (-1) or below (1).
   * @param {number} index
   * @param {number} direction
   */
  merge(index, direction) {
    const [first, second] = [this.beads[index], this.beads[index + direction]];
    if (!second) throw new Impossible("there is no pair to merge with");
    let merged = { ...(isNull(first) ? second : first) };
    for (const side of SIDES) {
      const spans = [spanOf(first, side), spanOf(second, side)].filter((span) => !isEmpty(span));
      if (!spans.length) throw new Impossible("both stand on the same side: link them with a sentence of the other");
      merged = withSpan(merged, side, [Math.min(...spans.map(([start]) => start)), Math.max(...spans.map(([, stop]) => stop))]);
    }
    return this.replace([first, second], [merged]);
  }

  /**
   * Cut a bead in two where its sides are nearest to the same share of their length.
   * @param {number} index
   * @param {(side: SideName, start: number, stop: number) => number} lengths
   */
  split(index, lengths) {
    const bead = this.beads[index];
    if (sourceSize(bead) < 2 || targetSize(bead) < 2) {
      throw new Impossible("only a pair with two sentences on both sides can be split; send one away instead, or unlink");
    }
    /** @type {(side: SideName) => [position: number, share: number][]} */
    const shares = (side) => {
      const [start, stop] = spanOf(bead, side);
      const total = lengths(side, start, stop) || 1;
      return Array.from({ length: stop - start - 1 }, (_, k) => [start + k + 1, lengths(side, start, start + k + 1) / total]);
    };
    let best = { i: 0, j: 0, away: Infinity };
    for (const [i, source] of shares("source")) {
      for (const [j, target] of shares("target")) {
        const away = Math.abs(source - target) + 0.1 * Math.abs(source + target - 1);
        if (away < best.away) best = { i, j, away };
      }
    }
    const upper = withSpan(withSpan(bead, "source", [bead.source_start, best.i]), "target", [bead.target_start, best.j]);
    const lower = withSpan(withSpan(bead, "source", [best.i, bead.source_stop]), "target", [best.j, bead.target_stop]);
    return this.replace([bead], [upper, lower]);
  }

  /**
   * Leave the sentences of a bead without a counterpart.
   * @param {number} index
   */
  unlink(index) {
    const bead = this.beads[index];
    if (isNull(bead)) throw new Impossible("this sentence is unaligned already; g says that this is right");
    return this.replace([bead], [bead], true);
  }

  /**
   * Take the nearest sentence of a side from the bead above (-1) or below (1).
   * @param {number} index
   * @param {SideName} side
   * @param {number} direction
   */
  take(index, side, direction) {
    const bead = this.beads[index];
    const [start, stop] = spanOf(bead, side);
    const position = direction > 0 ? stop : start - 1;
    if (position < 0 || position >= this.sizes[side]) throw new Impossible(`there is no ${side} sentence to take`);
    const taken = withSpan(bead, side, [Math.min(start, position), Math.max(stop, position + 1)]);
    if (isNull(taken)) throw new Impossible("a pair needs both sides: take a sentence of the other one");
    const holder = this.beads.find((other) => other !== bead && !isNull(other) && holds(other, side, position));
    const left = holder ? [withSpan(holder, side, without(spanOf(holder, side), position))] : [];
    return this.replace([bead, ...(holder ? [holder] : [])], [taken, ...left]);
  }

  /**
   * Give the outermost sentence of a side to the bead above (-1) or below (1).
   * @param {number} index
   * @param {SideName} side
   * @param {number} direction
   */
  give(index, side, direction) {
    const bead = this.beads[index];
    if (isNull(bead)) throw new Impossible("an unaligned sentence can't be given away");
    const [start, stop] = spanOf(bead, side);
    const position = direction > 0 ? stop - 1 : start;
    const left = withSpan(bead, side, without([start, stop], position));
    const next = this.beads[index + direction];
    const takes = next && !isNull(next);
    const [first, last] = takes ? spanOf(next, side) : [0, 0];
    const grown = takes ? [withSpan(next, side, [Math.min(first, position), Math.max(last, position + 1)])] : [];
    return this.replace([bead, ...(takes ? [next] : [])], [left, ...grown], false, takes ? [] : [`${side} ${position}`]);
  }

  /**
   * Link the source of one bead with the target of another; what would cross the new bead is unlinked.
   * @param {number} first
   * @param {number} second
   */
  relink(first, second) {
    let [source, target] = [this.beads[first], this.beads[second]];
    if (isEmpty(spanOf(source, "source")) || isEmpty(spanOf(target, "target"))) [source, target] = [target, source];
    if (isEmpty(spanOf(source, "source")) || isEmpty(spanOf(target, "target"))) {
      throw new Impossible("one of the two must have a source sentence, the other one a target sentence");
    }
    const linked = withSpan(source, "target", spanOf(target, "target"));
    const crossing = this.beads.filter((bead) => !isNull(bead) && !standsBeside(bead, linked));
    return this.replace(crossing, [linked]);
  }

  /**
   * Put links in place of others; sentences of what is replaced that no link holds any more are good null beads.
   *
   * With `isUnlinked` so are all those that are added; `given` names more of them, such as "source 3".
   * @param {Bead[]} removed
   * @param {Bead[]} added
   * @param {boolean} isUnlinked
   * @param {string[]} given
   */
  replace(removed, added, isUnlinked = false, given = []) {
    const gone = new Set(removed);
    /** @type {BeadTest} */
    const isWhole = (bead) => !isNull(bead) && !isUnlinked;
    const links = this.beads.filter((bead) => !isNull(bead) && !gone.has(bead));
    links.push(...added.filter(isWhole).map(asGood));
    links.sort((a, b) => a.source_start - b.source_start);
    const touched = new Set(given);
    for (const bead of added.filter((one) => !isWhole(one))) {
      for (const side of SIDES) {
        for (let position = bead[`${side}_start`]; position < bead[`${side}_stop`]; position++) touched.add(`${side} ${position}`);
      }
    }
    const made = this.#withNulls(links, touched);
    const changed = made.findIndex((bead) => added.some((one) => shares(bead, one)));
    return Object.assign(made, { changed });
  }

  /**
   * @param {Bead[]} links
   * @param {Set<string>} touched
   */
  #withNulls(links, touched) {
    const before = new Map();
    for (const bead of this.beads.filter(isNull)) {
      const side = sourceSize(bead) ? "source" : "target";
      for (let position = bead[`${side}_start`]; position < bead[`${side}_stop`]; position++) before.set(`${side} ${position}`, bead);
    }
    /** @type {any} */
    const nothing = { similarity: 0, score: 0, confidence: null, mark: null };
    /** @type {Bead[]} */
    const made = [];
    const at = { source: 0, target: 0 };
    /** @type {(side: SideName, stop: number, other: number) => void} */
    const fill = (side, stop, other) => {
      for (; at[side] < stop; at[side]++) {
        const name = `${side} ${at[side]}`;
        const bead = withSpan(withSpan(before.get(name) ?? nothing, side, [at[side], at[side] + 1]), otherSide(side), [other, other]);
        made.push(touched.has(name) ? asGood(bead) : bead);
      }
    };
    for (const link of [...links, null]) {
      const [source, target] = link ? [link.source_start, link.target_start] : [this.sizes.source, this.sizes.target];
      fill("source", source, at.target);
      fill("target", target, source);
      if (link) {
        made.push(link);
        [at.source, at.target] = [link.source_stop, link.target_stop];
      }
    }
    return made;
  }
}

/** @type {(bead: Bead, side: SideName, position: number) => boolean} */
const holds = (bead, side, position) => bead[`${side}_start`] <= position && position < bead[`${side}_stop`];
/** @type {(span: Span, position: number) => Span} */
const without = ([start, stop], position) => (position === start ? [start + 1, stop] : [start, stop - 1]);
/** @type {(bead: Bead, other: Bead) => boolean} */
const shares = (bead, other) => SIDES.some((side) =>
  Math.max(bead[`${side}_start`], other[`${side}_start`]) < Math.min(bead[`${side}_stop`], other[`${side}_stop`]));

/**
 * Whether two links share nothing and do not cross.
 * @param {Bead} bead
 * @param {Bead} other
 */
function standsBeside(bead, other) {
  const isBefore = bead.source_stop <= other.source_start && bead.target_stop <= other.target_start;
  return isBefore || (other.source_stop <= bead.source_start && other.target_stop <= bead.target_start);
}
