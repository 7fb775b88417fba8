// @ts-check
// The text, bead by bead: a list of any length of which only what is visible is in the page.

const OVERSCAN = 6; // rows kept above and below the window
const FILTERS = {
  all: () => true,
  doubtful: (bead, page) => page.isDoubtful(bead),
  null: (bead) => isNull(bead),
  merged: (bead) => isMerged(bead),
};
const WIDE = /[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/; // letters twice as wide as others

class BeadList {
  #page;
  #box; // what scrolls
  #head;
  #inner; // as high as all rows together
  #live; // read out by screen readers
  #filter = "all";
  #shown = []; // indices of the beads that the filter leaves
  #heights = new Float64Array(0);
  #tops = new Float64Array(1); // one more than there are rows
  #rows = new Map(); // what is in the page, by row number
  #observer;
  #isWhole = false; // while it is printed, every row is in the page
  #size = ""; // of the window that the heights are guessed for

  constructor(page) {
    this.#page = page;
    this.#box = page.find(".beads");
    this.#head = page.find(".beads-head");
    this.#inner = page.find(".beads-inner");
    this.#live = page.find(".live");
    page.find(".source-head").textContent = page.source.languageName;
    page.find(".target-head").textContent = page.target.languageName;
    this.#box.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.#inner.addEventListener("click", (event) => this.#click(event));
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(this.#box);
    page.addEventListener("beads", () => this.refresh());
    page.addEventListener("doubt", () => this.refresh());
    page.addEventListener("select", () => this.#select());
    this.refresh();
  }

  /** Show only some beads: "all", "doubtful", "null" or "merged", or those of a type, such as "2–1". */
  filter(name) {
    this.#filter = name;
    this.refresh();
    this.say(`${plural(this.#shown.length, "segment pair")} shown`);
    if (!this.shows(this.#page.selected()) && this.#shown.length) this.#page.select(this.#shown[0]);
    else this.#select();
  }

  /** Draw everything again. */
  refresh() {
    const wanted = FILTERS[this.#filter] ?? ((bead) => typeOf(bead) === this.#filter);
    this.#shown = this.#page.beads.flatMap((bead, index) => (wanted(bead, this.#page) ? [index] : []));
    this.#box.setAttribute("aria-rowcount", this.#shown.length + 1);
    this.#page.find(".nothing").hidden = this.#shown.length > 0;
    this.#estimate();
    this.#clear();
    this.#draw();
  }

  shows(index) {
    return this.#rowOf(index) >= 0;
  }

  /** Tell people who don't see the page. */
  say(text) {
    this.#live.textContent = text;
  }

  /** The beads that are in the window: [first, last], or null. */
  visible() {
    if (!this.#shown.length) return null;
    const top = this.#box.scrollTop;
    const last = this.#rowAt(top + this.#windowHeight - 1);
    return [this.#shown[this.#rowAt(top)], this.#shown[last]];
  }

  /** Whether the whole head of a row can be seen: in the list, and in the window of the browser. */
  isSeen(index) {
    const row = this.#rows.get(this.#rowOf(index))?.getBoundingClientRect();
    const box = this.#box.getBoundingClientRect();
    const top = Math.max(0, box.top + this.#head.offsetHeight);
    return Boolean(row) && row.top >= top - 8 && row.top + Math.min(row.height, 40) <= Math.min(box.bottom, innerHeight);
  }

  /** Bring the list into the window of the browser, so far as it isn't there. */
  show() {
    this.#page.find(".text-panel").scrollIntoView({ block: "nearest" });
  }

  /** Put every row into the page, for printing; at most `limit` from the top of the window. */
  showAll(limit) {
    this.#isWhole = true;
    const first = this.#shown.length > limit ? this.#rowAt(this.#box.scrollTop) : 0;
    this.#inner.replaceChildren(...this.#shown.slice(first, first + limit).map((_, row) => this.#row(first + row)));
  }

  showWindow() {
    this.#isWhole = false;
    this.#clear();
    this.#draw();
  }

  close() {
    this.#observer.disconnect();
  }

  /** Pixels of the box that rows can be seen in: the head always covers some. */
  get #windowHeight() {
    return this.#box.clientHeight - this.#head.offsetHeight;
  }

  #rowOf(index) {
    const row = firstAbove(this.#shown, index) - 1;
    return this.#shown[row] === index ? row : -1;
  }

  #rowAt(y) {
    return Math.max(0, Math.min(firstAbove(this.#tops, y) - 1, this.#shown.length - 1));
  }

  /** Guess the height of every row from its letters: rows that have been in the page are measured. */
  #estimate() {
    this.#size = this.#sizeNow();
    const { source, target, beads } = this.#page;
    const width = Math.max(120, (this.#box.clientWidth - 150) / 2);
    const perLine = [source, target].map(({ sentences }) => width / (WIDE.test(sentences.slice(0, 50).join("")) ? 17 : 7.6));
    const height = (side, bead, letters) => {
      let lines = 0;
      for (let i = bead[`${side.name}_start`]; i < bead[`${side.name}_stop`]; i++) {
        lines += Math.max(1, Math.ceil(side.sentences[i].length / letters));
      }
      return lines;
    };
    this.#heights = Float64Array.from(this.#shown, (index) => {
      const bead = beads[index];
      return 17 + 25 * Math.max(1, height(source, bead, perLine[0]), height(target, bead, perLine[1]));
    });
    this.#addUp();
  }

  #sizeNow() {
    return `${this.#box.clientWidth} × ${this.#box.clientHeight}`;
  }

  #addUp() {
    this.#tops = new Float64Array(this.#heights.length + 1);
    for (let row = 0; row < this.#heights.length; row++) this.#tops[row + 1] = this.#tops[row] + this.#heights[row];
    this.#inner.style.height = `${this.#tops.at(-1)}px`;
  }

  #clear() {
    this.#rows.clear();
    this.#inner.replaceChildren();
  }

  #draw() {
    if (this.#isWhole || !this.#shown.length || !this.#box.clientHeight) return;
    const top = this.#box.scrollTop;
    const anchor = this.#rowAt(top);
    const first = Math.max(0, anchor - OVERSCAN);
    const last = Math.min(this.#shown.length - 1, this.#rowAt(top + this.#windowHeight) + OVERSCAN);
    for (const [row, drawn] of this.#rows) {
      if (row < first || row > last) {
        drawn.remove();
        this.#rows.delete(row);
      }
    }
    const added = [];
    for (let row = first; row <= last; row++) {
      if (this.#rows.has(row)) continue;
      const drawn = this.#row(row);
      this.#rows.set(row, drawn);
      added.push([row, drawn]);
    }
    this.#inner.append(...added.map(([, drawn]) => drawn));
    this.#measure(added, anchor, top);
    this.#page.plot?.drawWindow();
  }

  /** Learn how high new rows are; what is at the top of the window stays where it is. */
  #measure(added, anchor, top) {
    const within = top - this.#tops[anchor];
    let changed = false;
    for (const [row, drawn] of added) {
      const height = drawn.offsetHeight;
      changed ||= Math.abs(height - this.#heights[row]) > 0.5;
      this.#heights[row] = height;
    }
    if (changed) {
      this.#addUp();
      const wanted = this.#tops[anchor] + within;
      if (Math.abs(wanted - this.#box.scrollTop) > 0.5) this.#box.scrollTop = wanted;
    }
    for (const [row, drawn] of this.#rows) drawn.style.top = `${this.#tops[row]}px`;
  }

  #row(row) {
    const index = this.#shown[row];
    const bead = this.#page.beads[index];
    const drawn = beadRow(this.#page, bead, index);
    drawn.setAttribute("aria-rowindex", row + 2); // the head is the first
    drawn.style.top = `${this.#tops[row]}px`;
    if (index === this.#page.selected()) mark(drawn, true);
    return drawn;
  }

  #click(event) {
    const row = event.target.closest("[data-bead]");
    if (row && !getSelection()?.toString()) this.#page.select(Number(row.dataset.bead));
  }

  #select() {
    const index = this.#page.selected();
    for (const drawn of this.#rows.values()) mark(drawn, Number(drawn.dataset.bead) === index);
    const row = this.#rowOf(index);
    if (row < 0) {
      this.#box.removeAttribute("aria-activedescendant");
      return;
    }
    this.#bringIntoView(row);
    this.#box.setAttribute("aria-activedescendant", `bead-${index}`);
  }

  #bringIntoView(row) {
    const height = this.#windowHeight;
    for (let round = 0; round < 3; round++) { // heights are guesses until rows have been in the page
      const top = this.#box.scrollTop;
      if (this.#tops[row] >= top && this.#tops[row + 1] <= top + height) break;
      const isNear = this.#tops[row + 1] > top - height && this.#tops[row] < top + 2 * height;
      const isAbove = this.#tops[row] < top;
      const atEdge = isAbove ? this.#tops[row] - 8 : Math.min(this.#tops[row], this.#tops[row + 1] - height + 8);
      this.#box.scrollTop = isNear ? atEdge : this.#tops[row] - height / 3;
      this.#draw();
    }
  }

  #resize() {
    if (this.#isWhole || this.#size === this.#sizeNow()) return;
    this.#estimate();
    this.#clear();
    this.#draw();
    this.#select();
  }
}

function mark(row, isSelected) {
  row.setAttribute("aria-selected", isSelected);
}

/** One bead as a row of a table: number, source, type and confidence, target. */
function beadRow(page, bead, index) {
  const isDoubt = page.isDoubtful(bead);
  const kind = isNull(bead) ? "null" : isMerged(bead) ? "merged" : "plain";
  const cell = (name, ...children) => element("div", { role: "gridcell", class: name }, ...children);
  return element(
    "div",
    { role: "row", id: `bead-${index}`, class: "bead", "data-bead": index, "data-kind": kind, "data-doubt": isDoubt,
      "data-mark": bead.mark ?? null },
    cell("bead-number", count(index + 1)),
    cell("bead-source", ...sideContent(page, page.source, bead)),
    cell("bead-type", ...typeContent(bead, isDoubt)),
    cell("bead-target", ...sideContent(page, page.target, bead)),
  );
}

function sideContent(page, side, bead) {
  const [start, stop] = [bead[`${side.name}_start`], bead[`${side.name}_stop`]];
  if (start === stop) {
    return [element("p", { class: "absent" }, bead.mark === "bad" ? "should have a counterpart" : "unaligned")];
  }
  const made = [];
  for (let position = start; position < stop; position++) {
    const text = side.sentences[position];
    const starts = side.paragraphs.has(position);
    made.push(element(
      "p",
      { lang: side.language, dir: "auto", class: starts ? "sentence paragraph" : "sentence", "data-position": position,
        "data-edited": side.edited.has(position), "data-heading": side.headings.get(position) },
      ...(text ? page.search?.highlight(text) ?? [text] : [element("span", { class: "absent" }, "(empty line)")]),
    ));
  }
  return made;
}

function typeContent(bead, isDoubt) {
  const known = bead.confidence !== null && bead.confidence !== undefined;
  const value = known ? bead.confidence : bead.similarity;
  const name = known ? "confidence" : "similarity";
  const shown = known ? `${Math.round(100 * value)} %` : value.toFixed(2);
  return [
    element("span", { class: "type" }, typeOf(bead)),
    element("span", { class: "meter", "aria-hidden": "true", style: `--share: ${Math.max(0, Math.min(1, value))}` }),
    element("span", { class: "confidence", title: `${name} ${shown}, similarity ${bead.similarity.toFixed(2)}` },
      isDoubt ? element("span", { class: "unseen" }, "doubtful, ") : null, shown),
  ];
}
