// The keyboard, metrics, status, signing in and out.
import assert from 'node:assert/strict';
import { accessible, open, quiet, shoot, walk } from '../lib/browser.mjs';
import { post } from '../lib/otlp.mjs';
import { eventually } from '../lib/wait.mjs';
import { foreign, words } from '../lib/words.mjs';
import { admin, ask, secret } from './begin.mjs';

const w = words.en;

export function keyboard(world) {
  walk('/, j, k, Enter, Esc and ? work on logs', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/logs?filter=service:payment`);
    const row = page.getByRole('table', { name: w.list }).getByRole('row');
    const filter = page.getByRole('combobox', { name: w.filter });
    const current = () => page.locator('[role="row"][data-current="true"]');
    await row.first().waitFor();
    await quiet(page);
    await page.keyboard.press('/');
    await page.waitForFunction(() => document.activeElement?.hasAttribute('data-filter-input'));
    assert.equal(await filter.inputValue(), 'service:payment', 'the slash is no letter of the filter');
    await page.keyboard.press('End');
    await page.keyboard.type(' level:error');
    // The first Escape may close the completions.
    await eventually('Escape leaves the filter', 5000, async () => {
      await page.keyboard.press('Escape');
      return page.evaluate(() => document.activeElement === document.body);
    });
    for (const [key, index] of [['j', 1], ['j', 2], ['j', 3], ['k', 2]]) {
      await page.keyboard.press(key);
      await page.locator(`[role="row"][data-current="true"][aria-rowindex="${index}"]`).waitFor();
    }
    assert.equal(await current().count(), 1);
    const text = await current().innerText();
    await page.keyboard.press('Enter');
    const panel = page.getByRole('complementary', { name: w.log, exact: true });
    await panel.waitFor();
    assert.equal(await page.locator('[role="row"][aria-selected="true"]').innerText(), text);
    await page.keyboard.press('j');
    await page.locator('[role="row"][aria-selected="true"][aria-rowindex="3"]').waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: w.help });
    await help.getByText('level>=error').waitFor();
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'detached' });
  });

  walk('Ctrl-K goes to a page, a service and a trace', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/services`);
    await page.getByRole('table').getByRole('link', { name: 'payment', exact: true }).waitFor();
    const input = page.getByRole('dialog').getByRole('combobox');
    const option = page.getByRole('dialog').getByRole('option');
    await page.keyboard.press('Control+k');
    await input.waitFor();
    await input.fill('metr');
    await option.filter({ hasText: w.metrics }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/metrics');
    await page.keyboard.press('Control+k');
    await input.fill('checko');
    await option.filter({ hasText: 'checkout' }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL((u) => u.pathname === '/logs' && u.searchParams.get('filter') === 'service:checkout');
    const { trace } = world.story.orders[0];
    await page.keyboard.press('Control+k');
    await input.fill(trace);
    await option.filter({ hasText: w.openTraceOf(trace) }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/traces/${trace}`);
    await page.getByRole('heading', { name: 'front: POST /order' }).waitFor();
    await page.keyboard.press('Control+k');
    await input.waitFor();
    await page.keyboard.press('Escape');
    await input.waitFor({ state: 'detached' });
  });

  walk('the waterfall is walked by keys', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/traces/${world.story.orders[0].trace}`);
    await page.getByRole('treegrid').getByRole('row').nth(2).waitFor();
    await page.keyboard.press('j');
    await page.locator('[role="row"][data-current="true"][aria-level="1"]').waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => document.querySelector('[role="treegrid"] [role="row"]').getAttribute('aria-expanded') === 'false');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => document.querySelector('[role="treegrid"] [role="row"]').getAttribute('aria-expanded') === 'true');
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: w.span, exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('complementary', { name: w.span, exact: true }).waitFor({ state: 'detached' });
  });
}

export function figures(world) {
  walk('services count what was sent, and a number opens its rows', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/services`);
    const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'payment', exact: true }) });
    await row.waitFor();
    await quiet(page);
    assert.equal(await page.getByRole('row').count(), 1 + world.story.services.length);
    const failed = world.story.failed.length;
    await row.getByRole('link', { name: `${failed} err` }).click();
    await page.waitForURL((u) => u.searchParams.get('filter') === 'service:payment level>=error');
    await page.getByRole('table', { name: w.list }).getByRole('row').nth(failed - 1).waitFor();
    await page.getByText(`${failed} logs`, { exact: true }).waitFor();
    await page.goBack();
    await row.getByRole('link', { name: /%$/ }).click();
    await page.waitForURL((u) => {
      const filter = u.searchParams.get('filter') ?? '';
      return u.pathname === '/traces' && /^service:payment /.test(filter) && / status:error$/.test(filter);
    });
    // The requests that failed, and no other span of theirs.
    const traces = page.getByRole('table', { name: w.traceList }).getByRole('link');
    await traces.first().waitFor();
    await quiet(page);
    assert.equal(await traces.count(), failed);
  });

  walk('metrics are drawn, and a wrong query says where', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/metrics`, [[422, /query_range/], [400, /query_range/]]);
    await page.getByRole('textbox', { name: 'Find a metric' }).fill('queue');
    await page.getByRole('button', { name: /shop_queue_length/ }).click();
    await page.locator('canvas').first().waitFor();
    await page.getByRole('table', { name: 'Series' }).getByRole('row').nth(1).waitFor();
    await page.locator('.cm-content[aria-label="PromQL"]').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('sum(rate(shop_orders_total)');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('alert').filter({ hasText: /./ }).waitFor();
    await page.locator('.cm-lintRange-error').first().waitFor();
  });

  walk('status shows what came in and what was refused', world, {}, async (context) => {
    const broken = { traceId: 'zz', spanId: '', name: 'broken', startTimeUnixNano: '1', endTimeUnixNano: '2' };
    const key = world.send;
    assert.ok(key);
    const page = await open(context, `${world.server.url}/status`);
    // A machine whose disk is nearly full says so, rightly.
    await page.getByText(w.fine).or(page.getByText(/The disk of the data folder has/)).first().waitFor();
    const cell = page.getByRole('table', { name: w.ingest }).getByRole('row').filter({ hasText: 'payment' });
    assert.equal(await cell.count(), 2, 'logs and spans');
    assert.ok((await cell.allInnerTexts()).some((s) => /Logs\s+24\b/.test(s)), 'one log for each order');
    // Without a token, and malformed as well: refused, and nothing of it arrives.
    assert.equal((await post(world.server.otlp, 'traces', { resourceSpans: [{ scopeSpans: [{ spans: [broken] }] }] })).status, 401);
  });
}

export function people(world) {
  for (const [lang, scheme] of [['en', 'light'], ['en', 'dark'], ['ja', 'light'], ['ja', 'dark']]) {
    walk(`the sign-in page (${lang}, ${scheme})`, world, { fresh: true, lang, scheme }, async (context) => {
      const l = words[lang];
      const page = await open(context, `${world.server.url}/logs?filter=order`, [[401, /\/api\/v1\/session$/]]);
      await page.waitForURL('**/signin?**');
      await page.getByRole('heading', { name: l.signIn, level: 1 }).waitFor();
      assert.equal(await page.title(), `${l.signIn} · Yagura`);
      assert.deepEqual(await foreign(page, lang), []);
      if (process.env.YAGURA_E2E_PICTURES) await shoot(page, `${lang}-${scheme}-signin`);
      await accessible(page);
      if (scheme === 'dark') return;
      const password = secret(page, l.password);
      await page.getByLabel(l.email).fill(admin.email);
      await password.fill('not the password');
      await page.getByRole('button', { name: l.signInButton }).click();
      await page.getByText(l.wrong).waitFor();
      const described = await password.evaluate((el) =>
        el.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id)?.innerText ?? '').join(' '),
      );
      assert.match(described, l.wrong, 'the field names its error to those who cannot see it');
      await password.fill(admin.password);
      await page.getByRole('button', { name: l.signInButton }).click();
      // Back to where one wanted to go.
      await page.waitForURL('**/logs?filter=order');
      await page.getByRole('row').first().waitFor();
    });
  }

  for (const scheme of ['light', 'dark']) {
    walk(`a refused sign-in can be read by all (${scheme})`, world, { fresh: true, lang: 'en', scheme }, async (context) => {
      const page = await open(context, `${world.server.url}/signin`, [[401, /\/api\/v1\/session$/]]);
      await page.getByLabel(w.email).fill(admin.email);
      await secret(page, w.password).fill('not the password');
      await page.getByRole('button', { name: w.signInButton }).click();
      await page.getByText(w.wrong).waitFor();
      await accessible(page);
    });
  }

  walk('signing out ends the session', world, { fresh: true, lang: 'en' }, async (context) => {
    const page = await open(context, `${world.server.url}/signin`, [[401, /\/api\/v1\//]]);
    await page.getByLabel(w.email).fill(admin.email);
    await secret(page, w.password).fill(admin.password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/services');
    await page.getByRole('table').getByRole('link', { name: 'payment', exact: true }).waitFor();
    const cookies = await context.cookies();
    assert.ok(cookies.length > 0 && cookies.every((c) => c.httpOnly && c.sameSite === 'Lax'), 'cookies are out of scripts’ reach');
    await page.getByRole('navigation').getByRole('button', { name: admin.name }).click();
    await page.getByRole('menuitem', { name: w.signOut }).click();
    await page.waitForURL('**/signin');
    await page.getByRole('heading', { name: w.signIn }).waitFor();
    for (const c of cookies) await context.addCookies([c]);
    const r = await context.request.get(`${world.server.url}/api/v1/services`);
    assert.equal(r.status(), 401, 'the old cookie is worth nothing');
    await page.goto(`${world.server.url}/traces`);
    await page.waitForURL('**/signin?**');
    await page.getByRole('heading', { name: w.signIn }).waitFor();
    assert.equal(await page.getByRole('table').count(), 0);
  });

  walk('the other sessions of the person go on', world, {}, async (context) => {
    assert.equal((await ask(context, world, '/session')).user.email, admin.email);
  });
}
