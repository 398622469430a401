import { expect, test } from 'vitest';
import { errorTitle } from './errortitle';

test('an error is known by its type, a log by what it says', () => {
  expect(errorTitle({ type: 'java.io.IOException', message: 'reset by <ip>' })).toEqual({
    title: 'java.io.IOException',
    rest: 'reset by <ip>',
  });
  expect(errorTitle({ type: 'ERROR', message: '決済に失敗しました <num>' })).toEqual({
    title: '決済に失敗しました <num>',
    rest: 'ERROR',
  });
  expect(errorTitle({ type: 'ERROR', message: '', id: 'a1' })).toEqual({ title: 'ERROR', rest: '' });
  expect(errorTitle({ type: '', message: 'x' })).toEqual({ title: 'x', rest: '' });
  expect(errorTitle({ type: '', message: '', id: 'a1' })).toEqual({ title: 'a1', rest: '' });
});
