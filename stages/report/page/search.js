// @ts-check
// Search in both texts.

class Search {
  #page;
  #input;
  #told;
  /** @type {RegExp | null} */
  #pattern = null;
  /** @type {number[]} */
  #found = []; // indices of beads

  constructor(page) {
    this.#page = page;
    this.#input = page.find(".search");
    this.#told = page.find(".search-count");
    this.#input.addEventListener("input", () => this.#look());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.step(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") this.clear();
    });
    page.addEventListener("beads", () => this.#look(false));
    page.addEventListener("select", () => this.#tell());
  }

  focus() {
    this.#input.focus();
    this.#input.select();
  }

  clear() {
    this.#input.value = "";
    this.#look();
    this.#page.find(".beads").focus();
  }

  /** Select the next (1) or previous (-1) bead that holds what is searched; after the last comes the first. */
  step(direction) {
    if (!this.#found.length) return;
    const at = firstAbove(this.#found, this.#page.selected());
    const isOn = this.#found[at - 1] === this.#page.selected();
    const next = direction > 0 ? at : at - (isOn ? 2 : 1);
    this.#page.select(this.#found[(next + this.#found.length) % this.#found.length]);
  }

  /** A text in pieces, what is searched marked. */
  highlight(text) {
    if (!this.#pattern) return [text];
    const pieces = [];
    let end = 0;
    for (const match of text.matchAll(this.#pattern)) {
      pieces.push(text.slice(end, match.index), element("mark", {}, match[0]));
      end = match.index + match[0].length;
    }
    return [...pieces, text.slice(end)];
  }

  #look(move = true) {
    const query = this.#input.value.trim();
    this.#pattern = query ? new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+"), "giu") : null;
    this.#found = query ? this.#beadsWith(this.#pattern) : [];
    this.#page.list.showWindow();
    if (move && this.#found.length && !this.#found.includes(this.#page.selected())) {
      this.step(1);
    }
    this.#tell();
  }

  #beadsWith(pattern) {
    const { source, target, beads } = this.#page;
    const once = new RegExp(pattern.source, "iu");
    const holds = (side) => side.sentences.map((text) => once.test(text));
    const [inSource, inTarget] = [holds(source), holds(target)];
    return beads.flatMap((bead, index) =>
      this.#page.list.shows(index) &&
      (inSource.slice(bead.source_start, bead.source_stop).some(Boolean) ||
        inTarget.slice(bead.target_start, bead.target_stop).some(Boolean)) ? [index] : []);
  }

  #tell() {
    if (!this.#pattern) {
      this.#told.textContent = "";
      return;
    }
    const at = this.#found.indexOf(this.#page.selected());
    const total = count(this.#found.length);
    this.#told.textContent = this.#found.length ? `${at < 0 ? "–" : count(at + 1)} of ${total}` : "not found";
  }
}
