// @ts-check
// Keys: what they do, and the help that lists them.

class Keys {
  #page;
  #actions = new Map();
  #listener = (event) => this.#press(event);

  constructor(page) {
    this.#page = page;
    const doubtful = (direction) => () => page.find(direction > 0 ? ".next-doubt" : ".previous-doubt").click();
    this.add("n", "next doubtful pair", doubtful(1));
    this.add("p", "previous doubtful pair", doubtful(-1));
    this.add("j", "next pair (or the down arrow)", () => page.step(1), ["ArrowDown"]);
    this.add("k", "previous pair (or the up arrow)", () => page.step(-1), ["ArrowUp"]);
    this.add("Home", "first pair", () => page.select(0));
    this.add("End", "last pair", () => page.select(page.beads.length - 1));
    this.add("/", "search; Enter and Shift + Enter go on to the next and the previous place", () => page.search.focus());
    this.add("+", "enlarge the plot around the pair", () => page.plot.zoom(2), ["="]);
    this.add("-", "draw the plot smaller", () => page.plot.zoom(0.5));
    this.add("0", "show the whole plot", () => page.plot.zoom(0));
    this.add("?", "show these keys", () => this.#help());
    page.find(".help").addEventListener("click", () => this.#help());
    document.addEventListener("keydown", this.#listener);
  }

  /** Let a key do something, and list it in the help; `aliases` do the same. */
  add(key, help, action, aliases = []) {
    for (const name of [key, ...aliases]) this.#actions.set(name, { help: name === key ? help : "", action });
  }

  close() {
    document.removeEventListener("keydown", this.#listener);
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.("input, select, textarea, button, dialog, a") && event.key.length > 1) return;
    if (event.target.closest?.("input, select, textarea, dialog")) return;
    const found = this.#actions.get(event.key);
    if (!found) return;
    event.preventDefault();
    found.action(event);
  }

  #help() {
    const dialog = this.#page.find(".keys");
    const rows = [...this.#actions].filter(([, { help }]) => help);
    dialog.querySelector("dl").replaceChildren(...rows.flatMap(([key, { help }]) =>
      [element("dt", {}, element("kbd", {}, key)), element("dd", {}, help)]));
    dialog.showModal();
  }
}
