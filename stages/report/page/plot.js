// @ts-check
// The dot plot: the path of the beads over the similarity map. Source sentences run down, target sentences across.

const LEFT = 46; // pixels of the axes
const TOP = 34;
const EDGE = 8;
const LABEL_PIXELS = 15; // a block of this height has room for a label
const LARGE_CELL = 9; // pixels of a sentence, both ways: from here on beads are drawn as rectangles
const LEAST_STEP = 1; // pixels of the path: thousands of beads are not drawn one by one
const DOUBTFUL_SHARE = 0.25; // of the beads in a pixel, above which it is doubtful
const FAINTEST = 18; // per cent of cosine that is drawn as nothing, and as full ink
const STRONGEST = 75;

class Plot {
  #page;
  #frame;
  #base;
  #top;
  #tip;
  #map;
  #view; // what is shown, in sentences: {i, j, rows, columns}
  #observer;
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #redraw = () => this.draw();

  constructor(page) {
    this.#page = page;
    this.#frame = page.find(".plot");
    [this.#base, this.#top] = this.#frame.querySelectorAll("canvas");
    this.#tip = page.find(".plot-tip");
    this.#observer = new ResizeObserver(this.#redraw);
    this.#observer.observe(this.#frame);
    this.#dark.addEventListener("change", this.#redraw);
    this.#top.addEventListener("click", (event) => this.#click(event));
    this.#top.addEventListener("pointermove", (event) => this.#hover(event));
    this.#top.addEventListener("pointerleave", () => (this.#tip.hidden = true));
    page.find(".zoom-in").addEventListener("click", () => this.zoom(2));
    page.find(".zoom-out").addEventListener("click", () => this.zoom(0.5));
    page.find(".zoom-all").addEventListener("click", () => this.zoom(0));
    page.addEventListener("beads", this.#redraw);
    page.addEventListener("doubt", this.#redraw);
    page.addEventListener("select", () => this.#follow());
    this.#base.setAttribute("aria-label", this.#describe());
    this.#look(0); // drawn once the observer has told how large
  }

  close() {
    this.#observer.disconnect();
    this.#dark.removeEventListener("change", this.#redraw);
  }

  /** Draw so many times larger around the selected bead; 0 shows all. */
  zoom(times) {
    this.#look(times);
    this.draw();
  }

  #look(times) {
    const [rows, columns] = [this.#n("source"), this.#n("target")];
    const shown = times && this.#view ? Math.min(1, this.#view.rows / rows / times) : 1;
    const least = Math.min(1, 12 / Math.max(1, Math.min(rows, columns)));
    const share = Math.max(shown, least);
    this.#view = { i: 0, j: 0, rows: rows * share, columns: columns * share };
    this.#centre();
  }

  draw() {
    const pen = this.#open(this.#base);
    if (!pen) return;
    pen.fillStyle = colour("panel");
    pen.fillRect(LEFT, TOP, this.#width, this.#height);
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, TOP, this.#width, this.#height);
    pen.clip();
    this.#drawMap(pen);
    this.#drawBlocks(pen);
    if (Math.min(this.#width / this.#view.columns, this.#height / this.#view.rows) > LARGE_CELL) this.#drawCells(pen);
    else this.#drawPath(pen);
    this.#labelBlocks(pen);
    pen.restore();
    this.#drawAxes(pen);
    this.drawWindow();
  }

  /** Draw what changes often: what of the text is in the window, and which bead is selected. */
  drawWindow() {
    const pen = this.#open(this.#top);
    if (!pen) return;
    const { beads, list } = this.#page;
    pen.beginPath();
    pen.rect(LEFT, TOP, this.#width, this.#height);
    pen.clip();
    const visible = list.visible();
    if (visible) {
      const [first, last] = visible.map((index) => beads[index]);
      const [x, y] = [this.#x(first.target_start), this.#y(first.source_start)];
      pen.strokeStyle = colour("muted");
      pen.lineWidth = 1;
      pen.strokeRect(x - 3.5, y - 3.5, this.#x(last.target_stop) - x + 7, this.#y(last.source_stop) - y + 7);
    }
    const bead = beads[this.#page.selected()];
    if (bead) this.#drawCross(pen, bead);
  }

  #n(side) {
    return this.#page[side].sentences.length;
  }

  /** Fit a canvas to its frame and return a pen for it; null where there is nothing to draw on. */
  #open(canvas) {
    const [width, height] = [this.#frame.clientWidth, this.#frame.clientHeight];
    this.#width = width - LEFT - EDGE;
    this.#height = height - TOP - EDGE;
    if (this.#width < 10 || this.#height < 10) return null;
    const scale = devicePixelRatio || 1;
    const size = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.reset();
    pen.scale(scale, scale);
    return pen;
  }

  #width = 0;
  #height = 0;
  #x = (j) => LEFT + ((j - this.#view.j) / Math.max(1e-9, this.#view.columns)) * this.#width;
  #y = (i) => TOP + ((i - this.#view.i) / Math.max(1e-9, this.#view.rows)) * this.#height;

  #drawMap(pen) {
    const map = this.#page.data.map;
    if (!map?.rows || !map.columns) return;
    this.#map ??= bytesOf(map.cells);
    const image = new ImageData(map.columns, map.rows);
    const [red, green, blue] = colour("map").split(",").map(Number);
    this.#map.forEach((cell, at) => {
      const strength = Math.max(0, Math.min(1, (cell - FAINTEST) / (STRONGEST - FAINTEST)));
      image.data.set([red, green, blue, 190 * strength ** 1.3], 4 * at);
    });
    const canvas = new OffscreenCanvas(map.columns, map.rows);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    const [x, y] = [this.#x(0), this.#y(0)];
    pen.drawImage(canvas, x, y, this.#x(this.#n("target")) - x, this.#y(this.#n("source")) - y);
  }

  /** Sentences without a counterpart: bands across the plot, so that a missing block is seen at once. */
  #drawBlocks(pen) {
    pen.fillStyle = colour("null");
    for (const { side, start, stop } of nullRuns(this.#page.beads)) {
      const scale = side === "source" ? this.#y : this.#x;
      const [from, size] = [scale(start), Math.max(0.6, scale(stop) - scale(start))];
      pen.globalAlpha = size > 3 ? 0.2 : 0.08;
      if (side === "source") pen.fillRect(LEFT, from, this.#width, size);
      else pen.fillRect(from, TOP, size, this.#height);
    }
    pen.globalAlpha = 1;
  }

  #labelBlocks(pen) {
    const { beads } = this.#page;
    if (2 * beads.filter(isNull).length > beads.length) return; // one label would hide the other
    for (const { side, start, stop } of nullRuns(beads)) {
      const scale = side === "source" ? this.#y : this.#x;
      if (scale(stop) - scale(start) >= LABEL_PIXELS && stop - start > 3) this.#labelBlock(pen, side, start, stop);
    }
  }

  #labelBlock(pen, side, start, stop) {
    const text = `${count(stop - start)} ${side} sentences unaligned`;
    pen.save();
    pen.fillStyle = colour("null");
    pen.strokeStyle = colour("null-soft");
    pen.lineWidth = 4;
    pen.font = "600 11px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    if (side === "source") pen.translate(LEFT + this.#width / 2, (this.#y(start) + this.#y(stop)) / 2);
    else {
      pen.translate((this.#x(start) + this.#x(stop)) / 2, TOP + this.#height / 2);
      pen.rotate(-Math.PI / 2);
    }
    const room = (side === "source" ? this.#width : this.#height) - 10;
    pen.strokeText(text, 0, 0, room);
    pen.fillText(text, 0, 0, room);
    pen.restore();
  }

  #drawPath(pen) {
    const kinds = { accent: new Path2D(), null: new Path2D(), doubt: new Path2D() };
    /** @type {any} beads that lie within a pixel are drawn as one */
    let stretch = null;
    const draw = ({ beads, x, y, toX, toY }) => {
      kinds[this.#kindOf(beads)].moveTo(x, y);
      kinds[this.#kindOf(beads)].lineTo(toX, toY);
    };
    for (const bead of this.#page.beads) {
      stretch ??= { beads: [], x: this.#x(bead.target_start), y: this.#y(bead.source_start) };
      stretch.beads.push(bead);
      [stretch.toX, stretch.toY] = [this.#x(bead.target_stop), this.#y(bead.source_stop)];
      if (stretch.toX - stretch.x + stretch.toY - stretch.y < LEAST_STEP) continue;
      draw(stretch);
      stretch = null;
    }
    if (stretch) draw(stretch);
    pen.lineCap = pen.lineJoin = "round";
    for (const [kind, path] of Object.entries(kinds)) {
      pen.strokeStyle = colour(kind);
      pen.lineWidth = kind === "doubt" ? 3 : 2;
      pen.stroke(path);
    }
  }

  /** Where there is room, each bead is the rectangle of its sentences; one that has none on a side is a line. */
  #drawCells(pen) {
    pen.lineWidth = 2;
    for (const bead of this.#page.beads) {
      const [x, y] = [this.#x(bead.target_start), this.#y(bead.source_start)];
      const [width, height] = [this.#x(bead.target_stop) - x, this.#y(bead.source_stop) - y];
      pen.fillStyle = pen.strokeStyle = colour(this.#kindOf([bead]));
      pen.globalAlpha = 0.3;
      pen.fillRect(x, y, width, height);
      pen.globalAlpha = 1;
      pen.beginPath();
      if (isNull(bead)) {
        pen.moveTo(x, y);
        pen.lineTo(x + width, y + height);
      } else {
        pen.rect(x + 1.5, y + 1.5, width - 3, height - 3);
      }
      pen.stroke();
    }
  }

  /** What beads that are drawn as one look like. */
  #kindOf(beads) {
    const share = (is) => beads.filter(is).length / beads.length;
    if (share((bead) => this.#page.isDoubtful(bead)) > DOUBTFUL_SHARE) return "doubt";
    return share(isNull) > 0.5 ? "null" : "accent";
  }

  #drawAxes(pen) {
    pen.strokeStyle = colour("line");
    pen.strokeRect(LEFT - 0.5, TOP - 0.5, this.#width + 1, this.#height + 1);
    pen.fillStyle = colour("muted");
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (const i of ticks(this.#view.i, this.#view.rows, this.#height / 48)) pen.fillText(count(i + 1), LEFT - 6, this.#y(i + 0.5));
    pen.textAlign = "center";
    for (const j of ticks(this.#view.j, this.#view.columns, this.#width / 64)) {
      const most = LEFT + this.#width + EDGE - pen.measureText(count(j + 1)).width / 2; // the last has room as well
      pen.fillText(count(j + 1), Math.min(this.#x(j + 0.5), most), TOP - 9);
    }
    pen.font = "600 11px system-ui, sans-serif";
    pen.textAlign = "left";
    pen.fillText(`↓ ${this.#page.source.languageName}`, 6, 8);
    pen.textAlign = "right";
    pen.fillText(`${this.#page.target.languageName} →`, LEFT + this.#width, 8);
  }

  #drawCross(pen, bead) {
    const [x, y] = [this.#x(bead.target_start), this.#y(bead.source_start)];
    const [width, height] = [this.#x(bead.target_stop) - x, this.#y(bead.source_stop) - y];
    pen.fillStyle = pen.strokeStyle = colour("ink");
    pen.globalAlpha = 0.09;
    pen.fillRect(LEFT, y, this.#width, Math.max(1, height));
    pen.fillRect(x, TOP, Math.max(1, width), this.#height);
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(x + width / 2, y + height / 2, Math.max(5, Math.min(14, Math.hypot(width, height) / 2 + 2)), 0, 7);
    pen.stroke();
  }

  /** Keep the selected bead in the part that is shown. */
  #follow() {
    const bead = this.#page.beads[this.#page.selected()];
    if (bead && this.#view.rows < this.#n("source")) {
      this.#centre();
      this.draw();
    } else {
      this.drawWindow();
    }
  }

  #centre() {
    const bead = this.#page.beads[this.#page.selected()];
    if (!bead) return;
    const within = (middle, size, all) => Math.max(0, Math.min(all - size, middle - size / 2));
    this.#view.i = within(bead.source_start, this.#view.rows, this.#n("source"));
    this.#view.j = within(bead.target_start, this.#view.columns, this.#n("target"));
  }

  /** The bead nearest to a point: of those that hold its sentences, the one whose middle is nearer. */
  #beadAt(event) {
    const { beads, beadOf } = this.#page;
    const box = this.#top.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (x < LEFT || y < TOP || x > LEFT + this.#width || y > TOP + this.#height) return -1;
    const i = Math.floor(this.#view.i + ((y - TOP) / this.#height) * this.#view.rows);
    const j = Math.floor(this.#view.j + ((x - LEFT) / this.#width) * this.#view.columns);
    const distance = (index) => {
      const { source_start, source_stop, target_start, target_stop } = beads[index];
      return Math.hypot(this.#x((target_start + target_stop) / 2) - x, this.#y((source_start + source_stop) / 2) - y);
    };
    const found = [beadOf.source[i], beadOf.target[j]].filter((index) => index !== undefined);
    return found.sort((one, other) => distance(one) - distance(other))[0] ?? -1;
  }

  #click(event) {
    const index = this.#beadAt(event);
    if (index < 0) return;
    if (!this.#page.list.shows(index)) {
      this.#page.find(".filter").value = "all";
      this.#page.list.filter("all");
    }
    this.#page.select(index);
  }

  #hover(event) {
    const index = this.#beadAt(event);
    this.#tip.hidden = index < 0;
    if (index < 0) return;
    const bead = this.#page.beads[index];
    const line = (side) => element("p", { lang: side.language, dir: "auto" }, shortened(side.text(bead) || "unaligned", 140));
    const head = `pair ${count(index + 1)}, ${typeOf(bead)}${bead.confidence === null ? "" : `, ${percent(bead.confidence)}`}`;
    this.#tip.replaceChildren(element("p", { class: "tip-head" }, head), line(this.#page.source), line(this.#page.target));
    const box = this.#frame.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    this.#tip.style.left = `${Math.min(x + 14, Math.max(0, box.width - this.#tip.offsetWidth - 4))}px`;
    this.#tip.style.top = y + 20 + this.#tip.offsetHeight > box.height ? `${y - this.#tip.offsetHeight - 12}px` : `${y + 20}px`;
  }

  #describe() {
    const { source, target, beads } = this.#page;
    const sizes = `${count(source.sentences.length)} source by ${count(target.sentences.length)} target sentences`;
    const blocks = nullRuns(beads).filter(({ start, stop }) => stop - start >= 10);
    const told = blocks.slice(0, 5).map(({ side, start, stop }) =>
      `${side} sentences ${count(start + 1)} to ${count(stop)} are unaligned`);
    return `Dot plot of ${sizes}, the path of the segment pairs over how similar they are. ${told.join("; ")}`;
  }
}

const shortened = (text, letters) => (text.length > letters ? `${text.slice(0, letters - 1).trimEnd()}…` : text);

/**
 * Round numbers of sentences for an axis: about `wanted` of them.
 * @param {number} start
 * @param {number} size
 * @param {number} wanted
 */
function ticks(start, size, wanted) {
  const rough = size / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = Math.max(1, [1, 2, 5, 10].map((times) => times * power).find((value) => value >= rough) ?? 10 * power);
  const found = start < 0.5 ? [0] : [];
  for (let number = Math.ceil((start + 1) / step) * step; number <= start + size; number += step) {
    const last = found.at(-1) ?? -Infinity;
    if (number - 1 > last && number - last > step / 2) found.push(number - 1);
  }
  return found;
}
