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
}

function filterPairs() {
  const search = /** @type {HTMLInputElement} */ (document.getElementById("pair-search"));
  const wanted = search.value.trim().toLowerCase();
  const selects = /** @type {NodeListOf<HTMLSelectElement>} */ (document.querySelectorAll(".filters select"));
  const chosen = [...selects].map((select) => [select.dataset.of ?? "", select.value]);
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    const fits = row.textContent.toLowerCase().includes(wanted) &&
      chosen.every(([name, value]) => !value || row.dataset[name] === value);
    row.hidden = !fits;
    shown += Number(fits);
  }
  /** @type {HTMLElement} */ (document.getElementById("pairs-shown")).textContent = `${plural(shown, "pair")} shown`;
}

/** Show the pair that the address names (#pair=…), or the report. */
async function follow() {
  const name = location.hash.startsWith("#pair=") ? decodeURIComponent(location.hash.slice(6)) : null;
  const embedded = /** @type {NodeListOf<HTMLScriptElement>} */ (document.querySelectorAll("script[data-pair]"));
  const packed = [...embedded].find((script) => script.dataset.pair === name);
  report.hidden = Boolean(packed);
  place.hidden = !packed;
  if (!packed) {
    bitext.page?.close();
    bitext.page = null;
    place.replaceChildren();
    return;
  }
  const page = await openPair(packed.textContent, place);
  page.find(".pair-title").prepend(element("a", { href: "#", class: "back" }, "← report"));
  page.find(".beads").focus({ preventScroll: true });
}

if (table) {
  table.tHead?.addEventListener("click", (event) => {
    const header = /** @type {HTMLElement} */ (event.target).closest("button")?.closest("th");
    if (header) sortBy(header);
  });
  document.querySelector(".filters")?.addEventListener("input", filterPairs);
}
addEventListener("hashchange", follow);
follow();
