// The first minutes with a new server: setup link, first page, ingest token, first data.
import assert from 'node:assert/strict';
import { open, accessible, prefer, quiet, looks, walk } from '../lib/browser.mjs';
import { post, sender } from '../lib/otlp.mjs';
import { story } from '../lib/story.mjs';
import { eventually } from '../lib/wait.mjs';
import { foreign, words } from '../lib/words.mjs';

export const admin = { name: 'Aoi', email: 'aoi@example.com', password: 'correct horse battery' };

/** The server's own answer, in the session of a context. */
export async function ask(context, world, path) {
  const r = await context.request.get(`${world.server.url}/api/v1${path}`);
  assert.ok(r.ok(), `${path}: ${r.status()} ${await r.text()}`);
  return r.json();
}

/** The field for a password by its label, which a star may follow. */
export function secret(page, label) {
  const text = label.replace(/[()（）]/g, '\\$&');
  return page.getByLabel(new RegExp(`^${text}\\s*\\*?$`)).and(page.locator('input'));
}

async function fill(page, w, given) {
  await page.getByRole('textbox', { name: w.name, exact: true }).fill(given.name);
  await page.getByRole('textbox', { name: w.email, exact: true }).fill(given.email);
  await secret(page, w.password).fill(given.password);
  await secret(page, w.repeat).fill(given.repeat ?? given.password);
}

/** theEndpoint checks that what stands there to be pasted would reach this very server. */
export async function theEndpoint(page, world) {
  const snippet = page.getByRole('tabpanel');
  assert.match(await snippet.innerText(), new RegExp(`OTEL_EXPORTER_OTLP_ENDPOINT=${world.server.otlp}\\s`));
  await page.getByRole('tab', { name: 'Collector' }).click();
  await snippet.getByText('exporters:').first().waitFor();
  assert.match(await snippet.innerText(), new RegExp(`endpoint: ${world.server.grpc}\\s`));
}

export function begin(world) {
  for (const lang of ['en', 'ja']) {
    walk(`a new server asks for the setup link (${lang})`, world, { fresh: true, lang }, async (context) => {
      const page = await open(context, `${world.server.url}/logs`, [[401, /\/api\/v1\/session$/]]);
      await page.getByRole('heading', { name: words[lang].newServer }).waitFor();
      await accessible(page);
    });
  }

  walk('the setup page creates the administrator, once', world, { fresh: true, lang: 'ja', scheme: 'light', needed: () => !world.state }, async (context) => {
    const w = words.ja;
    const link = world.server.setupLink();
    assert.ok(link, `no setup link was printed:\n${world.server.output()}`);
    const page = await open(context, link, [[401, /\/session$/]]);
    await page.getByRole('heading', { name: w.setup, level: 1 }).waitFor();
    assert.equal(await page.title(), `${w.setup} · Yagura`);
    await accessible(page);
    assert.deepEqual(await foreign(page, 'ja'), []);

    const button = page.getByRole('button', { name: w.setupButton });
    await fill(page, w, { ...admin, password: 'short' });
    await page.getByText('10文字以上にしてください').waitFor();
    assert.ok(await button.isDisabled());
    await fill(page, w, { ...admin, repeat: 'something else' });
    await page.getByText('パスワードが一致しません').waitFor();
    assert.ok(await button.isDisabled());

    await fill(page, w, admin);
    await button.click();
    await page.waitForURL('**/services');
    await page.getByRole('heading', { name: w.services, level: 1 }).waitFor();
    await quiet(page);
    world.state = await context.storageState();

    const again = await world.browser.newContext(looks);
    try {
      await prefer(again, { lang: 'en' });
      const late = await open(again, link, [[401, /\/session$/], [401, /\/setup$/], [403, /\/setup$/], [404, /\/setup$/], [409, /\/setup$/], [422, /\/setup$/]]);
      await fill(late, words.en, { ...admin, email: 'late@example.com' });
      await late.getByRole('button', { name: words.en.setupButton }).click();
      await late.getByRole('alert').getByText(/not valid any more/).waitFor();
      assert.deepEqual(late.wrong, []);
    } finally {
      await again.close();
    }
  });

  for (const [lang, scheme] of [['en', 'dark'], ['ja', 'light']]) {
    walk(`empty pages teach (${lang}, ${scheme})`, world, { lang, scheme }, async (context) => {
      const w = words[lang];
      const page = await open(context, `${world.server.url}/`);
      await page.getByRole('heading', { name: w.empty }).waitFor();
      for (const place of ['services', 'logs', 'traces', 'metrics', 'status']) {
        await page.getByRole('navigation').getByRole('link', { name: w[place], exact: true }).click();
        await page.getByRole('heading', { name: w[place], level: 1, exact: true }).waitFor();
        await quiet(page);
        await accessible(page);
        assert.deepEqual(await foreign(page, lang), [], place);
      }
    });
  }

  walk('the empty page names the exact endpoint', world, { lang: 'en' }, async (context) => {
    const page = await open(context, `${world.server.url}/services`);
    await page.getByRole('heading', { name: words.en.empty }).waitFor();
    await theEndpoint(page, world);
  });

  walk('an ingest token made by clicking lets data in', world, { needed: () => !world.story }, async (context) => {
    const w = words.en;
    const told = story();
    const refused = await post(world.server.otlp, 'logs', { resourceLogs: [] });
    assert.equal(refused.status, 401, 'data without a token');

    // Left open: it must fill by itself.
    const waiting = await open(context, `${world.server.url}/services`);
    await waiting.getByRole('heading', { name: w.empty }).waitFor();

    const page = await open(context, `${world.server.url}/services`);
    await page.getByRole('link', { name: w.settings, exact: true }).click();
    await page.getByRole('tab', { name: w.tokens }).click();
    await page.getByRole('button', { name: w.addToken }).click();
    const form = page.getByRole('dialog', { name: w.addToken });
    await form.getByLabel(w.name).fill('collector');
    await form.getByRole('button', { name: w.addToken }).click();
    const ready = page.getByRole('dialog', { name: w.tokenReady });
    const secret = await ready.locator('code').first().innerText();
    assert.match(secret, /^yagi_\w+$/);
    assert.ok((await ready.getByRole('tabpanel').innerText()).includes(secret), 'the snippet holds the token');
    await ready.getByRole('button', { name: w.copy, exact: true }).first().click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
    await page.keyboard.press('Escape');
    await ready.waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: 'collector', exact: true }).waitFor();
    assert.ok(!(await page.content()).includes(secret), 'the secret is shown only once');

    world.send = sender(world.server.otlp, secret);
    await world.send.logs(told.logs);
    await world.send.spans(told.spans);
    await world.send.metrics('front', told.metrics);
    await eventually('all that was sent can be searched', 20_000, async () => {
      const [l, s] = await Promise.all([ask(context, world, '/logs/count'), ask(context, world, '/spans/count')]);
      return l.count === told.logs.length && s.count === told.spans.length;
    });
    await eventually('the metrics are there', 20_000, async () => {
      const { items } = await ask(context, world, '/metrics/names?match=shop');
      return items.length === 3;
    });
    world.story = told;

    // A page in the background does not refresh; one that is looked at does, every 15 s.
    await waiting.bringToFront();
    await waiting.getByRole('table').getByRole('link', { name: 'payment', exact: true }).waitFor({ timeout: 30_000 });
    await quiet(waiting);
  });
}
