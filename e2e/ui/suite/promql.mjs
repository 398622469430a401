// Metrics: the editor of PromQL completes, explains, marks what is wrong and keeps what was asked.
import assert from 'node:assert/strict';
import { accessible, open, quiet, walk } from '../lib/browser.mjs';
import { foreign } from '../lib/words.mjs';

const texts = {
  en: { run: 'Run', series: 'Series', history: 'History', rate: /per second|per-second/i, choices: 'Choices', beyond: /goes beyond the choices/ },
  ja: { run: '実行', series: '系列', history: '履歴', rate: /1 秒あたり/, choices: '条件', beyond: /選択式では表せない/ },
};

export function promql(world) {
  const editor = (page) => page.locator('.cm-content[aria-label="PromQL"]');
  const write = async (page, text) => {
    await editor(page).click();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    await page.keyboard.type(text, { delay: 15 });
  };
  const option = (page, name) => page.locator('.cm-tooltip-autocomplete [role=option]').filter({ hasText: name });

  for (const [lang, scheme] of [['en', 'light'], ['ja', 'dark']]) {
    const w = texts[lang];

    walk(`PromQL completes metrics, labels and values (${lang})`, world, { lang, scheme }, async (context) => {
      const page = await open(context, `${world.server.url}/metrics`);
      await write(page, 'sum(rate(shop_ord');
      await option(page, /shop_orders/).first().waitFor();
      await accessible(page);
      assert.deepEqual(await foreign(page, lang), []);
      await page.waitForTimeout(150); // completions take no key in the moment in which they open
      await page.keyboard.press('Tab');
      const name = /shop_orders\w*/.exec(await editor(page).innerText())[0];
      await page.keyboard.type('{http_r', { delay: 15 });
      await option(page, 'http_route').first().waitFor();
      await page.waitForTimeout(150);
      await page.keyboard.press('Tab');
      await page.keyboard.type('="/', { delay: 15 });
      await option(page, '/cart').first().waitFor();
      await write(page, `sum(rate(${name}{http_route="/cart"}[5m]))`);
      // What was typed with closing brackets that were put in beside stands as it was meant.
      assert.equal((await editor(page).innerText()).trim(), `sum(rate(${name}{http_route="/cart"}[5m]))`);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: w.run, exact: true }).click();
      await page.getByRole('table', { name: w.series }).getByRole('row').nth(1).waitFor();
      assert.equal(new URL(page.url()).searchParams.get('query'), `sum(rate(${name}{http_route="/cart"}[5m]))`);
      await quiet(page);
      await accessible(page);
      assert.deepEqual(await foreign(page, lang), []);
      await page.getByRole('button', { name: w.history }).click();
      await page.getByRole('menuitem').filter({ hasText: name }).first().waitFor();
    });

    walk(`PromQL explains its functions, and what is wrong (${lang})`, world, { lang, scheme }, async (context) => {
      const page = await open(context, `${world.server.url}/metrics?query=${encodeURIComponent('histogram_quantile(0.9, rate(shop_wait_seconds[5m]))')}`);
      await page.getByText(w.beyond).or(page.getByRole('group', { name: w.choices })).first().waitFor();
      await editor(page).waitFor();
      await editor(page).getByText('rate', { exact: true }).hover();
      await page.locator('.cm-tooltip-hover').getByText(w.rate).waitFor();
      await accessible(page);
      const wrong = await open(context, `${world.server.url}/metrics?query=${encodeURIComponent('sum(rate(shop_orders_total)')}`, [[422, /query_range/]]);
      await wrong.getByRole('alert').waitFor();
      await editor(wrong).waitFor();
      assert.ok((await wrong.locator('.cm-lintRange-error').count()) > 0, 'the place is marked');
      await quiet(wrong);
      await accessible(wrong);
      assert.deepEqual(await foreign(wrong, lang), []);
    });
  }
}
