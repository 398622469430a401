// Logs: search, errors of a filter, facets, permalinks, live tail.
import assert from 'node:assert/strict';
import { open, quiet, walk } from '../lib/browser.mjs';
import { log } from '../lib/otlp.mjs';
import { words } from '../lib/words.mjs';

const w = words.en;
const list = (page) => page.getByRole('table', { name: w.list });
const rows = (page) => list(page).getByRole('row');
const filter = (page) => page.getByRole('combobox', { name: w.filter });

/** The rows' texts, once there are n of them. */
async function texts(page, n) {
  await page.waitForFunction(
    ([name, count]) => document.querySelectorAll(`[role="table"][aria-label="${name}"] [role="row"]`).length === count,
    [w.list, n],
  );
  await quiet(page);
  return rows(page).allInnerTexts();
}

async function search(page, text) {
  await filter(page).fill(text);
  await filter(page).press('Enter');
}

export function logs(world) {
  const at = (path = '') => `${world.server.url}/logs${path}`;

  walk('エラー finds the half-width ｴﾗｰ too, and marks it', world, {}, async (context) => {
    const page = await open(context, at());
    await search(page, 'エラー');
    const expected = world.story.count((_, __, body) => body.normalize('NFKC').includes('エラー'));
    const found = await texts(page, expected);
    assert.equal(found.filter((r) => r.includes('ﾈｯﾄﾜｰｸｴﾗｰ')).length, 1);
    assert.deepEqual([...new Set(await list(page).locator('mark').allInnerTexts())].sort(), ['ｴﾗｰ', 'エラー'].sort());
    assert.equal(new URL(page.url()).searchParams.get('filter'), 'エラー');
    await search(page, 'ｴﾗｰ');
    await page.waitForURL((u) => u.searchParams.get('filter') === 'ｴﾗｰ');
    assert.deepEqual(await texts(page, expected), found);
  });

  walk('words, levels and attributes narrow as they should', world, {}, async (context) => {
    const page = await open(context, at());
    for (const [text, test] of [
      ['level>=error', (_, r) => r.severityNumber >= 17],
      ['service:payment level:error', (s, r) => s === 'payment' && r.severityNumber === 17],
      ['"out of memory"', (_, __, b) => b.includes('out of memory')],
      ['user.id:u-77', (_, r) => r.attributes.some((a) => a.key === 'user.id')],
      ['注文 -service:front', (s, _, b) => b.includes('注文') && s !== 'front'],
      ['ORDER (done OR failed)', (_, __, b) => /order.*(done|failed)/.test(b)],
    ]) {
      await search(page, text);
      await page.waitForURL((u) => u.searchParams.get('filter') === text);
      const n = world.story.count(test);
      assert.ok(n > 0, text);
      await texts(page, n);
    }
    await search(page, 'nowhere-to-be-found');
    await page.getByRole('heading', { name: 'No log matches the filter' }).waitFor();
  });

  for (const [lang, message] of [['en', /never closed/], ['ja', /閉じられていません/]]) {
    walk(`a broken filter shows its error at its place (${lang})`, world, { lang }, async (context) => {
      const page = await open(context, at(), [[422, /filter=/], [400, /filter=/]]);
      const input = page.getByRole('combobox', { name: words[lang].filter });
      // Two characters of three bytes each stand before it: places are counted in characters.
      await input.fill('注文 (エラー');
      const alert = page.getByRole('alert').filter({ hasText: message });
      await alert.waitFor();
      assert.ok((await alert.innerText()).startsWith(words[lang].errorAt(4)), await alert.innerText());
      assert.equal(await input.getAttribute('aria-invalid'), 'true');
      const marked = await input.evaluate((el) => {
        const mirror = el.previousElementSibling;
        const mark = mirror.querySelector('span');
        return { before: mark.previousSibling?.textContent, text: mark.textContent };
      });
      assert.equal(marked.before, '注文 ');
      assert.ok(marked.text.startsWith('('), marked.text);
      await input.press('Enter');
      await page.getByRole('alert').filter({ hasText: message }).nth(1).waitFor();
      await input.fill('注文 (エラー OR 在庫)');
      await page.waitForFunction(() => document.querySelector('[data-filter-input]').getAttribute('aria-invalid') === 'false');
      await input.press('Enter');
      await page.getByRole('alert').first().waitFor({ state: 'detached' });
      await page.getByRole('row').filter({ hasText: '在庫を確認しました' }).first().waitFor();
    });
  }

  walk('a facet narrows, and Back restores', world, {}, async (context) => {
    const page = await open(context, at('?filter=level:info'));
    const all = world.story.count((_, r) => r.severityNumber === 9);
    const before = await texts(page, all);
    const n = world.story.count((s, r) => s === 'payment' && r.severityNumber === 9);
    const facet = page.getByRole('complementary', { name: w.values }).locator('button[title^="payment\\a "]');
    assert.equal(await facet.getAttribute('title'), `payment\n${n}`);
    await facet.click();
    const narrowed = await texts(page, n);
    assert.ok(narrowed.every((r) => r.includes('payment')));
    assert.equal(await filter(page).inputValue(), 'level:info service:payment');
    assert.equal(await facet.getAttribute('aria-pressed'), 'true');
    await page.goBack();
    assert.deepEqual(await texts(page, all), before);
    assert.equal(await filter(page).inputValue(), 'level:info');
    await page.goForward();
    assert.deepEqual(await texts(page, n), narrowed);
  });

  walk('a permalink shows the same rows in a new tab', world, {}, async (context) => {
    const page = await open(context, at('?filter=service:payment+level%3E%3Derror'));
    const n = world.story.failed.length;
    const before = await texts(page, n);
    await rows(page).nth(1).click();
    const panel = page.getByRole('complementary', { name: w.log, exact: true });
    await panel.getByRole('button', { name: w.permalink }).click();
    await panel.getByRole('button', { name: w.copied }).waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /from=\d{4}-.*to=\d{4}-/, 'the range stands still');
    const tab = await open(context, link);
    assert.deepEqual(await texts(tab, n), before);
    assert.equal(await rows(tab).nth(1).getAttribute('aria-selected'), 'true');
    const same = (p) => p.getByRole('complementary', { name: w.log, exact: true }).locator('table').first().innerText();
    await tab.getByRole('complementary', { name: w.log, exact: true }).getByText('card terminal is closed').first().waitFor();
    assert.equal(await same(tab), await same(page));
  });

  walk('live tail shows what is sent after it was opened', world, {}, async (context) => {
    const page = await open(context, at());
    await page.getByRole('button', { name: w.tail }).click();
    await page.getByText(w.tailOpen).waitFor();
    const body = `tail: 届いたばかりの行 ${Date.now()}`;
    assert.equal(await list(page).getByText(body).count(), 0);
    const sent = Date.now();
    await world.send.logs([['front', log({ at: sent, level: 'info', body })]]);
    world.story.logs.push(['front', log({ at: sent, level: 'info', body })]);
    await list(page).getByText(body).waitFor({ timeout: 5000 });
    assert.ok((await rows(page).first().innerText()).includes(body), 'the newest stands on top');
    await page.getByRole('button', { name: w.stopTail }).click();
    await page.getByText(w.tailOpen).waitFor({ state: 'detached' });
    assert.equal(new URL(page.url()).searchParams.get('tail'), null);
  });
}
