// A stack trace cut into frames, own code apart from that of libraries and languages. It only
// decides what is folded: every line is kept, in its order.

export interface Part {
  /** own: of the service; library: folded; text: no frame, always shown. */
  kind: 'own' | 'library' | 'text';
  lines: string[];
}

const goStandard =
  /^(archive|bufio|bytes|cmp|compress|container|context|crypto|database|debug|embed|encoding|errors|expvar|flag|fmt|go|hash|html|image|internal|io|iter|log|maps|math|mime|net|os|path|reflect|regexp|runtime|slices|sort|strconv|strings|sync|syscall|testing|text|time|unicode|panic|created by runtime)[./(]/;
const jvm =
  /^at (?:[\w.@-]*\/)?(java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|clojure|android|androidx|org\.(springframework|apache|hibernate|eclipse|jboss|postgresql|slf4j|aspectj|glassfish)|io\.(netty|grpc|micrometer|opentelemetry|vertx|quarkus|undertow|lettuce|reactivex|ktor|micronaut)|reactor|akka|play|okhttp3|okio|ch\.qos|com\.(zaxxer|fasterxml|google\.(common|gson|protobuf)|mysql|mongodb|amazonaws|netflix)|software\.amazon)[.$]/;
const dotnet =
  /^at (System|Microsoft|Npgsql|MySql|MySqlConnector|Grpc|Dapper|Newtonsoft|StackExchange|Serilog|NLog|Polly|OpenTelemetry|Amazon|Azure)\./;
const foreignPath =
  /node_modules\/|node:|\(internal\/|site-packages\/|dist-packages\/|\/lib\/python|<frozen|\/gems\/|\/lib\/ruby\/|<internal:|\/vendor\/|\/pkg\/mod\/|@v\d|\/usr\/local\/go\/src\/|\(<anonymous>\)|\(native\)|\[internal function\]/;

/** partsOf a stack trace, neighbours of one kind together. */
export function partsOf(stack: string): Part[] {
  const lines = stack.replace(/\s+$/, '').split(/\r?\n/);
  const frames: Part[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const next = lines[i + 1];
    if (next !== undefined && /^\s+\S.*\.go:\d+/.test(next)) {
      const fn = line.replace(/^created by /, '');
      frames.push({
        kind: goStandard.test(fn) || foreignPath.test(next) ? 'library' : 'own',
        lines: [line, next],
      });
      i++;
    } else if (/^\s+File "/.test(line)) {
      // Python writes the line of code, and often marks under it, below the frame.
      const own = [line];
      while (/^\s{4,}\S/.test(lines[i + 1] ?? '') && !/^\s+File "/.test(lines[i + 1]!)) own.push(lines[++i]!);
      frames.push({ kind: foreignPath.test(line) ? 'library' : 'own', lines: own });
    } else if (isFrame(line)) {
      const t = line.trim();
      frames.push({
        kind: foreignPath.test(t) || jvm.test(t) || dotnet.test(t) ? 'library' : 'own',
        lines: [line],
      });
    } else frames.push({ kind: 'text', lines: [line] });
  }
  // What recovers from a panic in Go stands above it, and is not where it went wrong.
  const panic = frames.findIndex((f) => /^panic\(/.test(f.lines[0]!));
  for (let i = 0; i < panic; i++) if (frames[i]!.kind === 'own') frames[i]!.kind = 'library';
  const out: Part[] = [];
  for (const f of frames) {
    const last = out[out.length - 1];
    if (last?.kind === f.kind) last.lines.push(...f.lines);
    else out.push(f);
  }
  return out;
}

function isFrame(line: string): boolean {
  return (
    /^\s*at \S/.test(line) || /^#\d+ /.test(line) || /\.rb:\d+:in /.test(line) || /@.*\.js:\d+/.test(line)
  );
}

/** framesIn counts the frames of a part, which take two lines each in Go and Python. */
export function framesIn(p: Part): number {
  const heads = p.lines.filter(
    (l) => !/^\s+\S.*\.go:\d+/.test(l) && (!/^\s{4,}\S/.test(l) || /^\s+(at |File ")/.test(l)),
  );
  return Math.max(1, heads.length);
}
