// One server with sign-in, from its first minute on. The tests build on each other.
import { after, before } from 'node:test';
import { launch } from './lib/browser.mjs';
import { start } from './lib/server.mjs';
import { backups } from './suite/backups.mjs';
import { begin } from './suite/begin.mjs';
import { charts } from './suite/charts.mjs';
import { dialogs } from './suite/dialogs.mjs';
import { entities } from './suite/entities.mjs';
import { errors } from './suite/errors.mjs';
import { logs } from './suite/logs.mjs';
import { pages } from './suite/pages.mjs';
import { figures, keyboard, people } from './suite/people.mjs';
import { promql } from './suite/promql.mjs';
import { sql } from './suite/sql.mjs';
import { status } from './suite/status.mjs';
import { traces } from './suite/traces.mjs';
import { views } from './suite/views.mjs';

const world = {};

before(
  async () => {
    // Receivers on loopback need no token unless they are told to ask for one.
    [world.server, world.browser] = await Promise.all([start({ env: { YAGURA_OTLP_AUTH: 'token' } }), launch()]);
  },
  { timeout: 90_000 },
);
after(async () => {
  await world.browser?.close();
  await world.server?.stop();
});

begin(world);
pages(world);
dialogs(world);
logs(world);
traces(world);
errors(world);
entities(world);
views(world);
sql(world);
promql(world);
status(world);
backups(world);
charts(world);
keyboard(world);
figures(world);
people(world);
