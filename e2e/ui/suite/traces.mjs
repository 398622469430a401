// Traces: from a log to its span and back, the critical path, and a trace of 5,000 spans.
import assert from 'node:assert/strict';
import { open, quiet, walk } from '../lib/browser.mjs';
import { BIG } from '../lib/story.mjs';
import { words } from '../lib/words.mjs';

const w = words.en;
const grid = (page) => page.getByRole('treegrid', { name: w.waterfall });
const names = async (page) => (await grid(page).getByRole('row').allInnerTexts()).map((s) => s.replaceAll('\n', ' '));

/** count waits until the waterfall has n rows, of which it draws those in sight. */
const count = (page, n) =>
  page.waitForFunction((want) => document.querySelector('[role="treegrid"]')?.getAttribute('aria-rowcount') === String(want), n);

export function traces(world) {
  const trace = (id) => `${world.server.url}/traces/${id}`;

  walk('from a log to its trace and back to the log', world, {}, async (context) => {
    const order = world.story.failed[0];
    const page = await open(context, `${world.server.url}/logs?filter=trace_id:${order.trace}`);
    const error = page.getByRole('row').filter({ hasText: '接続エラーが発生しました' });
    await error.click();
    await page.getByRole('link', { name: w.openTrace }).click();
    await page.waitForURL((u) => u.pathname === `/traces/${order.trace}` && u.searchParams.get('span') === order.payment);
    const span = page.getByRole('complementary', { name: w.span, exact: true });
    await span.getByRole('heading', { name: 'payment: POST /pay' }).waitFor();
    assert.equal(await grid(page).locator('[role="row"][data-selected="true"]').count(), 1);
    await grid(page).getByRole('link', { name: /接続エラーが発生しました/ }).click();
    await page.waitForURL('**/logs?**');
    const panel = page.getByRole('complementary', { name: w.log, exact: true });
    await panel.getByText('接続エラーが発生しました').first().waitFor();
    await quiet(page);
    assert.equal(await page.locator('[role="row"][aria-selected="true"]').count(), 1);
    assert.ok((await page.locator('[role="row"][aria-selected="true"]').innerText()).includes('接続エラーが発生しました'));
    await page.goBack();
    await page.waitForURL(`**/traces/${order.trace}**`);
    await page.goBack();
    await page.getByRole('link', { name: w.openTrace }).waitFor();
  });

  walk('the list of traces is filtered by its spans', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/traces?filter=service:payment+status:error`);
    const list = page.getByRole('table', { name: w.traceList });
    await list.getByRole('row').filter({ hasText: 'POST /order' }).first().waitFor();
    await quiet(page);
    const links = await list.getByRole('link').evaluateAll((as) => as.map((a) => a.pathname.split('/').pop()));
    assert.deepEqual(links.sort(), world.story.failed.map((o) => o.trace).sort());
  });

  walk('the waterfall shows the critical path', world, {}, async (context) => {
    const order = world.story.orders[0];
    const page = await open(context, trace(order.trace));
    await count(page, 10); // seven spans, three logs
    await quiet(page);
    const critical = grid(page).getByRole('row').filter({ hasText: w.onCritical });
    const on = (await critical.allInnerTexts()).join('\n');
    for (const name of ['POST /order', 'call checkout', 'POST /checkout', 'call payment', 'POST /pay', 'SELECT cards'])
      assert.ok(on.includes(name), `${name} is on the critical path`);
    assert.ok(!on.includes('write audit'), 'what nobody waited for is not');
    const drawn = await critical.first().evaluate((row) =>
      [...row.querySelectorAll('[role="gridcell"]:last-child > div > div')].map((d) => d.getBoundingClientRect().width),
    );
    assert.ok(drawn.length >= 2 && drawn.every((x) => x > 0), `bar and path are drawn: ${drawn}`);
    await page.getByRole('button', { name: w.critical, exact: true }).click();
    await grid(page).getByRole('row').filter({ hasText: 'write audit' }).waitFor({ state: 'detached' });
    assert.ok((await names(page)).some((n) => n.includes('SELECT cards')));
    assert.equal(new URL(page.url()).searchParams.get('only'), 'critical');
  });

  walk('a trace of 5,000 spans opens, scrolls and is searched', world, {}, async (context) => {
    const { large } = world.story;
    const page = await open(context, trace(large.trace));
    await page.getByText(`${BIG.toLocaleString('en')} ${w.spans}`).waitFor();
    await page.getByRole('button', { name: w.expand }).click();
    await count(page, BIG);
    const drawn = () => grid(page).getByRole('row').count();
    assert.ok((await drawn()) < 200, 'only the rows in sight are drawn');
    await grid(page).hover();
    for (let i = 0; i < 5; i++) {
      const top = await grid(page).evaluate((el) => el.scrollTop);
      await page.mouse.wheel(0, 3000);
      await page.waitForFunction((was) => document.querySelector('[role="treegrid"]').scrollTop > was, top);
    }
    await grid(page).evaluate((el) => el.scrollTo(0, el.scrollHeight));
    await grid(page).getByRole('row').filter({ hasText: large.last }).waitFor();
    assert.ok((await drawn()) < 200);
    assert.equal(await grid(page).getByRole('row').last().getAttribute('aria-rowindex'), String(BIG));
    const find = page.getByRole('textbox', { name: w.find });
    await find.fill('step 777');
    await page.getByText('– of 1', { exact: true }).waitFor();
    await find.press('Enter');
    await grid(page).getByRole('row').filter({ hasText: 'step 777' }).waitFor();
    await page.getByText(w.table, { exact: true }).click();
    await page.getByText(`1 – 200 of ${BIG.toLocaleString('en')}`).waitFor();
    await quiet(page);
  });

  walk('a trace that is not there says so', world, {}, async (context) => {
    const page = await open(context, trace('0123456789abcdef0123456789abcdef'), [[404, /\/traces\/0123/]]);
    await page.getByRole('heading', { name: 'This trace is not here' }).waitFor();
  });
}
