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
    return isDoubtful(bead, this.#doubt);
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
  page.find(".measures").append(...measures(page).map(([name, value, help]) =>
    element("div", { title: help }, element("dt", {}, name), element("dd", {}, value))));
}

function measures({ data, source, target }) {
  const known = data.measures;
  const shown = [
    ["sentences", `${count(source.sentences.length)} / ${count(target.sentences.length)}`, "source / target"],
    ["aligned", percent(known.aligned_share), "Share of the sentences that have a counterpart"],
    ["confidence", known.mean_confidence, "Mean over the beads with text on both sides: how likely each is right"],
    ["without counterpart", count(known.nulls), "Sentences that stand on one side only"],
    ["doubtful", count(known.doubtful), `Beads with a confidence below ${percent(DEFAULT_DOUBT)}`],
    ["length ratio", known.length_ratio, "Characters of the target for each of the source"],
    ["in order", known.monotonic_coverage, "Share of the shorter side whose sentences match best, in the same order"],
  ];
  const written = { "length ratio": (value) => value.toFixed(2), confidence: percent, "in order": percent };
  return shown
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value, help]) => [name, typeof value === "number" ? written[name](value) : value, help]);
}

function connectToolbar(page) {
  const step = (direction) => () => page.step(direction, (bead) => page.isDoubtful(bead)) || page.list.say("no more doubtful beads");
  page.find(".next-doubt").addEventListener("click", step(1));
  page.find(".previous-doubt").addEventListener("click", step(-1));
  page.find(".doubt").addEventListener("change", (event) => (page.doubt = Number(event.target.value)));
  page.find(".filter").addEventListener("change", (event) => page.list.filter(event.target.value));
  const tell = () => {
    const found = page.beads.filter((bead) => page.isDoubtful(bead)).length;
    page.find(".doubt-count").textContent = found ? count(found) : "none";
  };
  page.addEventListener("doubt", tell);
  page.addEventListener("beads", tell);
  tell();
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
