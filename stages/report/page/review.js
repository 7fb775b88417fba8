// Correcting the beads of a pair: `bitext review` adds this to its page, and takes what is decided.
// A correction is a new list of beads: what a person has touched is good, and what is bad is only marked.

const GOOD = "good";
const BAD = "bad";
const RETRY_MILLISECONDS = 3000;

const spanOf = (bead, side) => [bead[`${side}_start`], bead[`${side}_stop`]];
const withSpan = (bead, side, [start, stop]) => ({ ...bead, [`${side}_start`]: start, [`${side}_stop`]: stop });
const otherSide = (side) => (side === "source" ? "target" : "source");
const isEmpty = ([start, stop]) => start >= stop;
const judged = (bead, mark) => ({
  ...bead,
  mark,
  confidence: mark === GOOD ? 1 : bead.mark === GOOD ? bead.found ?? null : bead.confidence,
  found: bead.mark === GOOD ? bead.found : bead.confidence,
});
const asGood = (bead) => (bead.mark === GOOD ? bead : judged(bead, GOOD));

/** The four numbers by which a bead is kept; a side without sentences is 0, 0. */
function keptSpan(bead) {
  return ["source", "target"].flatMap((side) => (isEmpty(spanOf(bead, side)) ? [0, 0] : spanOf(bead, side)));
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
  constructor(beads, sizes) {
    this.beads = beads;
    this.sizes = sizes; // {source: 42, target: 43}
  }

  mark(index, mark) {
    const bead = this.beads[index];
    return this.beads.with(index, judged(bead, bead.mark === mark ? null : mark));
  }

  /** Call everything good up to a bead that nothing has been said about. */
  markUpTo(index) {
    return this.beads.map((bead, i) => (i <= index && !bead.mark ? judged(bead, GOOD) : bead));
  }

  merge(index, direction) {
    const [first, second] = [this.beads[index], this.beads[index + direction]];
    if (!second) throw new Impossible("there is no bead to merge with");
    let merged = { ...(isNull(first) ? second : first) };
    for (const side of ["source", "target"]) {
      const spans = [spanOf(first, side), spanOf(second, side)].filter((span) => !isEmpty(span));
      if (!spans.length) throw new Impossible("both beads stand on the same side: link them with a sentence of the other");
      merged = withSpan(merged, side, [Math.min(...spans.map(([start]) => start)), Math.max(...spans.map(([, stop]) => stop))]);
    }
    return this.replace([first, second], [merged]);
  }

  /** Cut a bead in two where its sides are nearest to the same share of their length. */
  split(index, lengths) {
    const bead = this.beads[index];
    if (sourceSize(bead) < 2 || targetSize(bead) < 2) {
      throw new Impossible("only a bead with two sentences on both sides can be split; send one away instead, or unlink");
    }
    const shares = (side) => {
      const [start, stop] = spanOf(bead, side);
      const total = lengths(side, start, stop) || 1;
      return Array.from({ length: stop - start - 1 }, (_, k) => [start + k + 1, lengths(side, start, start + k + 1) / total]);
    };
    let best = null;
    for (const [i, source] of shares("source")) {
      for (const [j, target] of shares("target")) {
        const away = Math.abs(source - target) + 0.1 * Math.abs(source + target - 1);
        if (!best || away < best.away) best = { i, j, away };
      }
    }
    const upper = withSpan(withSpan(bead, "source", [bead.source_start, best.i]), "target", [bead.target_start, best.j]);
    const lower = withSpan(withSpan(bead, "source", [best.i, bead.source_stop]), "target", [best.j, bead.target_stop]);
    return this.replace([bead], [upper, lower]);
  }

  unlink(index) {
    const bead = this.beads[index];
    if (isNull(bead)) throw new Impossible("this sentence has no counterpart already; g says that this is right");
    return this.replace([bead], [bead], ["source", "target"]);
  }

  /** Take the nearest sentence of a side from the bead above (-1) or below (1). */
  take(index, side, direction) {
    const bead = this.beads[index];
    const [start, stop] = spanOf(bead, side);
    const position = direction > 0 ? stop : start - 1;
    if (position < 0 || position >= this.sizes[side]) throw new Impossible(`there is no ${side} sentence to take`);
    const taken = withSpan(bead, side, [Math.min(start, position), Math.max(stop, position + 1)]);
    if (isNull(taken)) throw new Impossible("a bead needs both sides: take a sentence of the other one");
    const holder = this.beads.find((other) => other !== bead && !isNull(other) && holds(other, side, position));
    const left = holder ? [withSpan(holder, side, without(spanOf(holder, side), position))] : [];
    return this.replace([bead, ...(holder ? [holder] : [])], [taken, ...left]);
  }

  /** Give the outermost sentence of a side to the bead above (-1) or below (1). */
  give(index, side, direction) {
    const bead = this.beads[index];
    if (isNull(bead)) throw new Impossible("a sentence without a counterpart can't be given away");
    const [start, stop] = spanOf(bead, side);
    const position = direction > 0 ? stop - 1 : start;
    const left = withSpan(bead, side, without([start, stop], position));
    const next = this.beads[index + direction];
    const takes = next && !isNull(next);
    const [first, last] = takes ? spanOf(next, side) : [];
    const grown = takes ? [withSpan(next, side, [Math.min(first, position), Math.max(last, position + 1)])] : [];
    return this.replace([bead, ...(takes ? [next] : [])], [left, ...grown], [], takes ? [] : [`${side} ${position}`]);
  }

  /** Link the source of one bead with the target of another; what would cross the new bead is unlinked. */
  relink(first, second) {
    let [source, target] = [this.beads[first], this.beads[second]];
    if (isEmpty(spanOf(source, "source")) || isEmpty(spanOf(target, "target"))) [source, target] = [target, source];
    if (isEmpty(spanOf(source, "source")) || isEmpty(spanOf(target, "target"))) {
      throw new Impossible("one of the two beads must have a source sentence, the other one a target sentence");
    }
    const linked = withSpan(source, "target", spanOf(target, "target"));
    const crossing = this.beads.filter((bead) => !isNull(bead) && !standsBeside(bead, linked));
    return this.replace(crossing, [linked]);
  }

  /** Put links in place of others; sentences of what is replaced that no link holds any more are good null beads. */
  replace(removed, added, unlinked = [], given = []) {
    const gone = new Set(removed);
    const isWhole = (bead) => !isNull(bead) && !unlinked.length;
    const links = this.beads.filter((bead) => !isNull(bead) && !gone.has(bead));
    links.push(...added.filter(isWhole).map(asGood));
    links.sort((a, b) => a.source_start - b.source_start);
    const touched = new Set(given);
    for (const bead of added.filter((one) => !isWhole(one))) {
      for (const side of ["source", "target"]) {
        for (let position = bead[`${side}_start`]; position < bead[`${side}_stop`]; position++) touched.add(`${side} ${position}`);
      }
    }
    const made = this.#withNulls(links, touched);
    const changed = made.findIndex((bead) => added.some((one) => shares(bead, one)));
    return Object.assign(made, { changed });
  }

  #withNulls(links, touched) {
    const before = new Map();
    for (const bead of this.beads.filter(isNull)) {
      const side = sourceSize(bead) ? "source" : "target";
      for (let position = bead[`${side}_start`]; position < bead[`${side}_stop`]; position++) before.set(`${side} ${position}`, bead);
    }
    const nothing = { similarity: 0, score: 0, confidence: null, mark: null };
    const made = [];
    const at = { source: 0, target: 0 };
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

const holds = (bead, side, position) => bead[`${side}_start`] <= position && position < bead[`${side}_stop`];
const without = ([start, stop], position) => (position === start ? [start + 1, stop] : [start, stop - 1]);
const shares = (bead, other) => ["source", "target"].some((side) =>
  Math.max(bead[`${side}_start`], other[`${side}_start`]) < Math.min(bead[`${side}_stop`], other[`${side}_stop`]));

/** Whether two links share nothing and do not cross. */
function standsBeside(bead, other) {
  const isBefore = bead.source_stop <= other.source_start && bead.target_stop <= other.target_start;
  return isBefore || (other.source_stop <= bead.source_start && other.target_stop <= bead.target_start);
}

/** What a person does on the page: keys and buttons, undo and redo, and the way to the file. */
class Review {
  #page;
  #past = [];
  #future = [];
  #rejected; // bad beads that the aligner doesn't find any more
  #version;
  #held = null; // the bead that waits to be linked with another
  #isSaving = false;
  #isDirty = false;
  #isLocked = false;
  #bar;

  constructor(page) {
    this.#page = page;
    ({ rejected: this.#rejected, version: this.#version } = page.data.review);
    this.#bar = reviewBar(this, page.data.review.file);
    page.find(".toolbar").after(this.#bar);
    this.#addKeys(page.keys);
    document.addEventListener("keydown", (event) => this.#undoKey(event));
    addEventListener("beforeunload", (event) => {
      if (this.#isDirty) event.preventDefault();
    });
    page.addEventListener("select", () => this.#showHeld());
    this.#say("all decisions are saved", "saved");
    this.#enable();
    if (page.data.review.outdated) {
      this.#tell(`${plural(page.data.review.outdated, "earlier decision")} not shown: the sentences have changed since. They are kept beside the file.`);
    }
  }

  mark(mark, goesOn = false) {
    const bead = this.#page.beads[this.#page.selected()];
    if (!goesOn || bead?.mark !== mark) this.#change((beads, index) => beads.mark(index, mark));
    if (goesOn) this.#page.step(1, (bead) => this.#page.isDoubtful(bead)) || this.#page.step(1);
  }

  markUpTo() {
    this.#change((beads, index) => beads.markUpTo(index));
  }

  merge(direction = 1) {
    this.#change((beads, index) => beads.merge(index, direction));
  }

  split() {
    const lengths = (side, start, stop) => this.#page[side].sentences.slice(start, stop).join(" ").length;
    this.#change((beads, index) => beads.split(index, lengths));
  }

  unlink() {
    this.#change((beads, index) => beads.unlink(index));
  }

  take(side, direction) {
    this.#change((beads, index) => beads.take(index, side, direction));
  }

  give(side, direction) {
    this.#change((beads, index) => beads.give(index, side, direction));
  }

  relink() {
    const index = this.#page.selected();
    if (this.#held === null || this.#held === index) {
      this.#held = this.#held === null ? index : null;
      this.#tell(this.#held === null ? "" : "go to the bead with the other side, and press r again");
      this.#showHeld();
      return;
    }
    const held = this.#held;
    this.#held = null;
    this.#change((beads) => beads.relink(held, index));
  }

  undo() {
    this.#go(this.#past, this.#future, "nothing to undo");
  }

  redo() {
    this.#go(this.#future, this.#past, "nothing to redo");
  }

  #change(make) {
    const page = this.#page;
    const index = page.selected();
    if (this.#isLocked || index < 0) return;
    try {
      const sizes = { source: page.source.sentences.length, target: page.target.sentences.length };
      const made = make(new Beads(page.beads, sizes), index);
      this.#past.push({ beads: page.beads, index });
      this.#future = [];
      this.#held = null;
      this.#tell("");
      this.#show(made, made.changed ?? index);
    } catch (error) {
      if (!(error instanceof Impossible)) throw error;
      this.#tell(error.message);
    }
  }

  #go(from, to, nothing) {
    if (this.#isLocked) return;
    const state = from.pop();
    if (!state) return this.#tell(nothing);
    to.push({ beads: this.#page.beads, index: this.#page.selected() });
    this.#tell("");
    this.#show(state.beads, state.index);
  }

  #show(beads, index) {
    this.#page.setBeads(beads, index);
    const bead = this.#page.beads[this.#page.selected()];
    this.#page.list.say(`bead ${count(this.#page.selected() + 1)}, ${typeOf(bead)}, ${bead.mark ?? "not decided"}`);
    this.#enable();
    this.#isDirty = true;
    this.#save();
  }

  /** Send everything that is decided; one request at a time, the newest state wins. */
  async #save() {
    if (this.#isSaving || this.#isLocked) return;
    this.#isSaving = true;
    this.#say("saving …", "saving");
    while (this.#isDirty) {
      this.#isDirty = false;
      const refusal = await this.#send().catch(() => "the program does not answer");
      if (!refusal) continue;
      this.#isDirty = true;
      this.#say(`NOT SAVED: ${refusal}`, "failed");
      if (this.#isLocked) break;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
    }
    this.#isSaving = false;
    if (!this.#isLocked) this.#say("saved", "saved");
  }

  /** Send once; return why it was refused, or nothing. */
  async #send() {
    const spans = (mark) => this.#page.beads.filter((bead) => bead.mark === mark).map(keptSpan);
    const good = spans(GOOD);
    const known = new Set(good.map(String));
    const bad = [...spans(BAD), ...this.#rejected].filter((span) => !known.has(String(span)));
    const response = await fetch("corrections", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Bitext-Token": location.pathname.split("/")[1] },
      body: JSON.stringify({ version: this.#version, good, bad }),
    });
    if (response.ok) {
      this.#version = (await response.json()).version;
      return "";
    }
    const reason = await response.text();
    if (response.status !== 409) return reason;
    this.#isLocked = true;
    this.#isDirty = false; // leaving the page is the way out
    this.#enable();
    return `${reason}. Reload the page to go on from what the file says now`;
  }

  #say(text, state) {
    const shown = this.#bar.querySelector(".state");
    shown.textContent = text;
    shown.dataset.state = state;
  }

  #tell(text) {
    this.#bar.querySelector(".message").textContent = text;
  }

  #enable() {
    const able = { undo: this.#past.length, redo: this.#future.length };
    for (const button of this.#bar.querySelectorAll("button")) {
      button.disabled = this.#isLocked || !(able[button.dataset.action] ?? true);
    }
  }

  #showHeld() {
    for (const row of this.#page.root.querySelectorAll("[data-held]")) delete row.dataset.held;
    const row = this.#held === null ? null : this.#page.find(`[data-bead="${this.#held}"]`);
    if (row) row.dataset.held = "true";
  }

  #undoKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.closest?.("input, select, textarea, dialog")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) this.redo();
    else this.undo();
  }

  #addKeys(keys) {
    keys.add("g", "good: this bead is right (again: no longer so)", () => this.mark(GOOD));
    keys.add("G", "good: all beads down to this one that nothing has been said about", () => this.markUpTo());
    keys.add("b", "bad: this bead is wrong (again: no longer so)", () => this.mark(BAD));
    keys.add("Enter", "good, and on to the next doubtful bead", () => this.mark(GOOD, true));
    keys.add("m", "merge with the bead below; M: with the one above", () => this.merge(1));
    keys.add("M", "", () => this.merge(-1));
    keys.add("s", "split in two", () => this.split());
    keys.add("u", "unlink: these sentences have no counterpart", () => this.unlink());
    keys.add("a", "take the next source sentence from below; A: the last one from above", () => this.take("source", 1));
    keys.add("A", "", () => this.take("source", -1));
    keys.add("q", "give the last source sentence to the bead below; Q: the first one to the bead above", () => this.give("source", 1));
    keys.add("Q", "", () => this.give("source", -1));
    keys.add("l", "take the next target sentence from below; L: the last one from above", () => this.take("target", 1));
    keys.add("L", "", () => this.take("target", -1));
    keys.add("o", "give the last target sentence to the bead below; O: the first one to the bead above", () => this.give("target", 1));
    keys.add("O", "", () => this.give("target", -1));
    keys.add("r", "link anew: r on one bead, then r on the bead that has the other side", () => this.relink());
    keys.add("z", "undo (or Ctrl + Z)", () => this.undo());
    keys.add("y", "redo (or Ctrl + Y)", () => this.redo());
  }
}

/** The buttons, and the words that say whether everything is saved. */
function reviewBar(review, file) {
  const actions = [
    ["good", "✓ good", "g", () => review.mark(GOOD)],
    ["bad", "✗ bad", "b", () => review.mark(BAD)],
    ["merge", "merge ↓", "m", () => review.merge(1)],
    ["split", "split", "s", () => review.split()],
    ["unlink", "unlink", "u", () => review.unlink()],
    ["relink", "link anew", "r", () => review.relink()],
    ["undo", "undo", "z", () => review.undo()],
    ["redo", "redo", "y", () => review.redo()],
  ];
  const buttons = actions.map(([action, label, key, act]) => {
    const button = element("button", { type: "button", "data-action": action, title: `Key ${key}` }, label);
    button.addEventListener("click", act);
    return button;
  });
  return element(
    "div",
    { class: "review", role: "toolbar", "aria-label": "Correct the selected bead" },
    element("a", { href: "../../" }, "all pairs"),
    ...buttons,
    element("span", { class: "state", role: "status", title: file }),
    element("div", { class: "message", role: "status" }),
  );
}

document.addEventListener("bitext:page", ({ detail: page }) => {
  window.bitext.review = new Review(page);
});
