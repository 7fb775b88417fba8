// Load scripts of the pages without a browser: as in a page, they are one script, in which each sees those before it.

import { readFileSync } from "node:fs";
import vm from "node:vm";

const FOLDER = new URL("../../stages/report/page/", import.meta.url);

/** Run scripts and return what they define by some names; what they make of the page is not to be called. */
export function load(files, names) {
  const source = files.map((file) => readFileSync(new URL(file, FOLDER), "utf-8")).join("\n");
  const { atob, Blob, Response, DecompressionStream } = globalThis;
  return vm.runInNewContext(`${source}\n({ ${names.join(", ")} });`, { atob, Blob, Response, DecompressionStream });
}
