// Small helpers on bars over time, shared by the histograms of logs and spans.

export interface Bucket {
  time: string;
  counts: Record<string, number>;
}

/** fill puts empty buckets where the server left them out, so that a gap is seen as one.
 * Buckets are aligned to the step as the server aligned the ones it has. */
export function fill(
  buckets: readonly Bucket[],
  stepNs: number,
  fromMs: number,
  toMs: number,
): { ms: number; counts: Record<string, number>; total: number }[] {
  const step = stepNs / 1e6;
  if (!(step > 0) || !(toMs > fromMs)) return [];
  const known = new Map<number, Record<string, number>>();
  let anchor = 0;
  for (const b of buckets) {
    const ms = Date.parse(b.time.replace(/(\.\d{3})\d+/, '$1'));
    known.set(Math.round(ms), b.counts);
    anchor = ms;
  }
  const phase = ((anchor % step) + step) % step;
  const first = Math.floor((fromMs - phase) / step) * step + phase;
  const out = [];
  for (let ms = first; ms < toMs && out.length < 2000; ms += step) {
    const counts = known.get(Math.round(ms)) ?? {};
    let total = 0;
    for (const n of Object.values(counts)) total += n;
    out.push({ ms, counts, total });
  }
  return out;
}
