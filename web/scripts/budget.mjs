// Fails the build when the first view of any route needs more than 300 KB of JavaScript
// (gzipped): the entry, its static imports, and the route's own chunk with its imports.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const limit = 300 * 1000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist)));
const sizes = new Map();

function size(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length);
  return sizes.get(file);
}

function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const dep of manifest[key].imports ?? []) closure(dep, seen);
  return seen;
}

const entry = Object.keys(manifest).find((k) => manifest[k].isEntry);
const base = closure(entry);
let failed = false;
for (const key of [entry, ...(manifest[entry].dynamicImports ?? [])]) {
  const files = new Set(
    [...base, ...closure(key)].map((k) => manifest[k].file).filter((f) => f.endsWith('.js')),
  );
  const total = [...files].reduce((sum, f) => sum + size(f), 0);
  const over = total > limit;
  failed ||= over;
  console.log(`${(total / 1000).toFixed(1).padStart(7)} KB gzipped  ${key}${over ? '  OVER 300 KB' : ''}`);
}
if (failed) process.exit(1);
