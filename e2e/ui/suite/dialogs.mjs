// What opens over a page: dialogs, menus and choices, in both languages.
import assert from 'node:assert/strict';
import { accessible, open, shoot, walk } from '../lib/browser.mjs';
import { foreign, words } from '../lib/words.mjs';

export function dialogs(world) {
  for (const [lang, scheme] of [['en', 'dark'], ['ja', 'light']]) {
    const over = (name, body) =>
      walk(`${name} (${lang}, ${scheme})`, world, { lang, scheme }, async (context) => {
        const page = await open(context, `${world.server.url}/settings/tokens`);
        await page.getByRole('heading', { name: words[lang].settings, level: 1 }).waitFor();
        await page.getByRole('cell', { name: 'collector', exact: true }).waitFor();
        await body(page, words[lang]);
        assert.deepEqual(await foreign(page, lang), []);
        if (process.env.YAGURA_E2E_PICTURES) await shoot(page, `${lang}-${scheme}-${name}`);
        await accessible(page);
      });

    over('creating a token', async (page, w) => {
      await page.getByRole('button', { name: w.addToken }).click();
      await page.getByRole('dialog', { name: w.addToken }).getByLabel(w.name).fill('probe');
    });
    over('a new token', async (page, w) => {
      await page.getByRole('button', { name: w.addToken }).click();
      const form = page.getByRole('dialog', { name: w.addToken });
      await form.getByLabel(w.name).fill(`reader-${lang}`);
      await form.getByText('API', { exact: true }).click();
      await form.getByRole('button', { name: w.addToken }).click();
      await page.getByRole('dialog', { name: w.tokenReady }).locator('code').first().waitFor();
    });
    over('revoking a token', async (page, w) => {
      await page.getByRole('row').filter({ hasText: `reader-${lang}` }).getByRole('button').click();
      const ask = page.getByRole('dialog', { name: w.deleteToken });
      await ask.getByText(`reader-${lang}`).waitFor();
      await ask.getByRole('button', { name: w.deleteToken }).click();
      await ask.waitFor({ state: 'detached' });
      await page.getByRole('row').filter({ hasText: `reader-${lang}` }).getByText(w.revoked).waitFor();
    });
    over('the time range', async (page, w) => {
      await page.keyboard.press('t');
      await page.getByRole('textbox', { name: w.from }).waitFor();
    });
    over('the environment', async (page) => {
      await page.keyboard.press('e');
      await page.getByRole('menuitem', { name: 'production' }).click();
      await page.waitForURL((u) => u.searchParams.get('env') === 'production');
      await page.getByRole('menu').waitFor({ state: 'detached' });
      await page.keyboard.press('e');
      await page.getByRole('menuitem', { name: 'production' }).waitFor();
    });
    over('the help', async (page, w) => {
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: w.help }).getByText('level>=error').waitFor();
    });
    over('the palette', async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').getByRole('option').first().waitFor();
    });
  }
}
