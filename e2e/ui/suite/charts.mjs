// Charts: what is drawn answers to the pointer, and to the day or week before.
import assert from 'node:assert/strict';
import { accessible, open, quiet, walk } from '../lib/browser.mjs';
import { words } from '../lib/words.mjs';

const w = words.en;

/** drag from one share of an element's width to another. */
async function drag(page, element, from, to) {
  const box = await element.boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, y, { steps: 5 });
  await page.mouse.up();
}

export function charts(world) {
  walk('bars tell what is under the pointer, and a drag zooms', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/logs`);
    const figure = page.getByRole('figure', { name: w.logsOverTime });
    const over = figure.locator('.u-over');
    await over.waitFor();
    await quiet(page);
    // A row of the table that stands in for the drawing has what the bars have.
    const table = figure.getByRole('table');
    const counted = await table.locator('tbody td:not(:first-child)').allInnerTexts();
    const { count } = await (await context.request.get(`${world.server.url}/api/v1/logs/count`)).json();
    assert.equal(counted.reduce((n, s) => n + Number(s.replaceAll(',', '')), 0), count);
    const box = await over.boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
    await figure.getByText(/\d\d:\d\d:\d\d – \d\d:\d\d:\d\d/).waitFor();
    await drag(page, over, 0.8, 0.95);
    await page.waitForURL((u) => {
      const [from, to] = ['from', 'to'].map((k) => Date.parse(u.searchParams.get(k) ?? ''));
      return to - from > 8 * 60e3 && to - from < 10 * 60e3;
    });
  });

  walk('what is clicked on the map of durations is what is listed', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/traces?chart=durations&filter=name:nightly`);
    const figure = page.getByRole('figure', { name: w.durationMap });
    await figure.getByRole('table').locator('tbody tr').first().waitFor();
    await quiet(page);
    const area = figure.locator('canvas').locator('..');
    const box = await area.boundingBox();
    let found;
    for (let x = box.width - 30; x > 60 && !found; x -= 4)
      for (let y = 6; y < box.height - 24 && !found; y += 40) {
        await page.mouse.move(box.x + x, box.y + y);
        if ((await area.evaluate((el) => el.style.cursor)) === 'pointer') found = [box.x + x, box.y + y];
      }
    assert.ok(found, 'a cell is found');
    await figure.getByText('8 s – 10 s').or(figure.getByText('10 s – 12.5 s')).waitFor();
    await page.mouse.click(...found);
    await page.waitForURL(
      (u) => u.searchParams.get('filter') === 'name:nightly duration>=10s duration<12.5s',
    );
    await page
      .getByRole('table', { name: w.traceList })
      .getByRole('row')
      .filter({ hasText: 'nightly' })
      .waitFor();
    await quiet(page);
    await accessible(page);
  });

  walk('the week before is chosen once and goes along', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/services`);
    await page.getByRole('table').getByRole('link', { name: 'payment', exact: true }).waitFor();
    await page.keyboard.press('t');
    await page.getByRole('radiogroup', { name: w.compare }).getByText(w.weekBefore, { exact: true }).click();
    await page.waitForURL((u) => u.searchParams.get('compare') === 'week');
    await page.keyboard.press('Escape');
    await page.getByTitle(`There was none on the ${w.weekBefore.toLowerCase()}`).first().waitFor();
    await accessible(page);
    await page.getByRole('navigation').getByRole('link', { name: w.logs, exact: true }).click();
    await page.waitForURL((u) => u.pathname === '/logs' && u.searchParams.get('compare') === 'week');
    await page.getByRole('button', { name: /vs week before/ }).waitFor();
    await page
      .getByRole('figure', { name: w.logsOverTime })
      .getByText('week before', { exact: true })
      .waitFor();
    await quiet(page);
  });

  walk('a native histogram is a heat map', world, {}, async (context) => {
    const page = await open(context, `${world.server.url}/metrics`);
    await page.getByRole('textbox', { name: 'Find a metric' }).fill('shop_wait');
    await page
      .getByRole('button', { name: /shop_wait_seconds/ })
      .first()
      .click();
    const figure = page.getByRole('figure', { name: /Spread/ });
    await figure.getByRole('table').locator('tbody tr').first().waitFor();
    await quiet(page);
    const drawn = await figure.locator('canvas').evaluate((c) => {
      const px = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      let n = 0;
      for (let i = 3; i < px.length; i += 4) if (px[i] > 0) n++;
      return n;
    });
    assert.ok(drawn > 500, `${drawn} pixels are drawn`);
    await accessible(page);
  });
}
