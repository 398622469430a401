// The product as an operator starts it: the real binary on a new data folder and free
// ports. What it prints is kept, for the setup link and for the report of a failure.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from './wait.mjs';

const here = import.meta.dirname;
const binary = resolve(process.env.YAGURA_BIN ?? join(here, '../../../bin/yagura'));

/** freePorts holds all of them at once, so that no two are the same. */
async function freePorts(n) {
  const servers = [];
  for (let i = 0; i < n; i++) {
    const s = createServer().listen(0, '127.0.0.1');
    await once(s, 'listening');
    servers.push(s);
  }
  const ports = servers.map((s) => s.address().port);
  for (const s of servers) {
    s.close();
    await once(s, 'close');
  }
  return ports;
}

/**
 * start gives {url, otlp, output(), setupLink(), stop()}. env is laid over the
 * environment, of which no YAGURA_ setting but the engine's library comes through.
 */
export async function start({ args = [], env = {} } = {}) {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run make build, or set YAGURA_BIN`);
  const dir = mkdtempSync(join(tmpdir(), 'yagura-ui-'));
  const [api, http, grpc] = await freePorts(3);
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([k]) => !k.startsWith('YAGURA_') || k === 'YAGURA_ENGINE_LIB'),
  );
  const child = spawn(
    binary,
    [
      ...['serve', '--data-dir', join(dir, 'data'), '--listen', `127.0.0.1:${api}`],
      ...['--otlp-http', `127.0.0.1:${http}`, '--otlp-grpc', `127.0.0.1:${grpc}`, ...args],
    ],
    // Its own folder: a yagura.yaml lying about must not be found.
    // The suites count all rows that there are, so it keeps nothing of itself.
    { cwd: dir, env: { ...clean, LANG: 'C.UTF-8', YAGURA_SELF_ENABLED: 'false', ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let gone = false;
  for (const s of [child.stdout, child.stderr]) s.setEncoding('utf8').on('data', (text) => (out += text));
  child.on('error', (e) => (out += `\n${e}`));
  const exit = once(child, 'exit').then(() => (gone = true));
  const url = `http://127.0.0.1:${api}`;

  const stop = async () => {
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 40_000);
    await exit;
    clearTimeout(killer);
    rmSync(dir, { recursive: true, force: true });
    if (child.signalCode === 'SIGKILL') throw new Error(`the server did not stop in 40 s:\n${out.slice(-2000)}`);
  };
  try {
    await eventually('the server is ready', 60_000, async () => {
      if (gone) throw Object.assign(new Error(`the server went away:\n${out}`), { final: true });
      return (await fetch(`${url}/readyz`)).ok;
    });
    await eventually('the server says where it is', 10_000, () => out.includes(url));
  } catch (e) {
    await stop().catch(() => {});
    throw new Error(`${e.message}\n${out.slice(-4000)}`);
  }
  return {
    url,
    otlp: `http://127.0.0.1:${http}`,
    grpc: `127.0.0.1:${grpc}`,
    output: () => out,
    setupLink: () => /http:\S+\/setup\?token=\S+/.exec(out)?.[0],
    stop,
  };
}
