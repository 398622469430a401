// Settings, Backups: one is made, checked and cancelled, and the way back is shown.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { accessible, open, quiet, walk } from '../lib/browser.mjs';
import { foreign } from '../lib/words.mjs';
import { ask } from './begin.mjs';

const texts = {
  en: { title: 'Backups', start: 'Back up now', check: /^Check yagura-/, right: /Checksums right/, none: 'No backup has been made yet', restore: 'How to restore', complete: /Complete/ },
  ja: { title: 'バックアップ', start: '今すぐバックアップ', check: /^yagura-.* を検証$/, right: /チェックサム一致/, none: 'バックアップはまだありません', restore: '復元の方法', complete: /完了/ },
};

export function backups(world) {
  let made = 0;
  for (const [lang, scheme] of [['en', 'dark'], ['ja', 'light']]) {
    const w = texts[lang];
    walk(`a backup is made and checked (${lang})`, world, { lang, scheme }, async (context) => {
      const page = await open(context, `${world.server.url}/settings/backups`);
      await page.getByRole('heading', { name: w.restore }).waitFor();
      if (made === 0) await page.getByText(w.none).waitFor();
      await accessible(page);
      assert.deepEqual(await foreign(page, lang), []);
      await page.getByRole('button', { name: w.start }).click();
      const newest = page.getByRole('table', { name: w.title }).getByRole('row').nth(1);
      made++;
      // The first row may still be the one before: the server knows when this one is whole.
      let items = [];
      for (let i = 0; i < 240; i++) {
        ({ items } = await ask(context, world, '/backups'));
        if (items.length === made && items[0].finished) break;
        await page.waitForTimeout(250);
      }
      assert.equal(items.length, made);
      await newest.filter({ hasText: w.complete }).waitFor({ timeout: 60_000 });
      assert.ok(items[0].rows.logs > 0 && items[0].rows.spans >= world.story.spans.length, JSON.stringify(items[0].rows));
      assert.ok(existsSync(items[0].path));
      // What is to be pasted names this very backup.
      await page.locator('code').filter({ hasText: `yagura restore ${items[0].path} ` }).waitFor();
      await newest.getByRole('button', { name: w.check }).click();
      await newest.filter({ hasText: w.right }).waitFor({ timeout: 60_000 });
      await quiet(page);
      await accessible(page);
      assert.deepEqual(await foreign(page, lang), []);
      await page.setViewportSize({ width: 390, height: 844 });
      await accessible(page);
      const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} px wider than the screen`);
    });
  }
}
