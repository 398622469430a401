// SQL: what a statement gives, where it is wrong, how it is kept, and what it may not read.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { accessible, open, quiet, walk } from '../lib/browser.mjs';

const one = (sql) => encodeURIComponent(sql);

export function sql(world) {
  const address = (search = '') => `${world.server.url}/sql${search}`;
  const editor = (page) => page.locator('.cm-content[aria-label]');
  const write = async (page, text) => {
    await editor(page).click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(text);
  };
  const table = (page) => page.getByRole('table', { name: 'Result' });

  walk('a statement runs by keyboard, sorts, and becomes a file and a chart', world, {}, async (context) => {
    const page = await open(context, address());
    await page.getByRole('button', { name: /Requests, errors and p95/ }).waitFor();
    await editor(page).waitFor();
    await write(page, 'SELECT toStartOfMinute(time) AS minute, service, count() AS n\nFROM logs\nWHERE time >= {from:DateTime64(9)}\nGROUP BY minute, service ORDER BY n');
    await page.keyboard.press('Control+Enter');
    await table(page).getByRole('row').filter({ hasText: 'payment' }).first().waitFor();
    await quiet(page);
    assert.match(new URL(page.url()).searchParams.get('sql'), /^SELECT toStartOfMinute/);
    await accessible(page);
    await page.getByRole('button', { name: 'Sort by n' }).click();
    await page.waitForURL((u) => u.searchParams.get('sort') === '-n');
    const numbers = await table(page).getByRole('row').locator('[role=cell]:nth-child(3)').allInnerTexts();
    assert.deepEqual(numbers, [...numbers].sort((a, b) => Number(b) - Number(a)));
    await page.getByRole('button', { name: 'Export' }).click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: /^CSV/ }).click()]);
    assert.match(await readFile(await file.path(), 'utf8'), /^\uFEFFminute,service,n\r\n2026-|^\uFEFFminute,service,n\r\n\d{4}-/);
    await page.getByText('Bars', { exact: true }).click();
    await page.waitForURL((u) => u.searchParams.get('chart') === 'bars');
    await page.locator('main canvas').first().waitFor();
    await quiet(page);
    await accessible(page);
    // The address is all that another needs.
    const other = await open(context, page.url());
    await other.locator('main canvas').first().waitFor();
    await quiet(other);
    await page.getByRole('button', { name: 'History' }).click();
    await page.getByRole('menuitem').filter({ hasText: 'toStartOfMinute' }).waitFor();
  });

  walk('an error stands at its place in the text', world, { lang: 'ja' }, async (context) => {
    const page = await open(context, address(`?sql=${one('SELECT servise\nFROM spans')}`), [[422, /\/sql$/]]);
    await page.getByRole('alert').filter({ hasText: 'service の誤りではありませんか' }).waitFor();
    assert.equal(await page.locator('.cm-lintRange-error').innerText(), 'servise');
    await quiet(page);
    await accessible(page);
    await write(page, 'SELECT service, count() AS c FROM spans GROUP BY service');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('table', { name: '結果' }).getByRole('row').filter({ hasText: 'payment' }).waitFor();
    assert.equal(await page.locator('.cm-lintRange-error').count(), 0);
  });

  walk('what is not telemetry is not read', world, {}, async (context) => {
    const page = await open(context, address(`?sql=${one('SELECT path FROM system.disks')}`), [[422, /\/sql$/]]);
    await page.getByRole('alert').filter({ hasText: '"system.disks" cannot be read here' }).waitFor();
    assert.equal(await page.locator('.cm-lintRange-error').innerText(), 'system.disks');
  });

  walk('tables and columns complete, and are listed', world, {}, async (context) => {
    const page = await open(context, address());
    await page.getByRole('button', { name: /^spans/ }).click();
    await page.getByRole('button', { name: 'Write exception_type into the statement' }).waitFor();
    await editor(page).waitFor();
    await editor(page).click();
    await page.keyboard.type('SELECT exception_t', { delay: 20 });
    await page.locator('.cm-tooltip-autocomplete [role=option]').filter({ hasText: 'exception_type' }).waitFor();
    await page.waitForTimeout(150); // completions take no key in the moment in which they open
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => document.querySelector('.cm-content')?.textContent === 'SELECT exception_type');
    await page.getByRole('button', { name: 'Newest rows of spans' }).click();
    await table(page).getByRole('row').nth(1).waitFor();
    await quiet(page);
  });

  walk('a long statement can be cancelled', world, {}, async (context) => {
    const page = await open(context, address());
    await editor(page).waitFor();
    await write(page, 'SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('status').filter({ hasText: /rows, .* read/ }).waitFor();
    await accessible(page);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled. Nothing of it runs any more.').waitFor();
    await quiet(page);
  });

  walk('a statement too long for the address is saved, and opens again', world, {}, async (context) => {
    const page = await open(context, address());
    await editor(page).waitFor();
    await write(page, `SELECT 42 AS answer -- ${'長い'.repeat(3500)}`);
    await page.getByText('This statement is too long for an address.').waitFor();
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name: 'Save this view…' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('The answer');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const again = await open(context, address());
    await again.getByRole('button', { name: 'Views' }).click();
    await again.getByRole('menuitem', { name: 'The answer', exact: true }).click();
    await table(again).getByRole('cell', { name: '42', exact: true }).waitFor();
    assert.match(new URL(again.url()).search, /^\?saved=\w+$/);
    await quiet(again);
  });
}
