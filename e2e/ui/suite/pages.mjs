// Every page in both languages and both schemes, reached by clicking.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, looks, open, quiet, shoot } from '../lib/browser.mjs';
import { foreign, words } from '../lib/words.mjs';

async function choose(page, w, lang, scheme) {
  await page.getByRole('banner').getByRole('button', { name: /^(言語|Language)|(日本語|EN)$/ }).click();
  await page.getByRole('menuitem', { name: w.languages[lang] }).click();
  await page.getByRole('heading', { name: w.services, level: 1, exact: true }).waitFor();
  await page.getByRole('banner').getByRole('button', { name: w.scheme }).click();
  await page.getByRole('menuitem', { name: w.schemes[scheme], exact: true }).click();
  await page.getByRole('menu').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.documentElement.dataset.mantineColorScheme), scheme);
  assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
  const bright = await page.evaluate(() => {
    const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return r + g + b > 384;
  });
  assert.equal(bright, scheme === 'light', 'the surface has the brightness of its scheme');
}

/** What each page must show once its data is there. */
function places(world, w) {
  const nav = (page, name) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  const { failed, large } = world.story;
  return [
    ['services', w.services, (p) => nav(p, w.services), (p) => p.getByRole('table').getByRole('link', { name: 'payment', exact: true }).waitFor()],
    ['logs', w.logs, (p) => nav(p, w.logs), (p) => p.getByText('out of memory, restarting').first().waitFor()],
    ['log', w.logs, (p) => p.getByRole('row').filter({ hasText: '接続エラーが発生しました' }).first().click(),
      (p) => p.getByText('SocketInputStream.java:168').first().waitFor()],
    ['traces', w.traces, (p) => nav(p, w.traces), (p) => p.getByRole('row').filter({ hasText: 'nightly' }).waitFor()],
    ['durations', w.traces, (p) => p.getByText(w.durations, { exact: true }).first().click(), (p) => p.locator('main canvas').first().waitFor()],
    ['trace', 'front: POST /order', (p) => p.locator(`a[href*="${failed.at(-1).trace}"]`).click(),
      (p) => p.getByRole('treegrid').getByRole('row').filter({ hasText: 'SELECT cards' }).waitFor()],
    ['span', 'front: POST /order', (p) => p.getByRole('treegrid').getByRole('row').filter({ hasText: 'POST /pay' }).click(),
      (p) => p.getByRole('complementary').getByText('SocketInputStream.java:168').first().waitFor()],
    ['large trace', 'batch: nightly', async (p) => {
      await nav(p, w.traces);
      await p.locator(`a[href*="${large.trace}"]`).click();
    }, (p) => p.getByRole('treegrid').getByRole('row').filter({ hasText: 'group 1' }).first().waitFor()],
    ['metrics', w.metrics, (p) => nav(p, w.metrics), (p) => p.getByRole('button', { name: /shop_orders/ }).first().waitFor()],
    ['metric', w.metrics, (p) => p.getByRole('button', { name: /shop_orders/ }).first().click(),
      (p) => p.getByRole('row').filter({ hasText: '/cart' }).waitFor()],
    ['errors', w.errors, (p) => nav(p, w.errors), (p) => p.getByRole('link', { name: /IllegalStateException/ }).first().waitFor()],
    ['error', 'java.lang.IllegalStateException', (p) => p.getByRole('link', { name: /IllegalStateException/ }).first().click(),
      (p) => p.getByText('Terminal.java:42').first().waitFor()],
    ['sql', 'SQL', (p) => nav(p, 'SQL'), (p) => p.getByRole('button', { name: /^spans [\d,]+$/ }).waitFor()],
    ['status', w.status, (p) => nav(p, w.status), (p) => p.getByRole('cell', { name: 'payment' }).first().waitFor()],
    ['account', w.settings, (p) => nav(p, w.settings), (p) => p.getByRole('textbox', { name: w.name }).waitFor()],
    ['users', w.settings, (p) => p.getByRole('tab', { name: w.users }).click(), (p) => p.getByRole('cell', { name: /Aoi/ }).first().waitFor()],
    ['tokens', w.settings, (p) => p.getByRole('tab', { name: w.tokens }).click(), (p) => p.getByRole('cell', { name: 'collector', exact: true }).waitFor()],
    ['audit', w.settings, (p) => p.getByRole('tab', { name: w.audit }).click(), (p) => p.getByRole('cell', { name: 'collector', exact: true }).first().waitFor()],
  ];
}

export function pages(world) {
  for (const lang of ['ja', 'en']) {
    for (const scheme of ['light', 'dark']) {
      test(`every page (${lang}, ${scheme})`, { timeout: 120_000 }, async (t) => {
        if (world.broken) throw new Error(`nothing to look at: ${world.broken}`);
        const w = words[lang];
        const context = await world.browser.newContext({ ...looks, storageState: world.state });
        try {
          const page = await open(context, `${world.server.url}/services`);
          await choose(page, w, lang, scheme);
          for (const [name, title, go, shows] of places(world, w)) {
            await t.test(name, async () => {
              try {
                await go(page);
                await page.getByRole('heading', { name: title, level: 1, exact: true }).waitFor();
                await shows(page);
                await quiet(page);
                assert.equal(await page.title(), `${title} · Yagura`);
                assert.deepEqual(await foreign(page, lang), []);
                if (process.env.YAGURA_E2E_PICTURES) await shoot(page, `${lang}-${scheme}-${name}`);
                await accessible(page);
              } catch (e) {
                await shoot(page, `${lang}-${scheme}-${name}-failed`);
                throw e;
              } finally {
                page.wrong.length = 0;
              }
            });
          }
        } finally {
          await context.close();
        }
      });
    }
  }
}
