import { describe, expect, it } from 'vitest';
import { type Choices, read, write } from './metricquery';

const c: Choices = { metric: 'http_total', rate: true, aggregation: 'sum', by: ['job', 'code'], where: [] };

describe('choices of a metric', () => {
  it('are written as PromQL', () => {
    expect(write(c)).toBe('sum by (job, code) (rate(http_total[5m]))');
    expect(write({ ...c, by: [], where: [{ label: 'job', value: 'a"b', not: true }] })).toBe(
      'sum(rate(http_total{job!="a\\"b"}[5m]))',
    );
    expect(write({ ...c, aggregation: 'p95', by: ['job'], metric: 'd_bucket' })).toBe(
      'histogram_quantile(0.95, sum by (le, job) (rate(d_bucket[5m])))',
    );
  });
  it('are read back from it', () => {
    for (const x of [
      c,
      { ...c, rate: false },
      { ...c, aggregation: '' as const, by: [] },
      { ...c, aggregation: 'p99' as const, by: ['job'], metric: 'd_bucket' },
      {
        ...c,
        where: [
          { label: 'a', value: '日本, "x"}', not: false },
          { label: 'b', value: '', not: true },
        ],
      },
    ])
      expect(read(write(x))).toEqual(x);
  });
  it('leave alone what was written by hand', () => {
    for (const q of ['a + b', 'sum(rate(a[1m]))', 'a{b=~"c.*"}', 'topk(3, a)', 'sum by (a) (b) / sum(c)', ''])
      expect(read(q)).toBeUndefined();
  });
});
