/** Check the size of the built console: what a browser loads first, gzipped, and all files. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const FOLDER = new URL("../services/ingestion/src/darkroom_ingestion/console/", import.meta.url).pathname;
const INITIAL_JS = 150 * 1024;
const ALL_FILES = 2 * 1024 * 1024;

const manifest = JSON.parse(readFileSync(join(FOLDER, "assets/manifest.json"), "utf8"));
const entry = Object.values(manifest).find((chunk) => chunk.isEntry);
const initial = new Set();
const add = (chunk) => {
  if (initial.has(chunk.file)) return;
  initial.add(chunk.file);
  for (const name of chunk.imports ?? []) add(manifest[name]);
};
add(entry);

const gzipped = [...initial].reduce(
  (sum, file) => sum + gzipSync(readFileSync(join(FOLDER, file))).length,
  0,
);
const total = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
  .filter((file) => file.isFile())
  .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);

const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
console.log(`initial JavaScript, gzipped: ${kib(gzipped)} of ${kib(INITIAL_JS)}`);
console.log(`all files: ${kib(total)} of ${kib(ALL_FILES)}`);
if (gzipped > INITIAL_JS || total > ALL_FILES) {
  console.error("the console is over its budget: load what is not needed first with import()");
  process.exit(1);
}
