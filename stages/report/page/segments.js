// @ts-check
// Changing sentences in a review: split, join, correct or drop those of a bead, a line for each.

/**
 * What the lines of a text area ask for in place of sentences; nothing where they say the same.
 * @param {SideName} side
 * @param {Span} span
 * @param {string[]} sentences
 * @param {string} written
 */
function changeOf(side, [start, stop], sentences, written) {
  const texts = written.split("\n").map(onOneLine).filter((line) => line);
  const before = sentences.slice(start, stop).map(onOneLine);
  return texts.join("\n") === before.join("\n") ? null : { side, start, stop, texts };
}

/** @param {string} text */
const onOneLine = (text) => text.split(/\s+/).filter((word) => word).join(" ");

/**
 * Ask for other sentences of a bead; `send` takes the changes.
 * @param {any} page
 * @param {Bead} bead
 * @param {(changes: object[]) => void} send
 */
function editSegments(page, bead, send) {
  const sides = SIDES.filter((name) => !isEmpty(spanOf(bead, name)));
  const areas = sides.map((name) => {
    const lines = page[name].sentences.slice(...spanOf(bead, name)).map(onOneLine);
    const rows = Math.min(12, lines.length + Math.ceil(lines.join("").length / 70) + 1);
    const area = /** @type {HTMLTextAreaElement} */ (element("textarea", { lang: page[name].language, dir: "auto", rows, spellcheck: "false" }));
    area.value = lines.join("\n");
    return area;
  });
  const dialog = /** @type {HTMLDialogElement} */ (element(
    "dialog",
    { class: "segments", "aria-label": "Edit the sentences" },
    element("h2", {}, "Edit the sentences"),
    element("p", { class: "muted" }, "A line is a sentence. Enter splits one where the cursor stands, and deleting the line break joins two; an empty line is dropped."),
    ...areas.map((area, at) => element("label", {}, page[sides[at]].languageName, area)),
    element("div", { class: "choices" },
      element("button", { type: "button", class: "save" }, "save ", element("kbd", {}, "Ctrl + Enter")),
      element("button", { type: "button", class: "cancel" }, "cancel ", element("kbd", {}, "Esc"))),
  ));
  const save = () => {
    const changes = sides.map((name, at) => changeOf(name, spanOf(bead, name), page[name].sentences, areas[at].value)).filter((one) => one !== null);
    dialog.close();
    if (changes.length) send(changes);
  };
  dialog.querySelector(".save")?.addEventListener("click", save);
  dialog.querySelector(".cancel")?.addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
  });
  dialog.addEventListener("close", () => dialog.remove());
  page.root.append(dialog);
  dialog.showModal();
  areas[0].focus();
  areas[0].setSelectionRange(0, 0);
}

/**
 * List what has been changed, each with a button that takes it back.
 * @param {{side: SideName, index: number, was: string[], now: string[]}[]} edits
 * @param {(edit: [SideName, number]) => void} restore
 */
function changedSegments(edits, restore) {
  const items = edits.map(({ side, index, was, now }) => {
    const button = element("button", { type: "button" }, "take back");
    button.addEventListener("click", () => restore([side, index]));
    const texts = (lines) => lines.map((line) => element("span", { dir: "auto" }, line));
    const made = now.length ? texts(now) : [element("em", {}, "dropped")];
    return element("li", {}, element("del", {}, ...texts(was)), element("ins", {}, ...made), button);
  });
  return element("details", { class: "changed" }, element("summary", {}, `${plural(edits.length, "change")} of sentences`), element("ul", {}, ...items));
}
