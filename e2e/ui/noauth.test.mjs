// A server that was started with --no-auth: nobody is asked who they are.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { accessible, launch, open, quiet, walk } from './lib/browser.mjs';
import { log, sender } from './lib/otlp.mjs';
import { start } from './lib/server.mjs';
import { eventually } from './lib/wait.mjs';
import { words } from './lib/words.mjs';
import { theEndpoint } from './suite/begin.mjs';

const world = {};
const w = words.en;

before(
  async () => {
    [world.server, world.browser] = await Promise.all([start({ args: ['--no-auth'] }), launch()]);
  },
  { timeout: 90_000 },
);
after(async () => {
  await world.browser?.close();
  await world.server?.stop();
});

walk('no sign-in is asked', world, { fresh: true, lang: 'en' }, async (context) => {
  assert.equal(world.server.setupLink(), undefined);
  const page = await open(context, `${world.server.url}/`);
  await page.waitForURL('**/services');
  await page.getByRole('heading', { name: w.empty }).waitFor();
  await quiet(page);
  await page.getByRole('navigation').getByRole('button', { name: 'Everyone' }).click();
  await page.getByText('Without sign-in (--no-auth)').waitFor();
  assert.equal(await page.getByRole('menuitem', { name: w.signOut }).count(), 0);
  await page.keyboard.press('Escape');
  assert.deepEqual(await context.cookies(), []);
});

walk('the empty page asks for no token', world, { fresh: true, lang: 'en' }, async (context) => {
  const page = await open(context, `${world.server.url}/services`);
  const snippet = page.getByRole('tabpanel');
  await snippet.getByText('OTEL_EXPORTER_OTLP_ENDPOINT').waitFor();
  assert.doesNotMatch(await snippet.innerText(), /token|bearer/i);
  await accessible(page);
});

walk('the empty page names the exact endpoint (--no-auth)', world, { fresh: true, lang: 'en' }, async (context) => {
  const page = await open(context, `${world.server.url}/services`);
  await page.getByRole('heading', { name: w.empty }).waitFor();
  await theEndpoint(page, world);
});

walk('what is sent without a token is shown', world, { fresh: true, lang: 'ja', scheme: 'dark' }, async (context) => {
  await sender(world.server.otlp).logs([['front', log({ at: Date.now(), level: 'info', body: '最初のログ' })]]);
  await eventually('the log can be searched', 15_000, async () => {
    const r = await fetch(`${world.server.url}/api/v1/logs/count`);
    return r.ok && (await r.json()).count === 1;
  });
  const page = await open(context, `${world.server.url}/logs`);
  await page.getByRole('row').filter({ hasText: '最初のログ' }).waitFor();
  await quiet(page);
});
