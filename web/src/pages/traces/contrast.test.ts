import { describe, expect, it } from 'vitest';
import { slowFrom } from './Contrast';

const cell = (lower: number, count: number) => ({ time: 0, lower, upper: lower * 2, count });

describe('slowFrom', () => {
  it('begins where the slowest twentieth does', () => {
    expect(slowFrom({ stepMs: 1, cells: [cell(1, 90), cell(2, 6), cell(4, 3), cell(8, 1)] })).toBe(4);
  });
  it('takes the slowest cell whole, however much is in it', () => {
    expect(slowFrom({ stepMs: 1, cells: [cell(1, 10), cell(2, 90)] })).toBe(2);
  });
  it('is nothing without spans', () => {
    expect(slowFrom({ stepMs: 1, cells: [] })).toBe(0);
  });
});
