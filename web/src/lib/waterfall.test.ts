import { describe, expect, it } from 'vitest';
import * as W from './waterfall';

const span = (id: string, depth: number, start = 0, length = 10, more: Partial<W.Bar> = {}): W.Bar => ({
  span_id: id,
  depth,
  start_ns: start,
  duration_ns: length,
  service: 'shop',
  name: id,
  ...more,
});
// a ─ b ─ c
//   │   └ d
//   └ e
// f
const spans = [span('a', 0), span('b', 1), span('c', 2), span('d', 2), span('e', 1), span('f', 0)];

it('finds parents, children and the ends of subtrees', () => {
  const t = W.tree(spans);
  expect([...t.parent]).toEqual([-1, 0, 1, 1, 0, -1]);
  expect([...t.children]).toEqual([2, 2, 0, 0, 0, 0]);
  expect([...t.end]).toEqual([5, 4, 3, 4, 5, 6]);
  expect(t.indexOf.get('d')).toBe(3);
});

describe('flatten', () => {
  const t = W.tree(spans);
  it('leaves out what is folded away', () => {
    expect(W.flatten(6, t, new Set())).toEqual([0, 1, 2, 3, 4, 5]);
    expect(W.flatten(6, t, new Set([1]))).toEqual([0, 1, 4, 5]);
    expect(W.flatten(6, t, new Set([0, 1]))).toEqual([0, 5]);
  });
  it('puts logs behind their span, and those without one first', () => {
    const logs = W.logsBySpan(t, [{ span_id: 'c' }, {}, { span_id: 'c' }, { span_id: 'zz' }]);
    expect(W.flatten(6, t, new Set([0]), logs)).toEqual([-2, -4, 0, 5]);
    expect(W.flatten(6, t, new Set(), logs)).toEqual([-2, -4, 0, 1, 2, -1, -3, 3, 4, 5]);
    expect(W.logIndex(-3)).toBe(2);
  });
  it('narrows to chosen spans and those above them', () => {
    const keep = W.withAncestors(6, t, (i) => i === 3);
    expect(W.flatten(6, t, new Set(), undefined, keep)).toEqual([0, 1, 3]);
  });
});

it('folds below a depth and reveals again', () => {
  const t = W.tree(spans);
  const shut = W.collapseTo(spans, t, 0);
  expect([...shut]).toEqual([0, 1]);
  expect([...W.reveal(shut, t, 3)]).toEqual([]);
  expect([...W.reveal(shut, t, 4)]).toEqual([1]);
});

it('searches name, service and summary in any case and width', () => {
  const list = [
    span('a', 0, 0, 1, { name: 'GET /Cart' }),
    span('b', 0, 0, 1, { summary: '在庫ｴﾗｰ' }),
    span('abc1', 0),
  ];
  expect(W.search(list, 'cart')).toEqual([0]);
  expect(W.search(list, 'エラー')).toEqual([1]);
  expect(W.search(list, 'abc')).toEqual([2]);
  expect(W.search(list, ' ')).toEqual([]);
});

it('says of a summary what the name does not', () => {
  expect(W.detail({ name: 'POST /order', summary: 'POST /order 500' })).toBe('500');
  expect(W.detail({ name: 'POST /order', summary: 'POST /orders 500' })).toBe('POST /orders 500');
  expect(W.detail({ name: 'SELECT', summary: 'SELECT' })).toBe('');
  expect(W.detail({ name: 'SELECT', summary: undefined })).toBe('');
});

describe('views', () => {
  it('place pieces as shares, cut at the edges', () => {
    expect(W.place(25, 75, { from: 0, to: 100 })).toEqual({ left: 0.25, width: 0.5 });
    expect(W.place(0, 100, { from: 50, to: 100 })).toEqual({ left: 0, width: 1 });
    expect(W.place(0, 10, { from: 50, to: 100 })).toBeUndefined();
  });
  it('zoom around a point and never leave the trace', () => {
    expect(W.zoom({ from: 0, to: 100 }, 100, 0.5, 0.25)).toEqual({ from: 12.5, to: 62.5 });
    expect(W.zoom({ from: 0, to: 50 }, 100, 4, 0.5)).toEqual({ from: 0, to: 100 });
    expect(W.pan({ from: 60, to: 90 }, 100, 1)).toEqual({ from: 70, to: 100 });
  });
  it('have round ticks', () => {
    expect(W.durationTicks({ from: 0, to: 57e6 }, 4)).toEqual([0, 20e6, 40e6]);
    expect(W.durationTicks({ from: 130, to: 270 }, 5)).toEqual([150, 200, 250]);
  });
});

it('lays out 50,000 spans well within a frame or two', () => {
  const many = Array.from({ length: 50_000 }, (_, i) => span(String(i), i === 0 ? 0 : 1 + (i % 6)));
  const began = performance.now();
  const t = W.tree(many);
  const rows = W.flatten(many.length, t, new Set());
  W.search(many, '4999');
  const took = performance.now() - began;
  expect(rows.length).toBe(50_000);
  // It takes about 30 ms here; the bound only catches something quadratic.
  expect(took).toBeLessThan(1000);
});
