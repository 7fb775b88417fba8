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
    const { set_aside: setAside } = page.data.review;
    if (setAside.length) {
      const shown = [...setAside.slice(0, SHOWN_SET_ASIDE), ...(setAside.length > SHOWN_SET_ASIDE ? ["…"] : [])];
      this.#tell([`${plural(setAside.length, "earlier decision")} set aside, and kept in the file:`, ...shown].join("\n"));
    }
  }

  mark(mark, goesOn = false) {
    const bead = this.#page.beads[this.#page.selected()];
    if (!goesOn || bead?.mark !== mark) this.#change((beads, index) => beads.mark(index, mark));
    const marked = this.#page.beads[this.#page.selected()];
    if (mark === BAD && marked?.mark === BAD && isNull(marked)) this.#tell("the next run looks for its counterpart; or link it yourself, with r");
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
  /** @type {[action: string, label: string, key: string, act: () => void][]} */
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

document.addEventListener("bitext:page", (event) => {
  bitext.review = new Review(/** @type {CustomEvent} */ (event).detail);
});
