// @ts-check
// The page of a pair: what is shown, what is selected, and who is told. The other files draw it.

const MAX_PRINTED = 5000; // beads; from the top of the window where there are more

/**
 * What is known as `window.bitext.page`.
 *
 * data           the object of page_data.py
 * source, target Side
 * beads          the beads as they are now: objects by `bead_columns`
 * setBeads(beads, index)  replace them, draw everything again, and select one
 * select(index)  select a bead and bring it into view; selected() returns its index, -1 for none
 * keys           add(key, help, action): see keys.js
 * Events: "select" and "beads", after either has changed; "doubt" when the limit has.
 */
class Page extends EventTarget {
  #selected = -1;
  #printing = { beforeprint: () => this.list.showAll(MAX_PRINTED), afterprint: () => this.list.showWindow() };
  #doubt = DEFAULT_DOUBT;
  /** @type {Bead[]} */
  beads = [];

  /**
   * @param {HTMLElement} root
   * @param {any} data
   */
  constructor(root, data) {
    super();
    this.root = root;
    this.data = data;
    this.source = new Side("source", data.source);
    this.target = new Side("target", data.target);
    for (const { side, start, now } of data.review?.edits ?? []) {
      for (const at of now.keys()) this[side].edited.add(start + at);
    }
    this.#take(beadsFromRows(data.bead_columns, data.beads));
    fillHeader(this);
    this.list = new BeadList(this);
    this.plot = new Plot(this);
    this.search = new Search(this);
    this.keys = new Keys(this);
    connectToolbar(this);
    for (const [event, action] of Object.entries(this.#printing)) addEventListener(event, action);
    this.select(this.beads.length ? 0 : -1);
  }

  selected() {
    return this.#selected;
  }

  select(index) {
    this.#selected = Math.max(-1, Math.min(index, this.beads.length - 1));
    this.#tell("select");
  }

  /**
   * @param {Bead[]} beads
   * @param {number} index
   */
  setBeads(beads, index = this.#selected) {
    this.#take(beads);
    this.#tell("beads");
    this.select(index);
  }

  /** Beads with a confidence below this are doubtful. */
  get doubt() {
    return this.#doubt;
  }

  set doubt(limit) {
    this.#doubt = limit;
    this.#tell("doubt");
  }

  /** @param {Bead} bead */
  isDoubtful(bead) {
    return !bead.mark && isDoubtful(bead, this.#doubt);
  }

  /**
   * Select the next doubtful bead after (1) or before (-1) the selected one, or else the first from the other end.
   * @param {number} direction
   */
  stepToDoubtful(direction) {
    /** @param {Bead} bead */
    const is = (bead) => this.isDoubtful(bead);
    if (this.step(direction, is)) return true;
    const before = this.#selected;
    this.#selected = direction > 0 ? -1 : this.beads.length;
    if (this.step(direction, is)) return true;
    this.#selected = before;
    return false;
  }

  /**
   * Select the nearest bead before (-1) or after (1) the selected one that `is` true of; return whether there is one.
   * @param {number} direction
   * @param {(bead: Bead, index: number) => boolean} is
   */
  step(direction, is = () => true) {
    const beads = this.beads;
    for (let index = this.#selected + direction; index >= 0 && index < beads.length; index += direction) {
      if (this.list.shows(index) && is(beads[index], index)) {
        this.select(index);
        return true;
      }
    }
    return false;
  }

  /**
   * The element of the page that a selector means; it is there, and has what the caller reads.
   * @param {string} selector
   * @returns {any}
   */
  find(selector) {
    return this.root.querySelector(selector);
  }

  close() {
    for (const [event, action] of Object.entries(this.#printing)) removeEventListener(event, action);
    this.keys.close();
    this.plot.close();
    this.list.close();
  }

  /** @param {Bead[]} beads */
  #take(beads) {
    this.beads = beads;
    this.beadOf = {
      source: beadsByPosition(beads, "source", this.source.sentences.length),
      target: beadsByPosition(beads, "target", this.target.sentences.length),
    };
  }

  #tell(event) {
    this.dispatchEvent(new Event(event));
  }
}

/** Write what the pair is, and the numbers that tell whether it is a good one. */
function fillHeader(page) {
  const { data, source, target } = page;
  page.find(".pair-name").textContent = data.pair_id;
  page.find(".pair-languages").textContent = `${source.languageName} → ${target.languageName}`;
  const { verdict, reason } = data.facts;
  const badge = page.find(".verdict");
  badge.hidden = !verdict;
  badge.textContent = verdict ?? "";
  badge.dataset.verdict = verdict ?? "";
  page.find(".reason").textContent = reason ?? "";
  const tell = () => page.find(".measures").replaceChildren(...measures(page).map(([name, value, help]) =>
    element("div", { title: help }, element("dt", {}, name), element("dd", {}, value))));
  page.addEventListener("beads", tell);
  tell();
}

/** The numbers at the head: those of the beads as they are now, so that they agree with what is shown below. */
function measures({ data, source, target, beads }) {
  const known = data.measures;
  const nWritten = [source, target].map((side) => side.sentences.filter((text) => text).length); // not the empty lines
  const covered = beads.filter((bead) => !isNull(bead)).reduce((sum, bead) => sum + sourceSize(bead) + targetSize(bead), 0);
  const sure = beads.filter((bead) => !isNull(bead) && bead.confidence !== null);
  const shown = [
    ["sentences", nWritten.map(count).join(" / "), "source / target"],
    ["aligned", percent(Math.min(1, covered / Math.max(1, nWritten[0] + nWritten[1]))), "Share of the sentences that have a counterpart"],
    ["confidence", sure.length ? sure.reduce((sum, bead) => sum + bead.confidence, 0) / sure.length : null,
      "Mean over the segment pairs: how likely each is right"],
    ["unaligned", count(beads.filter(isNull).length), "Sentences that stand on one side only"],
    ["doubtful", count(beads.filter((bead) => !bead.mark && isDoubtful(bead, DEFAULT_DOUBT)).length),
      `Segment pairs, and unaligned sentences, with a confidence below ${percent(DEFAULT_DOUBT)}`],
    ["length ratio", known.length_ratio, "Characters of the target for each of the source"],
    ["in order", known.monotonic_coverage, "Share of the shorter side whose sentences match best, in the same order"],
  ];
  const written = { "length ratio": (value) => value.toFixed(2), confidence: percent, "in order": percent };
  return shown
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value, help]) => [name, typeof value === "number" ? written[name](value) : value, help]);
}

function connectToolbar(page) {
  const step = (direction) => () => {
    const isFound = page.step(direction, (bead) => page.isDoubtful(bead));
    page.list.show();
    if (!isFound) page.list.say(`nothing doubtful ${direction > 0 ? "below" : "above"}`);
  };
  page.find(".next-doubt").addEventListener("click", step(1));
  page.find(".previous-doubt").addEventListener("click", step(-1));
  page.find(".doubt").addEventListener("change", (event) => (page.doubt = Number(event.target.value)));
  page.find(".filter").addEventListener("change", (event) => page.list.filter(event.target.value));
  listChapters(page);
  connectFold(page);
  const tell = () => {
    listTypes(page);
    const found = page.beads.filter((bead) => page.isDoubtful(bead)).length;
    page.find(".doubt-count").textContent = found ? count(found) : "none";
  };
  page.addEventListener("doubt", tell);
  page.addEventListener("beads", tell);
  tell();
}

/** Offer every type of bead in the filter, with how many there are; what is chosen stays. */
function listTypes(page) {
  const numbers = new Map();
  for (const bead of page.beads) numbers.set(typeOf(bead), (numbers.get(typeOf(bead)) ?? 0) + 1);
  const types = [...numbers].sort(([, one], [, other]) => other - one);
  const select = page.find(".filter");
  const chosen = select.value;
  select.querySelector("optgroup").replaceChildren(...types.map(([type, number]) =>
    element("option", { value: type }, `${type} (${count(number)})`)));
  if ([...select.options].some((option) => option.value === chosen)) select.value = chosen;
}

/** Offer the chapters of a book: the headings of the source, or of the target where the source has none. */
function listChapters(page) {
  const side = page.source.headings.size ? page.source : page.target;
  const select = page.find(".chapters");
  select.hidden = side.headings.size < 2;
  const title = (position, level) => `${"\u2003".repeat(level - 1)}${side.sentences[position]}`;
  select.append(...[...side.headings].map(([position, level]) =>
    element("option", { value: position, lang: side.language }, title(position, level))));
  select.addEventListener("change", () => {
    if (select.value) page.select(page.beadOf[side.name][Number(select.value)]);
    select.value = "";
    page.list.show();
  });
}

/** Let the plot be unfolded where the window is narrow; where it is wide it is always there. */
function connectFold(page) {
  const button = page.find(".fold");
  button.addEventListener("click", () => {
    const isFolded = page.find(".plot-panel").toggleAttribute("data-folded");
    button.setAttribute("aria-expanded", String(!isFolded));
  });
}

/** @type {any} What other programs find as `window.bitext`. */
const bitext = { page: null, openPair };

/**
 * Show the pair whose packed data is given in a copy of the template; return its page.
 * @param {string} packed
 * @param {HTMLElement} place
 */
async function openPair(packed, place) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("pair-template"));
  const root = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  const data = await unpack(packed);
  place.replaceChildren(root);
  bitext.page?.close();
  const page = new Page(root, data);
  bitext.page = page;
  document.dispatchEvent(new CustomEvent("bitext:page", { detail: page }));
  return page;
}

Object.assign(window, { bitext });
