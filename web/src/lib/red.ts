// Arithmetic on requests, errors and durations: since when requests fail, what is slower
// than it was, and which release came just before. Pure. Durations are nanoseconds.

import { share } from './services';

export interface Figures {
  count: number;
  errors: number;
  p95_ns: number;
  total_ns: number;
}

export interface Counted {
  count: readonly number[];
  errors: readonly number[];
}

/** shares of each step; a gap where there was nothing to have a share of. */
export function shares(part: readonly number[], whole: readonly number[]): (number | null)[] {
  return whole.map((n, i) => (n > 0 ? (part[i] ?? 0) / n : null));
}

/** present leaves out the values of steps in which nothing was counted. */
export function present(values: readonly number[], count: readonly number[]): (number | null)[] {
  return values.map((v, i) => ((count[i] ?? 0) > 0 ? v : null));
}

/** Less of them than this is not called failing, however sudden. */
const FEW = 0.002;
/** By so much must the share of errors rise to be called a beginning. */
const TIMES = 2.5;
/** Twice the log-likelihood ratio that chance hardly reaches, over all places it may be. */
const SURE = 16;

/** failingSince finds the step from which clearly more requests fail than before, and still
 * do at the end: the place that splits the steps best. Undefined when they fail as always,
 * or no longer. */
export function failingSince(t: Counted): number | undefined {
  const n = t.count.reduce((a, b) => a + b, 0);
  const bad = t.errors.reduce((a, b) => a + b, 0);
  if (n === 0 || bad === 0) return undefined;
  let best = 0;
  let at = -1;
  let [seen, seenBad] = [0, 0];
  for (let i = 1; i < t.count.length; i++) {
    seen += t.count[i - 1]!;
    seenBad += t.errors[i - 1] ?? 0;
    const [after, afterBad] = [n - seen, bad - seenBad];
    if (seen === 0 || after === 0) continue;
    if (share(afterBad, after) < TIMES * share(seenBad, seen)) continue;
    const gain = 2 * (likelihood(seenBad, seen) + likelihood(afterBad, after) - likelihood(bad, n));
    if (gain > best) [best, at] = [gain, i];
  }
  if (at < 0 || best < SURE) return undefined;
  const tail = (xs: readonly number[], k: number) => xs.slice(k).reduce((a, b) => a + b, 0);
  const rate = share(tail(t.errors, at), tail(t.count, at));
  // Over by now: the last fifth of the range fails much less than since it began.
  const late = Math.max(at, Math.floor(t.count.length * 0.8));
  const now = share(tail(t.errors, late), tail(t.count, late));
  return rate >= FEW && now >= rate / 3 ? at : undefined;
}

/** lastFailure is the last step in which a request failed, where that is over by now: none
 * failed in the last fifth of the range, although requests came. */
export function lastFailure(t: Counted): number | undefined {
  const late = Math.floor(t.count.length * 0.8);
  let last = -1;
  t.errors.forEach((n, i) => {
    if (n > 0) last = i;
  });
  const came = t.count.slice(late).reduce((a, b) => a + b, 0);
  return last >= 0 && last < late && came > 0 ? last : undefined;
}

/** likelihood is the log-likelihood of k failures among n at their own rate. */
function likelihood(k: number, n: number): number {
  const term = (x: number) => (x > 0 ? x * Math.log(x / n) : 0);
  return term(k) + term(n - k);
}

/** At least this many requests make a percentile worth a word. */
const ENOUGH = 20;

/** slower says whether slow requests have become clearly slower: by a third and 5 ms. */
export function slower(now: Figures, before: Figures | undefined): boolean {
  return (
    !!before &&
    now.count >= ENOUGH &&
    before.count >= ENOUGH &&
    now.p95_ns >= before.p95_ns * 1.33 &&
    now.p95_ns - before.p95_ns >= 5e6
  );
}

/** faster is the same the other way. */
export function faster(now: Figures, before: Figures | undefined): boolean {
  return !!before && slower(before, now);
}

/** failing says whether requests fail, and more than a little above what they used to. */
export function failing(now: Figures, before: Figures | undefined): boolean {
  const s = share(now.errors, now.count);
  if (now.errors < 3 || s < FEW) return false;
  return !before || before.count < ENOUGH || s >= 1.5 * share(before.errors, before.count) || s >= 0.01;
}

/** quiet says whether far fewer requests come than did. */
export function quiet(now: Figures, before: Figures | undefined): boolean {
  return !!before && before.count >= 60 && now.count < before.count * 0.4;
}

/** releaseBefore is the version that was first seen shortly before a moment, or soon after it
 * in the same step. A version that was there from the start is no release. */
export function releaseBefore<V extends { version: string; first: string }>(
  versions: readonly V[],
  atMs: number,
  fromMs: number,
  stepMs: number,
): V | undefined {
  let found: V | undefined;
  for (const v of versions) {
    const first = Date.parse(v.first.replace(/(\.\d{3})\d+/, '$1'));
    if (!v.version || first <= fromMs + stepMs || first > atMs + stepMs) continue;
    if (atMs - first > Math.max(3 * stepMs, 15 * 60e3)) continue;
    if (!found || v.first > found.first) found = v;
  }
  return found;
}
