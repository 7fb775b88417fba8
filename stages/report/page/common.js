// @ts-check
// Small helpers of the other files. All files of this folder are one script: see stages/report/pages.py.

/**
 * Make an element: attributes whose value is null or false are left out, true ones stand alone.
 * @param {string} tag
 * @param {Record<string, string | number | boolean | null | undefined>} attributes
 * @param {...(Node | string | null | undefined)} children
 */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

/** @param {number} number */
const count = (number) => number.toLocaleString("en");

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(share > 0.9995 || share === 0 ? 0 : 1)} %`;

/** @type {(number: number, noun: string) => string} */
const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

/**
 * The English name of a language tag, or the tag where there is none.
 * @param {string} tag
 */
function languageName(tag) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag || "unknown";
  }
}

/**
 * The first index of a sorted array whose value is larger than `value`.
 * @param {ArrayLike<number>} sorted
 * @param {number} value
 */
function firstAbove(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * A colour of the style sheet, as it is in the light or dark page that is shown.
 * @param {string} name
 */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
