// @ts-check
// The report: sort and filter the pairs, and open those that are embedded.

const report = /** @type {HTMLElement} */ (document.getElementById("report"));
const place = /** @type {HTMLElement} */ (document.getElementById("place"));
const table = /** @type {HTMLTableElement} */ (document.querySelector(".pairs")); // null without pairs

function sortBy(header) {
  const column = header.cellIndex;
  const isUp = header.getAttribute("aria-sort") !== "ascending";
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", isUp ? "ascending" : "descending");
  const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const compare = (one, other) => {
    const [a, b] = [value(one), value(other)];
    return a === "" || b === "" ? Number(a === "") - Number(b === "") : (isUp ? 1 : -1) * a.localeCompare(b, "en", { numeric: true });
  };
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort(compare));
  filterPairs();
}

const MAX_PAIRS = 25; // shown before somebody asks for more, or looks for one
const MAX_BEADS = 300; // in a list of those of a type
let showsAll = false;

function filterPairs() {
  const search = /** @type {HTMLInputElement} */ (document.getElementById("pair-search"));
  const wanted = search.value.trim().toLowerCase();
  const selects = /** @type {NodeListOf<HTMLSelectElement>} */ (document.querySelectorAll(".filters select"));
  const chosen = [...selects].map((select) => [select.dataset.of ?? "", select.value]);
  const isWanted = wanted || chosen.some(([, value]) => value);
  let found = 0;
  for (const row of table.tBodies[0].rows) {
    const fits = row.textContent.toLowerCase().includes(wanted) &&
      chosen.every(([name, value]) => !value || row.dataset[name] === value);
    found += Number(fits);
    row.hidden = !fits || (!showsAll && !isWanted && found > MAX_PAIRS);
  }
  const more = /** @type {HTMLButtonElement} */ (document.getElementById("all-pairs"));
  more.hidden = showsAll || Boolean(isWanted) || found <= MAX_PAIRS;
  more.textContent = `show all ${count(found)} pairs`;
  /** @type {HTMLElement} */ (document.getElementById("pairs-shown")).textContent = isWanted ? `${plural(found, "pair")} found` : "";
}

/** Show the pair that the address names (#pair=…, perhaps &bead=…), the beads of a type (#type=2-1), or the report. */
async function follow() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const embedded = [.../** @type {NodeListOf<HTMLScriptElement>} */ (document.querySelectorAll("script[data-pair]"))];
  const packed = embedded.find((script) => script.dataset.pair === asked.get("pair"));
  const type = embedded.length ? asked.get("type") : null;
  report.hidden = Boolean(packed || type);
  place.hidden = !report.hidden;
  bitext.page?.close();
  bitext.page = null;
  place.replaceChildren();
  if (type) {
    place.append(await listing(type, embedded));
    scrollTo(0, 0);
  }
  if (!packed) return;
  const page = await openPair(packed.textContent, place);
  page.find(".pair-title").prepend(element("a", { href: "#", class: "back" }, "← report"));
  page.find(".beads").focus({ preventScroll: true });
  const bead = asked.get("bead");
  if (bead !== null) page.select(Number(bead));
}

/**
 * List the beads of a type of all pairs that can be opened.
 * @param {string} type
 * @param {HTMLScriptElement[]} embedded
 */
async function listing(type, embedded) {
  const rows = [];
  let found = 0;
  for (const script of embedded) {
    const data = await unpack(script.textContent);
    const sides = [new Side("source", data.source), new Side("target", data.target)];
    for (const [index, bead] of beadsFromRows(data.bead_columns, data.beads).entries()) {
      if (typeOf(bead).replace("–", "-") !== type || ++found > MAX_BEADS) continue;
      const link = `#${new URLSearchParams({ pair: data.pair_id, bead: String(index) })}`;
      const texts = sides.map((side) => element("td", { lang: side.language, dir: "auto" }, side.text(bead) || "–"));
      rows.push(element("tr", {}, element("th", { scope: "row" }, element("a", { href: link }, `${data.pair_id}, ${count(index + 1)}`)), ...texts));
    }
  }
  const more = found > MAX_BEADS ? `, of which the first ${count(MAX_BEADS)} are shown` : "";
  const head = element("tr", {}, ...["pair", "source", "target"].map((name) => element("th", { scope: "col" }, name)));
  return element("div", { class: "listing" },
    element("a", { href: "#", class: "back" }, "← report"),
    element("h1", {}, `Segment pairs of ${type.replace("-", "–")} sentences`),
    element("p", { class: "muted" }, `${count(found)} in the ${plural(embedded.length, "pair")} that can be opened here${more}`),
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

if (table) {
  table.tHead?.addEventListener("click", (event) => {
    const header = /** @type {HTMLElement} */ (event.target).closest("button")?.closest("th");
    if (header) sortBy(header);
  });
  document.querySelector(".filters")?.addEventListener("input", filterPairs);
  document.getElementById("all-pairs")?.addEventListener("click", () => {
    showsAll = true;
    filterPairs();
  });
  addEventListener("beforeprint", () => {
    showsAll = true;
    filterPairs();
  });
  filterPairs();
}
addEventListener("hashchange", follow);
follow();
