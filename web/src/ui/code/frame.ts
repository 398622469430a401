// What a stack trace and a span say about a place in source: the clue with which the server
// is asked for the lines. Nothing is resolved here; what cannot be read gives no clue.

/** Clue is what is known of a place: any part of it may be missing. */
export interface Clue {
  function?: string;
  file?: string;
  line?: number;
  method?: string;
  route?: string;
  statement?: string;
}

/** A frame and the lines of the stack trace that it takes. */
export interface Frame {
  lines: string[];
  clue: Clue | undefined;
}

const goPlace = /^\s+(\S.*\.go):(\d+)/;
const python = /^\s*File "([^"]+)", line (\d+)(?:, in (.+))?/;
// at shop.Pay.go(Pay.java:9), with a module's name before it: app//shop.Pay.go(Pay.java:9)
const jvm = /^\s*at (?:[\w.@-]*\/+)?([\w.$<>]+)\(([\w$-]+\.(?:java|kt|kts|scala|groovy|clj)):(\d+)\)/;
// at Shop.Pay.Go(String x) in /src/Pay.cs:line 3
const dotnet = /^\s*at (.+?)\(.*\) in (.+):line (\d+)/;
// at pay (/app/pay.js:3:1), at async Pay.go (file:///app/pay.js:3:1), at /app/pay.js:3:1
const node = /^\s*at (?:async )?(?:(.+?) \()?(?:file:\/\/)?([^()\s]+?):(\d+):\d+\)?$/;
// pay@https://shop.example.com/assets/pay.js:3:1
const browser = /^(.*)@(\S+?\.[cm]?[jt]sx?)(?:\?\S*)?:(\d+)(?::\d+)?$/;
// app/pay.rb:3:in 'Shop::Pay#go', and with a backtick before Ruby 3.4
const ruby = /^\s*(?:from )?(\S+\.rb):(\d+):in [`'](.+)'/;
// #0 /app/src/Pay.php(3): Shop\Pay->go()
const php = /^#\d+ (\S+\.php)\((\d+)\)(?:: (.+?)\()?/;

/** clueOfFrame reads a frame, which takes two lines in Go and more in Python. */
export function clueOfFrame(lines: readonly string[]): Clue | undefined {
  const head = lines[0] ?? '';
  let m = goPlace.exec(lines[1] ?? '');
  if (m) return clue(goFunction(head), m[1], m[2]);
  m = python.exec(head);
  if (m) return clue(m[3]?.replace('<module>', ''), m[1], m[2]);
  m = jvm.exec(head);
  if (m) return clue(m[1], m[2], m[3]);
  m = dotnet.exec(head);
  if (m) return clue(m[1], m[2], m[3]);
  m = ruby.exec(head);
  if (m) return clue(m[3], m[1], m[2]);
  m = php.exec(head);
  if (m) return clue(m[3], m[1], m[2]);
  m = node.exec(head);
  if (m) return clue(m[1]?.replace(/^new /, '').replace(/ \[as .+\]$/, ''), m[2], m[3]);
  m = browser.exec(head);
  if (m) return clue(m[1], m[2]?.replace(/^[a-z]+:\/\/[^/]+/, ''), m[3]);
  return undefined;
}

/** goFunction takes the arguments away, and what began a goroutine. */
function goFunction(line: string): string {
  return line
    .replace(/^created by /, '')
    .replace(/ in goroutine \d+$/, '')
    .replace(/\([^()]*\)$|\((?:[^()]|\([^()]*\)|\{[^{}]*\})*\)$/, '')
    .trim();
}

function clue(fn: string | undefined, file: string | undefined, line: string | undefined): Clue | undefined {
  if (!file || /^(node:|<|native)/.test(file)) return undefined;
  const name = fn?.trim();
  return { ...(name ? { function: name } : {}), file, ...(Number(line) > 0 ? { line: Number(line) } : {}) };
}

/** framesOf cuts lines of a stack trace into frames; what is none keeps its place. */
export function framesOf(lines: readonly string[]): Frame[] {
  const out: Frame[] = [];
  for (let i = 0; i < lines.length; i++) {
    const own = [lines[i]!];
    if (goPlace.test(lines[i + 1] ?? '') && !goPlace.test(lines[i]!)) own.push(lines[++i]!);
    else if (python.test(own[0]!))
      while (/^\s{4,}\S/.test(lines[i + 1] ?? '') && !python.test(lines[i + 1]!)) own.push(lines[++i]!);
    out.push({ lines: own, clue: clueOfFrame(own) });
  }
  return out;
}

interface Part {
  kind: 'own' | 'library' | 'text';
  lines: string[];
}

/** topClue is the frame in which it went wrong: the topmost one of own code, else of any.
 * Python writes the innermost call last. */
export function topClue(parts: readonly Part[]): Clue | undefined {
  for (const kind of ['own', 'library'] as const) {
    const found = parts
      .filter((p) => p.kind === kind)
      .flatMap((p) => framesOf(p.lines))
      .filter((f) => f.clue);
    if (found.length === 0) continue;
    const last = python.test(found[0]!.lines[0]!);
    return (last ? found[found.length - 1] : found[0])?.clue;
  }
  return undefined;
}

export const sameClue = (a: Clue | undefined, b: Clue | undefined) =>
  a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b);

interface SpanLike {
  kind: string;
  attributes: Record<string, string>;
}

/** clueOfSpan is what a span says of its place: code.*, else the statement of a database's,
 * else the route of a server's. */
export function clueOfSpan({ kind, attributes: a }: SpanLike): Clue | undefined {
  const named = a['code.function.name'] || join(a['code.namespace'], a['code.function']);
  const file = a['code.file.path'] || a['code.filepath'];
  const line = Number(a['code.line.number'] || a['code.lineno']);
  if (named || file)
    return {
      ...(named ? { function: named } : {}),
      ...(file ? { file } : {}),
      ...(line > 0 ? { line } : {}),
    };
  const statement = a['db.query.text'] || a['db.statement'];
  if (statement) return { statement: statement.slice(0, 4000) };
  const route = a['http.route'];
  if (kind === 'server' && route) {
    const method = a['http.request.method'] || a['http.method'];
    return { route, ...(method ? { method } : {}) };
  }
  return undefined;
}

const join = (namespace: string | undefined, fn: string | undefined) =>
  fn ? (namespace ? `${namespace}.${fn}` : fn) : '';
