// Chromium, and pages that are watched: whatever a page complains about fails its test.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

const here = import.meta.dirname;
const require = createRequire(join(here, '../../../web/package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const out = join(here, '../out');

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

/** How a context looks at the product; the scheme is the product's own choice. */
export const looks = {
  viewport: { width: 1440, height: 900 },
  timezoneId: 'Asia/Tokyo',
  locale: 'en-US',
  reducedMotion: 'reduce',
  permissions: ['clipboard-read', 'clipboard-write'],
};

/** init is stored in the browser before a page's own scripts run. */
export function prefer(context, { lang, scheme }) {
  return context.addInitScript(
    ([l, s]) => {
      if (l) localStorage.setItem('yagura.lang', l);
      if (s) localStorage.setItem('yagura.scheme', s);
    },
    [lang, scheme],
  );
}

/**
 * watch collects what goes wrong on a page. allowed are [status, pattern of the address]
 * of refusals that belong to the test.
 */
export function watch(page, allowed = []) {
  const wrong = [];
  const expected = (status, url) => allowed.some(([s, p]) => s === status && p.test(url));
  page.on('pageerror', (e) => wrong.push(`uncaught: ${e.stack ?? e}`));
  page.on('console', (m) => {
    // Failed loads are judged by their answers, below.
    if (m.type() === 'error' && !/^Failed to load resource/.test(m.text())) wrong.push(`console: ${m.text()}`);
  });
  page.on('response', (r) => {
    if (r.status() >= 400 && !expected(r.status(), r.url()))
      wrong.push(`${r.request().method()} ${r.url()}: ${r.status()}`);
  });
  page.on('requestfailed', (r) => {
    // A page that is left takes its questions back.
    if (r.failure()?.errorText !== 'net::ERR_ABORTED') wrong.push(`${r.url()}: ${r.failure()?.errorText}`);
  });
  return wrong;
}

/** open makes a watched page of a context. */
export async function open(context, url, allowed) {
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.wrong = watch(page, allowed);
  await page.goto(url);
  return page;
}

/** quiet: nothing is loading, nothing is stale, nothing has gone wrong so far. */
export async function quiet(page) {
  await page.waitForFunction(
    () => document.querySelector('h1') && !document.querySelector('main .stale, main [aria-busy="true"]'),
  );
  assert.deepEqual(page.wrong, []);
}

/** accessible fails on what axe calls serious or critical. */
export async function accessible(page) {
  // The page's policy forbids foreign scripts; the debugger may still bring one.
  if (!(await page.evaluate('typeof window.axe === "object"'))) await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const r = await window.axe.run(document, { resultTypes: ['violations'] });
    return r.violations
      .filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .map((v) => ({
        rule: v.id,
        what: v.help,
        where: v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')}: ${n.html.slice(0, 160)} ${n.any[0]?.message ?? ''}`),
        nodes: v.nodes.length,
      }));
  });
  assert.deepEqual(found, [], `axe at ${page.url()}`);
}

/** shoot keeps a picture in out/. */
export async function shoot(page, name) {
  mkdirSync(out, { recursive: true });
  await page.screenshot({ path: join(out, `${name.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 90)}.png`), timeout: 5000 }).catch(() => {});
}

/**
 * walk is a test in a context of its own: signed in, unless prefs.fresh, and in the
 * language and scheme of prefs. When it fails, pictures of its pages are kept; when it
 * ends, its pages must not have complained. prefs.needed says after a failure whether
 * something is missing that all others build on: then they fail at once.
 */
export function walk(name, world, prefs, body) {
  test(name, { timeout: 90_000 }, async () => {
    if (world.broken) throw new Error(`cannot begin, for this failed: ${world.broken}`);
    const context = await world.browser.newContext({ ...looks, storageState: prefs.fresh ? undefined : world.state });
    let failed = true;
    try {
      await prefer(context, prefs);
      // A person's own choice wins over what the browser remembers.
      if (!prefs.fresh) {
        const r = await context.request.patch(`${world.server.url}/api/v1/users/me`, {
          headers: { 'X-Yagura-CSRF': '1' },
          data: { lang: prefs.lang ?? 'en' },
        });
        assert.ok(r.ok(), await r.text());
      }
      await body(context);
      for (const p of context.pages()) assert.deepEqual(p.wrong ?? [], []);
      failed = false;
    } finally {
      if (failed && prefs.needed?.()) world.broken = name;
      if (failed) for (const [i, p] of context.pages().entries()) await shoot(p, `${name}-${i}`);
      await context.close();
    }
  });
}
