// The inbox of errors and the page of a group: found without a question, decided by keys.
import assert from 'node:assert/strict';
import { accessible, open, quiet, walk } from '../lib/browser.mjs';

const type = 'java.lang.IllegalStateException';

export function errors(world) {
  const at = (path = '') => `${world.server.url}/errors${path}`;
  const inbox = (page) => page.getByRole('table', { name: 'Errors' });
  const row = (page) => inbox(page).getByRole('row').filter({ hasText: type }).filter({ hasText: 'payment' });
  const tab = (page, name) => page.getByRole('group', { name: 'State' }).getByRole('button', { name });

  walk('the inbox groups what failed, and leads to the code and the request', world, {}, async (context) => {
    const page = await open(context, at());
    await row(page).first().waitFor();
    assert.equal(await row(page).count(), 1, 'all failures are one group');
    await row(page).getByText('shop.payment.Terminal.charge').waitFor();
    await quiet(page);
    await accessible(page);
    await row(page).getByRole('link', { name: new RegExp(type.replaceAll('.', '\\.')) }).click();
    await page.waitForURL(/\/errors\/payment\/[0-9a-f]{16}/);
    await page.getByRole('heading', { name: type, level: 1 }).waitFor();
    await page.getByText(/It is new: first seen .* only in 1\.4\.2\./).waitFor();
    // Own code stands there, what is the language's is folded, and opens.
    await page.getByText('shop.payment.Terminal.charge(Terminal.java:42)').waitFor();
    assert.equal(await page.getByText('SocketInputStream.java:168').count(), 0);
    await page.getByRole('button', { name: '1 library frames' }).click();
    await page.getByText('SocketInputStream.java:168').waitFor();
    const last = world.story.failed.at(-1);
    const trace = page.getByRole('link', { name: 'Open the trace' });
    assert.match(await trace.getAttribute('href'), new RegExp(`/traces/${last.trace}.*span=${last.payment}`));
    await page.getByRole('row').getByText('接続エラーが発生しました').first().waitFor();
    await quiet(page);
    await accessible(page);
    await page.getByRole('link', { name: 'Spans', exact: true }).click();
    await page.waitForURL((u) => u.pathname === '/traces' && /error_group:[0-9a-f]{16}/.test(u.searchParams.get('filter')));
    const list = page.getByRole('table', { name: 'Traces, newest first' }).or(page.locator('[role="table"]')).first();
    await list.getByRole('row').filter({ hasText: 'POST /order' }).first().waitFor();
    await quiet(page);
    const links = await list.getByRole('link').evaluateAll((as) => as.map((a) => a.pathname.split('/').pop()));
    assert.deepEqual(links.sort(), world.story.failed.map((o) => o.trace).sort());
  });

  walk('an error is resolved by a key, and that is taken back', world, {}, async (context) => {
    const page = await open(context, at('?service=payment'));
    await row(page).waitFor();
    await quiet(page);
    await page.keyboard.press('j');
    await page.keyboard.press('r');
    await page.getByRole('status').filter({ hasText: `Resolved: ${type}` }).waitFor();
    await row(page).waitFor({ state: 'detached' });
    await tab(page, /^Resolved 1$/).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await row(page).waitFor();
    await quiet(page);
  });

  walk('an error is ignored with a reason, commented, and opened again', world, {}, async (context) => {
    const page = await open(context, at('?service=payment'));
    await row(page).waitFor();
    await quiet(page);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: type, level: 1 }).waitFor();
    await quiet(page);
    await page.keyboard.press('i');
    const dialog = page.getByRole('dialog', { name: 'Ignore this error' });
    await dialog.getByRole('textbox', { name: 'Why' }).fill('端末の交換待ち');
    await dialog.getByText('for a week', { exact: true }).click();
    await accessible(page);
    await dialog.getByRole('button', { name: 'Ignore' }).click();
    await page.getByText(/Ignored by .*: 端末の交換待ち Until /).waitFor();
    await page.getByRole('textbox', { name: 'Comment' }).fill('terminal 42 is to be changed');
    await page.getByRole('button', { name: 'Comment', exact: true }).click();
    await page.getByRole('listitem').filter({ hasText: 'terminal 42 is to be changed' }).waitFor();
    await page.getByRole('button', { name: 'Reopen' }).click();
    await page.getByRole('button', { name: 'Resolve' }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'reopened it' }).first().waitFor();
    await quiet(page);
  });

  walk('what nobody finds says what to do (ja)', world, { lang: 'ja', scheme: 'dark' }, async (context) => {
    const page = await open(context, at('?q=nowhere'));
    await page.getByRole('heading', { name: '条件に合うエラーはありません' }).waitFor();
    await accessible(page);
    await page.getByRole('button', { name: 'すべて表示' }).click();
    await page.getByRole('table', { name: 'エラー' }).getByRole('row').filter({ hasText: type }).first().waitFor();
    await quiet(page);
  });
}
