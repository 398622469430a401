// Waiting for conditions, never for a time.
import { setTimeout as pause } from 'node:timers/promises';

/** eventually asks until the answer is true (and gives it), or fails with what was last wrong. */
export async function eventually(what, ms, ask) {
  const until = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = undefined;
    } catch (e) {
      if (e.final) throw e;
      last = e;
    }
    if (Date.now() > until) throw new Error(`not within ${ms} ms: ${what}${last ? `: ${last.message}` : ''}`);
    await pause(50);
  }
}
