// @ts-check
// Correcting the beads of a pair: `bitext review` adds this to its page, and takes what is decided.

const RETRY_MILLISECONDS = 3000;
const SHOWN_SET_ASIDE = 5;

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
    this.#bar = reviewBar(this, page.data.review.file, page);
    page.find(".toolbar").after(this.#bar);
    this.#addKeys(page.keys);
    document.addEventListener("keydown", (event) => this.#undoKey(event));
    addEventListener("beforeunload", (event) => {
      if (this.#isDirty) event.preventDefault();
    });
    page.addEventListener("select", () => this.#showHeld());
    page.addEventListener("beads", () => this.#count());
    page.addEventListener("doubt", () => this.#count());
    this.#count();
    this.#say("all decisions are saved", "saved");
    this.#enable();
    const { edits } = page.data.review;
    if (edits.length) this.#bar.append(changedSegments(edits, (restore) => this.#edit({ restore })));
    const [, side, position] = /^#(source|target)=(\d+)$/.exec(location.hash) ?? [];
    if (side) page.select(page.beadOf[side][Math.min(Number(position), page.beadOf[side].length - 1)] ?? 0);
    const { set_aside: setAside } = page.data.review;
    if (setAside.length) {
      const shown = [...setAside.slice(0, SHOWN_SET_ASIDE), ...(setAside.length > SHOWN_SET_ASIDE ? ["…"] : [])];
      this.#tell([`${plural(setAside.length, "earlier decision")} set aside, and kept in the file:`, ...shown].join("\n"));
    }
  }

  mark(mark) {
    this.#change((beads, index) => beads.mark(index, mark));
    const marked = this.#page.beads[this.#page.selected()];
    if (mark === BAD && marked?.mark === BAD && isNull(marked)) this.#tell("the next run looks for its counterpart; or link it yourself, with r");
  }

  /** Call a doubtful pair good that can be seen, and go on to the next doubtful one; no other pair is judged. */
  confirm() {
    const page = this.#page;
    const index = page.selected();
    if (index < 0 || this.#isLocked) return;
    if (!page.list.isSeen(index)) {
      page.select(index);
      page.list.show();
      return this.#tell("here it is; Enter says that it is good if it is doubtful");
    }
    const isJudged = page.isDoubtful(page.beads[index]);
    if (isJudged) this.mark(GOOD);
    if (!page.stepToDoubtful(1)) return this.#tellAllReviewed();
    if (!isJudged) this.#tell("that one was not doubtful, and is left as it is; g says that it is good");
  }

  /** Say that nothing is left to look at, and where to go on. */
  #tellAllReviewed() {
    const { n_pairs: nPairs } = this.#page.data.review;
    this.#tell("all doubtful pairs are reviewed", nPairs > 1 ? element("a", { href: "next", class: "next" }, "next pair →") : null);
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
      this.#tell(this.#held === null ? "" : "go to the pair with the other side, and press r again");
      this.#showHeld();
      return;
    }
    const held = this.#held;
    this.#held = null;
    this.#change((beads) => beads.relink(held, index));
  }

  /** Let sentences of the selected bead be changed. */
  editSegments() {
    const bead = this.#page.beads[this.#page.selected()];
    if (bead && !this.#isLocked) editSegments(this.#page, bead, (edits) => this.#edit({ edits }));
  }

  undo() {
    if (!this.#past.length && this.#page.data.review.undoable) this.#edit({}, "undo");
    else this.#go(this.#past, this.#future, "nothing to undo");
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
    this.#page.list.say(`pair ${count(this.#page.selected() + 1)}, ${typeOf(bead)}, ${bead.mark ?? "not decided"}`);
    this.#enable();
    this.#isDirty = true;
    this.#save();
  }

  /** Have sentences changed, once all is saved, and show the pair as it is then: at the same place. */
  async #edit(wanted, action = "edits") {
    if (this.#isLocked) return;
    if (this.#isDirty || this.#isSaving) return this.#tell("this waits until everything is saved: try again");
    const bead = this.#page.beads[this.#page.selected()];
    const side = bead && sourceSize(bead) ? "source" : "target";
    const refusal = await this.#post(action, wanted).catch(() => "the program does not answer");
    if (refusal) return this.#isLocked ? this.#say(`NOT SAVED: ${refusal}`, "failed") : this.#tell(refusal);
    if (bead) history.replaceState(null, "", `#${side}=${bead[`${side}_start`]}`);
    location.reload();
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
    return this.#post("corrections", { good, bad });
  }

  /** Send something about the pair; return why it was refused, or nothing. */
  async #post(action, body) {
    const response = await fetch(action, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Bitext-Token": location.pathname.split("/")[1] },
      body: JSON.stringify({ version: this.#version, ...body }),
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

  #tell(...told) {
    this.#bar.querySelector(".message").replaceChildren(...told.filter((part) => part).flatMap((part, at) => (at ? [" ", part] : [part])));
  }

  /** Say how much is decided, and how much is left: in the same numbers as the toolbar above. */
  #count() {
    const { beads } = this.#page;
    const marked = (mark) => beads.filter((bead) => bead.mark === mark).length;
    const left = beads.filter((bead) => this.#page.isDoubtful(bead)).length;
    this.#bar.querySelector(".decided").textContent =
      `${count(marked(GOOD))} good, ${count(marked(BAD))} bad, ${left ? `${count(left)} doubtful left` : "no doubtful left"}`;
  }

  #enable() {
    const able = { undo: this.#past.length || this.#page.data.review.undoable, redo: this.#future.length };
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
    keys.add("g", "good: this pair is right (again: no longer so)", () => this.mark(GOOD));
    keys.add("G", "good: all pairs down to this one that nothing has been said about", () => this.markUpTo());
    keys.add("b", "bad: this pair is wrong (again: no longer so)", () => this.mark(BAD));
    keys.add("Enter", "good, if it is doubtful, and on to the next doubtful one", () => this.confirm());
    keys.add("m", "merge with the pair below; M: with the one above", () => this.merge(1));
    keys.add("M", "", () => this.merge(-1));
    keys.add("s", "split in two", () => this.split());
    keys.add("u", "unlink: these sentences are unaligned", () => this.unlink());
    keys.add("a", "take the next source sentence from below; A: the last one from above", () => this.take("source", 1));
    keys.add("A", "", () => this.take("source", -1));
    keys.add("q", "give the last source sentence to the pair below; Q: the first one to the pair above", () => this.give("source", 1));
    keys.add("Q", "", () => this.give("source", -1));
    keys.add("l", "take the next target sentence from below; L: the last one from above", () => this.take("target", 1));
    keys.add("L", "", () => this.take("target", -1));
    keys.add("o", "give the last target sentence to the pair below; O: the first one to the pair above", () => this.give("target", 1));
    keys.add("O", "", () => this.give("target", -1));
    keys.add("r", "link anew: r on one pair, then r on the pair that has the other side", () => this.relink());
    keys.add("e", "edit the sentences: split, join, correct or drop them", () => this.editSegments());
    keys.add("z", "undo (or Ctrl + Z)", () => this.undo());
    keys.add("y", "redo (or Ctrl + Y)", () => this.redo());
  }
}

/** The buttons, and the words that say whether everything is saved. */
function reviewBar(review, file, page) {
  const { source, target, data } = page;
  const list = page.find(".beads");
  /** @typedef {[action: string, label: string, key: string, act: () => void, help?: string]} Action */
  const button = (/** @type {Action} */ [action, label, key, act, help]) => {
    const attributes = { type: "button", "data-action": action, "aria-keyshortcuts": key, title: help };
    const words = help ? element("span", { class: "unseen" }, ` ${help}`) : null;
    const made = element("button", attributes, label, element("kbd", { "aria-hidden": "true" }, key), words);
    made.addEventListener("click", (event) => {
      act();
      if (event.detail) list.focus({ preventScroll: true }); // else Enter would press the button once more
    });
    return made;
  };
  const group = (label, /** @type {Action[]} */ actions) =>
    element("div", { class: "group", role: "group", "aria-label": label }, ...actions.map(button));
  const shifts = ({ name, languageName }, [take, give]) =>
    element("div", { class: "group", role: "group", "aria-label": `Shift ${languageName} sentences` },
      element("span", { class: "side" }, `${languageName}: take`),
      button([`take-${name}-above`, "↑", take.toUpperCase(), () => review.take(name, -1), `Take the last ${languageName} sentence from the pair above`]),
      button([`take-${name}-below`, "↓", take, () => review.take(name, 1), `Take the next ${languageName} sentence from the pair below`]),
      element("span", { class: "side" }, "give"),
      button([`give-${name}-above`, "↑", give.toUpperCase(), () => review.give(name, -1), `Give the first ${languageName} sentence to the pair above`]),
      button([`give-${name}-below`, "↓", give, () => review.give(name, 1), `Give the last ${languageName} sentence to the pair below`]));
  return element(
    "div",
    { class: "review", role: "toolbar", "aria-label": "Correct the selected pair" },
    element("div", { class: "row" },
      data.review.n_pairs > 1 ? element("a", { href: "../../" }, "all pairs") : null,
      group("Judge", [
        ["good", "✓ good", "g", () => review.mark(GOOD)],
        ["bad", "✗ bad", "b", () => review.mark(BAD)],
        ["confirm", "good, next", "Enter", () => review.confirm()],
      ]),
      group("Change", [
        ["merge", "merge ↓", "m", () => review.merge(1)],
        ["split", "split", "s", () => review.split()],
        ["unlink", "unlink", "u", () => review.unlink()],
        ["relink", "link anew", "r", () => review.relink()],
        ["edit", "edit text", "e", () => review.editSegments()],
      ]),
      group("Undo", [
        ["undo", "undo", "z", () => review.undo()],
        ["redo", "redo", "y", () => review.redo()],
      ])),
    element("div", { class: "row" }, shifts(source, ["a", "q"]), shifts(target, ["l", "o"])),
    element("div", { class: "row" },
      element("span", { class: "decided" }),
      element("span", { class: "state", role: "status", title: file }),
      exportMenu(data.review.exports)),
    element("div", { class: "message", role: "status" }),
  );
}

/** Links to the pair as files, with everything that is decided. */
function exportMenu(/** @type {string[]} */ suffixes) {
  const links = suffixes.map((suffix) => element("a", { href: `export/${suffix}`, download: true }, suffix.toUpperCase()));
  return element("details", { class: "exports" }, element("summary", {}, "export"), element("div", {}, ...links));
}

document.addEventListener("bitext:page", (event) => {
  bitext.review = new Review(/** @type {CustomEvent} */ (event).detail);
});
