// The pages of things: a service, an endpoint, releases, the map, databases; each opened by
// its address, in both languages and both schemes.
import assert from 'node:assert/strict';
import { accessible, open, quiet, shoot, walk } from '../lib/browser.mjs';
import { foreign } from '../lib/words.mjs';

const says = {
  en: { releases: 'Releases', map: 'Map', databases: 'Databases', never: 'never seen', nowhere: 'There is no such page', where: 'Where the time goes', usual: /usual requests/, instances: 'Instances' },
  ja: { releases: 'リリース', map: 'マップ', databases: 'データベース', never: '受信なし', where: '時間の内訳（操作別）', usual: /通常のリクエスト/, instances: 'インスタンス' },
};

/** tell records a release as a pipeline does. */
async function tell(context, world, body) {
  const r = await context.request.post(`${world.server.url}/api/v1/releases`, { headers: { 'X-Yagura-CSRF': '1' }, data: body });
  assert.ok(r.ok(), await r.text());
  return r.json();
}

export function entities(world) {
  const at = (path) => `${world.server.url}${path}`;
  const heading = (page, name) => page.getByRole('heading', { name, level: 1, exact: true }).waitFor();
  for (const [lang, scheme] of [['en', 'light'], ['ja', 'dark'], ['en', 'dark'], ['ja', 'light']]) {
    const w = says[lang];
    const look = async (page, name) => {
      await quiet(page);
      assert.deepEqual(await foreign(page, lang), [], page.url());
      if (process.env.YAGURA_E2E_PICTURES) await shoot(page, `${lang}-${scheme}-${name}`);
      await accessible(page);
    };

    walk(`a service and its endpoint (${lang}, ${scheme})`, world, { lang, scheme }, async (context) => {
      const page = await open(context, at('/services/front'));
      await heading(page, 'front');
      const endpoint = page.getByRole('link', { name: 'POST /order', exact: true }).first();
      await endpoint.waitFor();
      await look(page, 'service');
      await endpoint.click();
      await heading(page, 'POST /order');
      await page.getByRole('heading', { name: w.where, exact: true }).waitFor();
      await page.getByRole('table', { name: w.where, exact: true }).getByRole('row').nth(1).waitFor();
      await look(page, 'endpoint');
      // A bar opens the trace that it was read from.
      const bar = page.locator('main dd li a').first();
      assert.match(await bar.getAttribute('href'), /\/traces\/[0-9a-f]{32}.*span=[0-9a-f]{16}/);
    });

    walk(`releases (${lang}, ${scheme})`, world, { lang, scheme }, async (context) => {
      const version = `2.${lang}.${scheme}`;
      const known = await tell(context, world, { service: 'front', env: '', version, commit: '4bf92f3577b34da6', author: 'Aoi', url: 'https://github.com/acme/front/actions/runs/7', time: new Date(Date.now() - 5 * 60e3).toISOString() });
      const lost = await tell(context, world, { service: 'fornt', env: '', version, author: 'Aoi' });
      assert.equal(known.known, true);
      assert.equal(lost.known, false, 'nothing ever came of a service that is misspelt');
      const page = await open(context, at('/releases'));
      await heading(page, w.releases);
      const row = (service) => page.getByRole('row').filter({ hasText: service }).filter({ hasText: version });
      // A range ends with a whole second: what was told within it comes with the next look.
      await row('fornt').getByText(w.never).waitFor({ timeout: 60_000 });
      await look(page, 'releases');
      await row('front').getByRole('link', { name: version, exact: true }).click();
      await heading(page, `front ${version}`);
      await page.getByRole('heading', { name: w.instances, exact: true }).waitFor();
      await look(page, 'release');
      await page.goto(at(`/releases/${lost.id}`));
      await heading(page, `fornt ${version}`);
      await page.getByText(w.never).waitFor();
      await look(page, 'release never seen');
    });

    walk(`the map and databases (${lang}, ${scheme})`, world, { lang, scheme }, async (context) => {
      const page = await open(context, at('/map'));
      await heading(page, w.map);
      await page.locator('main svg').getByRole('link', { name: /^payment/ }).waitFor();
      await look(page, 'map');
      await page.goto(at('/databases'));
      await heading(page, w.databases);
      await look(page, 'databases');
    });
  }

  walk('where there is no page, the navigation stays', world, {}, async (context) => {
    const page = await open(context, at('/no/such/page'));
    await page.getByRole('navigation').getByRole('link', { name: 'Services', exact: true }).waitFor();
    await accessible(page);
    await page.getByRole('navigation').getByRole('link', { name: 'Services', exact: true }).click();
    await heading(page, 'Services');
  });

  walk('a trace is compared with its usual', world, { lang: 'ja', scheme: 'dark' }, async (context) => {
    const page = await open(context, at(`/traces/${world.story.failed.at(-1).trace}`));
    // Too few requests were sent to say what is usual, and the page says so.
    await page.getByText(says.ja.usual).first().waitFor();
    await quiet(page);
    await accessible(page);
  });
}
