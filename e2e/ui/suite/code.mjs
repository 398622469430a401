// Source: a clone is added and bound to a service, an error shows its lines at the tag of its
// version, and Slack is set up as far as that goes without Slack.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { accessible, open, quiet, walk } from '../lib/browser.mjs';
import { ask } from './begin.mjs';

/** clones is a folder with a clone of a small shop in it, tagged as the version that runs. */
export function clones() {
  const folder = mkdtempSync(join(tmpdir(), 'yagura-clones-'));
  const repo = join(folder, 'shop');
  const write = (path, text) => {
    mkdirSync(dirname(join(repo, path)), { recursive: true });
    writeFileSync(join(repo, path), text);
  };
  const java = Array.from({ length: 60 }, (_, i) => `    // line ${i + 1}`);
  java[0] = 'package shop.payment;';
  java[2] = 'class Terminal {';
  java[38] = '    void charge(Card card) {';
  java[41] = '        throw new IllegalStateException("card terminal is closed");';
  java[42] = '    }';
  java[59] = '}';
  write('payment/pom.xml', '<project/>\n');
  write('payment/src/main/java/shop/payment/Terminal.java', `${java.join('\n')}\n`);
  write('payment/src/main/java/shop/payment/PaymentService.java', 'package shop.payment;\nclass PaymentService {\n    void pay() { terminal.charge(card); }\n}\n');
  write('payment/src/main/resources/cards.sql', 'SELECT * FROM cards WHERE id = ?\n');
  write('CODEOWNERS', 'payment/ @example/payments\n');
  const git = (...args) => execFileSync('git', ['-C', repo, '-c', 'user.name=e2e', '-c', 'user.email=e2e@example.com', ...args], { stdio: 'pipe' });
  execFileSync('git', ['init', '-q', '-b', 'main', repo]);
  git('add', '-A');
  git('commit', '-q', '-m', 'A shop');
  git('tag', 'v1.4.2');
  return folder;
}

export function code(world) {
  const at = (path) => `${world.server.url}${path}`;
  const type = 'java.lang.IllegalStateException';

  walk('without a repository an error says where to choose one', world, {}, async (context) => {
    const page = await open(context, at('/errors?service=payment'), [[404, /\/code\/locate/]]);
    await page.getByRole('link', { name: new RegExp(type.replaceAll('.', '\\.')) }).first().click();
    await page.getByRole('heading', { name: type, level: 1 }).waitFor();
    const asked = [];
    page.on('request', (r) => r.url().includes('/code/locate') && asked.push(r.url()));
    await quiet(page);
    assert.deepEqual(asked, [], 'nothing is asked before it is opened');
    await page.getByRole('button', { name: 'Show the lines' }).click();
    await page.getByText(/It is not known what payment is built from/).waitFor();
    assert.equal(asked.length, 1);
    await accessible(page);
    await page.getByRole('link', { name: 'Settings → Repositories' }).click();
    await page.getByRole('heading', { name: 'No repository yet' }).waitFor();
    await page.getByText('folders: [/srv/git]').waitFor();
    await quiet(page);
    await accessible(page);
  });

  walk('a clone is added by keyboard, and bound by one click', world, { scheme: 'dark' }, async (context) => {
    const page = await open(context, at('/settings/repositories'), [[422, /\/code\/repositories$/]]);
    await page.getByRole('button', { name: 'Add a repository' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Add a repository' });
    await dialog.getByText('Clone on the server', { exact: true }).click();
    const folder = dialog.getByRole('textbox', { name: 'Folder of the clone' });
    await folder.fill('/etc');
    await page.keyboard.press('Enter');
    await dialog.getByText(/code\.folders/).nth(1).waitFor();
    await accessible(page);
    await folder.fill(join(world.clones, 'shop'));
    await page.keyboard.press('Enter');
    await page.getByRole('table', { name: 'Repositories' }).getByText('Can be read').waitFor();
    const services = page.getByRole('table', { name: 'What services are built from' });
    await services.getByRole('button', { name: 'payment is built from payment' }).click();
    await page.getByRole('status').filter({ hasText: 'payment is built from shop / payment.' }).waitFor();
    await services.getByRole('button', { name: 'Forget what payment is built from' }).waitFor();
    assert.deepEqual((await ask(context, world, '/code/bindings')).items.map((b) => [b.service, b.folder]), [['payment', 'payment']]);
    const names = await services.getByRole('row').locator('td:first-child a').allInnerTexts();
    assert.equal(names.at(-1), 'payment', 'those that nobody has chosen for come first');
    await page.getByRole('button', { name: 'Undo' }).click();
    await services.getByRole('button', { name: 'Choose: payment' }).click();
    const choose = page.getByRole('dialog', { name: 'What payment is built from' });
    await choose.getByRole('button', { name: 'payment is built from payment' }).click();
    await choose.getByRole('button', { name: 'Save' }).click();
    await services.getByRole('button', { name: 'Change: payment' }).waitFor();
    await quiet(page);
    await accessible(page);
    await page.getByRole('button', { name: 'Check again: shop' }).click();
    await page.getByRole('table', { name: 'Repositories' }).getByText('Can be read').waitFor();
    await quiet(page);
  });

  walk('an error shows the lines of any frame, and its owners', world, {}, async (context) => {
    const page = await open(context, at('/errors?service=payment'));
    await page.getByRole('link', { name: new RegExp(type.replaceAll('.', '\\.')) }).first().click();
    await page.getByRole('button', { name: 'Show the lines' }).click();
    const hit = page.locator('[data-hit=true]');
    await hit.waitFor();
    assert.match(await hit.innerText(), /^42[\s\S]*card terminal is closed/);
    await page.getByText('exact', { exact: true }).waitFor();
    await page.getByText('@example/payments').waitFor();
    await quiet(page);
    await accessible(page);
    await page.getByRole('button', { name: /PaymentService\.java:118/ }).click();
    await page.getByText(/^payment\/src\/main\/java\/shop\/payment\/PaymentService\.java:/).waitFor();
    await page.getByRole('button', { name: 'Open an issue' }).click();
    const dialog = page.getByRole('dialog', { name: 'Open an issue on GitHub' });
    assert.match(await dialog.getByRole('textbox', { name: 'Title' }).inputValue(), /IllegalStateException: card terminal is closed/);
    const body = dialog.getByRole('textbox', { name: 'Text (Markdown)' });
    await page.waitForFunction(() => /### Source[\s\S]*> 42/.test(document.querySelector('[role=dialog] textarea')?.value ?? ''));
    assert.match(await body.inputValue(), /- \*\*Versions\*\*: `1\.4\.2`[\s\S]*\(http:\/\/127\.0\.0\.1:\d+\/errors\/payment\//);
    await dialog.getByText(/shop is a clone on the server’s machine/).waitFor();
    assert.ok(await dialog.getByRole('button', { name: 'Open the issue' }).isDisabled());
    await accessible(page);
  });

  walk('a span shows the lines of its statement', world, { lang: 'ja', scheme: 'dark' }, async (context) => {
    const order = world.story.failed.at(-1);
    const trace = await ask(context, world, `/traces/${order.trace}`);
    const span = trace.spans.find((s) => s.name === 'SELECT cards').span_id;
    const page = await open(context, at(`/traces/${order.trace}?span=${span}`));
    await page.getByRole('button', { name: '該当行を表示' }).click();
    await page.getByText('payment/src/main/resources/cards.sql:1').first().waitFor();
    await quiet(page);
    await accessible(page);
  });

  walk('Slack says what is missing, and shows an answer about a real request', world, { lang: 'ja' }, async (context) => {
    const page = await open(context, at('/settings/slack'), [[422, /\/slack$/]]);
    await page.getByText('display_information:').waitFor();
    await page.getByRole('button', { name: 'マニフェストをコピー' }).click();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^display_information:\n[\s\S]*bot_events:/);
    await page.getByRole('link', { name: 'トレースを開く' }).waitFor();
    await page.getByRole('textbox', { name: 'アプリレベルトークンの参照先（Socket Mode）' }).fill('env:YAGURA_SECRET_SLACK_APP');
    await page.getByRole('button', { name: '保存して確認' }).click();
    await page.locator('[aria-invalid=true]').first().waitFor();
    await quiet(page);
    await accessible(page);
  });
}
