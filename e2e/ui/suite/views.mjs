// What one can do with rows beside reading them: patterns, columns, context, files, saved
// views, groups of spans and what they have in common.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { accessible, open, quiet, walk } from '../lib/browser.mjs';
import { words } from '../lib/words.mjs';

const w = words.en;

export function views(world) {
  const logs = (path = '') => `${world.server.url}/logs${path}`;
  const list = (page) => page.getByRole('table', { name: w.list });

  walk('lines that differ in their values are one pattern, and open as rows', world, {}, async (context) => {
    const page = await open(context, logs('?view=patterns&filter=service:payment'));
    const table = page.getByRole('table', { name: 'Patterns' });
    const row = table.getByRole('row').filter({ hasText: /payment of order .* done/ });
    await row.waitFor();
    assert.equal(await row.count(), 1);
    const n = world.story.count((s, _, b) => s === 'payment' && /payment of order \d+ done/.test(b));
    assert.equal((await row.getByRole('cell').first().innerText()).trim(), String(n));
    await quiet(page);
    await accessible(page);
    await row.getByRole('link').click();
    await page.waitForURL((u) => /^service:payment pattern:[0-9a-f]{16}$/.test(u.searchParams.get('filter') ?? ''));
    await list(page).getByRole('row').first().waitFor();
    await quiet(page);
    assert.equal(await list(page).getByRole('row').count(), n);
  });

  walk('an attribute stands as a column, and goes into a file', world, {}, async (context) => {
    const page = await open(context, logs('?filter=user.id:u-77'));
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('textbox', { name: 'Add an attribute' }).fill('user.id');
    await page.getByRole('menuitem', { name: /^user\.id/ }).click();
    await page.keyboard.press('Escape');
    await page.waitForURL((u) => u.searchParams.get('columns') === 'user.id');
    await list(page).getByRole('columnheader').filter({ hasText: 'user.id' }).waitFor();
    await list(page).getByRole('cell', { name: 'u-77' }).first().waitFor();
    await quiet(page);
    await accessible(page);
    await page.getByRole('button', { name: 'Export' }).click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: /^CSV/ }).click()]);
    const text = await readFile(await file.path(), 'utf8');
    assert.match(text, /^\uFEFF?time,level,service,user\.id,body\r?\n/);
    assert.match(text, /u-77/);
    assert.match(text, /ﾈｯﾄﾜｰｸｴﾗｰ/);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Take the column user.id away' }).click();
    await page.waitForURL((u) => !u.searchParams.has('columns'));
  });

  walk('a line shows what was written around it, and itself as JSON', world, {}, async (context) => {
    const page = await open(context, logs('?filter=service:payment+level%3E%3Derror'));
    await list(page).getByRole('row').nth(1).click();
    const panel = page.getByRole('complementary', { name: w.log, exact: true });
    await panel.getByRole('button', { name: 'Show what was written around it' }).click();
    await panel.getByRole('listitem').filter({ hasText: /payment of order \d+ done/ }).first().waitFor();
    assert.equal(await panel.locator('li[data-this="true"]').count(), 1);
    await quiet(page);
    await accessible(page);
    await panel.getByRole('button', { name: 'JSON', exact: true }).click();
    const log = JSON.parse(await panel.locator('pre').innerText());
    assert.equal(log.service, 'payment');
    await panel.getByRole('button', { name: 'JSON', exact: true }).click();
  });

  walk('a view is saved, shared and opened', world, {}, async (context) => {
    const page = await open(context, logs('?filter=service:payment+level%3E%3Derror&columns=exception.type'));
    await list(page).getByRole('row').first().waitFor();
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name: /Save this view/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Save this view' });
    await dialog.getByRole('textbox', { name: 'Name' }).fill('決済の失敗');
    await dialog.getByRole('checkbox', { name: /Show it to everybody/ }).check();
    await accessible(page);
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    const other = await open(context, logs());
    await list(other).getByRole('row').first().waitFor();
    await other.getByRole('button', { name: 'Views' }).click();
    await other.getByRole('menuitem', { name: /^決済の失敗/ }).click();
    await other.waitForURL(
      (u) => u.searchParams.get('filter') === 'service:payment level>=error' && u.searchParams.get('columns') === 'exception.type',
    );
    await quiet(other);
  });

  walk('spans are grouped by an attribute, and those that fail are told apart', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/traces?view=groups&by=service&filter=kind:server`);
    const groups = page.getByRole('table', { name: 'Grouped: service' });
    const row = groups.getByRole('row').filter({ hasText: 'payment' });
    await row.waitFor();
    await quiet(page);
    const cells = (await row.getByRole('cell').allInnerTexts()).map((s) => s.trim());
    assert.deepEqual(cells.slice(1, 3), [String(world.story.orders.length), String(world.story.failed.length)]);
    await accessible(page);
    await page.getByText('In common', { exact: true }).click();
    await page.getByText(/spans failed\. What they have that the others have not/).waitFor();
    const status = page.getByRole('table', { name: 'In common' }).getByRole('row').filter({ hasText: 'http.response.status_code' }).filter({ hasText: '500' });
    await status.waitFor();
    assert.match(await status.innerText(), /100/);
    await quiet(page);
    await accessible(page);
    await page.getByText('Slow', { exact: true }).click();
    await page.waitForURL((u) => u.searchParams.get('by') === 'slow');
    await page.getByText(/or longer\. What they have|Nothing sets them apart/).first().waitFor();
    await quiet(page);
  });
}
