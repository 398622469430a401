// The Status page: jobs that are run, figures that are rebuilt, refusals with their mend.
import assert from 'node:assert/strict';
import { accessible, open, quiet, walk } from '../lib/browser.mjs';
import { foreign } from '../lib/words.mjs';
import { ask } from './begin.mjs';

const texts = {
  en: {
    jobs: 'Jobs', job: 'Index settled logs and spans', run: /^Run now: Index settled/, well: 'well',
    rebuilds: 'Rebuilding of figures', start: 'Rebuild a range…', dialog: 'Rebuild the figures of a range', from: /^From/, submit: 'Rebuild',
    done: /^done/, refusals: 'Refused or changed rows', guide: 'More in the guide',
    what: 'The ingest token is missing, unknown or revoked.', mend: 'OTEL_EXPORTER_OTLP_HEADERS',
  },
  ja: {
    jobs: 'ジョブ', job: 'ログとスパンの索引作成', run: /^今すぐ実行: ログとスパン/, well: '成功',
    rebuilds: '集計の再計算', start: '期間を指定して再計算…', dialog: '期間を指定して集計を再計算', from: /^開始/, submit: '再計算する',
    done: /^完了/, refusals: '拒否・変更した行', guide: 'ガイドで詳しく見る',
    what: '取り込みトークンがないか、無効または失効しています。', mend: 'OTEL_EXPORTER_OTLP_HEADERS',
  },
};

export function status(world) {
  const address = () => `${world.server.url}/status`;
  for (const [lang, scheme] of [['en', 'light'], ['ja', 'dark']]) {
    const w = texts[lang];

    walk(`a job is run at once (${lang})`, world, { lang, scheme }, async (context) => {
      const state = async () => (await ask(context, world, '/jobs')).items.find((j) => j.name === 'telemetry.maintain');
      const before = await state();
      const page = await open(context, address());
      const row = page.getByRole('table', { name: w.jobs }).getByRole('row').filter({ hasText: w.job });
      await row.getByRole('button', { name: w.run }).click();
      await page.waitForFunction(
        async (runs) => {
          const r = await (await fetch('/api/v1/jobs')).json();
          const j = r.items.find((x) => x.name === 'telemetry.maintain');
          return j.runs > runs && !j.running;
        },
        before.runs,
        { timeout: 40_000, polling: 500 },
      );
      await row.getByRole('cell', { name: w.well, exact: true }).waitFor({ timeout: 20_000 });
      assert.equal((await state()).outcome, 'ok');
      await quiet(page);
      await accessible(page);
      assert.deepEqual(await foreign(page, lang), []);
    });

    walk(`the figures of a range are rebuilt (${lang})`, world, { lang, scheme }, async (context) => {
      const count = async () => (await ask(context, world, '/rebuilds')).items.filter((r) => !r.backfill).length;
      const before = await count();
      const page = await open(context, address(), [[422, /\/rebuilds$/]]);
      await page.getByRole('button', { name: w.start }).click();
      const form = page.getByRole('dialog', { name: w.dialog });
      const from = form.getByRole('textbox', { name: w.from });
      assert.equal(await from.inputValue(), '-1h', "the page's range is offered");
      await from.fill('yesterday evening');
      await form.getByRole('button', { name: w.submit, exact: true }).click();
      await form.locator('.mantine-InputWrapper-error, [class*="Input"][class*="error"]').first().waitFor();
      await accessible(page);
      assert.deepEqual(await foreign(page, lang), []);
      await from.fill('-2h');
      await form.getByRole('button', { name: w.submit, exact: true }).click();
      await form.waitFor({ state: 'detached' });
      const table = page.getByRole('table', { name: w.rebuilds });
      assert.equal(await count(), before + 1);
      // The list may still show the one before: the server knows when this one is over.
      let newest;
      for (let i = 0; i < 240; i++) {
        [newest] = (await ask(context, world, '/rebuilds')).items;
        if (newest.finished) break;
        await page.waitForTimeout(250);
      }
      await table.getByRole('row').nth(1).getByRole('cell', { name: w.done }).waitFor({ timeout: 60_000 });
      // Its rows came in just now: what was counted then is left as it is.
      assert.ok(newest.finished && newest.done === 1 && !newest.error && !newest.cancelled, JSON.stringify(newest));
      await quiet(page);
      await accessible(page);
    });

    walk(`a refusal says how to mend it (${lang})`, world, { lang, scheme }, async (context) => {
      const page = await open(context, address());
      const row = page.getByRole('table', { name: w.refusals }).getByRole('row').filter({ hasText: w.what });
      await row.first().getByText(w.mend).waitFor();
      const link = row.first().getByRole('link', { name: w.guide });
      assert.match(await link.getAttribute('href'), new RegExp(`/docs/guide/${lang}/refusals\\.md#unauthenticated$`));
      await quiet(page);
      await accessible(page);
    });
  }

  walk('one that only looks runs and rebuilds nothing', world, {}, async (context) => {
    // Every route of the page answers; only what it may do is less.
    await context.route('**/api/v1/session', async (route) => {
      const r = await route.fetch();
      const session = await r.json();
      await route.fulfill({ response: r, json: { ...session, user: { ...session.user, role: 'viewer' } } });
    });
    const page = await open(context, address());
    await page.getByRole('table', { name: texts.en.jobs }).getByRole('row').nth(1).waitFor();
    assert.equal(await page.getByRole('button', { name: /^(Run now|Rebuild a range)/ }).count(), 0);
    await quiet(page);
  });

  walk('icons that stand alone have names', world, {}, async (context) => {
    const page = await open(context, address());
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('table', { name: texts.en.jobs }).getByRole('row').nth(1).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Traces', exact: true }).waitFor();
    await quiet(page);
    await accessible(page);
    const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} px wider than the screen`);
  });
}
