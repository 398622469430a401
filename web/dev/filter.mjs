// Just enough of the filter to try the interface without a server: words, phrases,
// key:value, level and number orderings, -; no OR and no parentheses.
const order = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const fold = (s) => s.normalize('NFKC').toLowerCase();

export function check(text) {
  const quotes = (text.replace(/\\"/g, '').match(/"/g) ?? []).length;
  if (quotes % 2 === 1) {
    const at = text.lastIndexOf('"');
    return {
      message: 'A quote is not closed.',
      pos: Buffer.byteLength(text.slice(0, at)),
      end: Buffer.byteLength(text),
    };
  }
  const open = /(^|\s)([\w.]+(?::|>=|<=|>|<))(\s|$)/.exec(text);
  if (open) {
    const at = Buffer.byteLength(text.slice(0, open.index + open[1].length));
    return { message: `A value is missing after ${open[2]}`, pos: at, end: at + Buffer.byteLength(open[2]) };
  }
  return undefined;
}

export function value(row, key) {
  if (key in row && typeof row[key] === 'string') return row[key];
  if (key === 'duration') return String(row.duration_ns);
  return row.attributes?.[key] ?? row.resource?.[key.replace('resource.', '')] ?? '';
}

const units = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
function number(s) {
  const m = /^([\d.]+)(ns|us|ms|s|m|h)?$/.exec(s);
  return m ? Number(m[1]) * (units[m[2]] ?? 1) : Number.NaN;
}

export function matcher(text) {
  const terms = (text ?? '').match(/-?(?:[^\s"]*"[^"]*"|[^\s]+)/g) ?? [];
  const tests = terms.map((raw) => {
    const not = raw.startsWith('-') && raw.length > 1;
    const body = not ? raw.slice(1) : raw;
    const m = /^([\w.]+)(>=|<=|:|>|<)(.*)$/.exec(body);
    let test;
    if (!m || body.startsWith('"')) {
      const w = fold(body.replace(/^"|"$/g, ''));
      test =
        w === '*'
          ? () => true
          : (row) => fold(`${row.body ?? ''} ${row.name ?? ''} ${row.exception?.message ?? ''}`).includes(w);
    } else {
      const [, key, op, rawValue] = m;
      const want = rawValue.replace(/^"|"$/g, '');
      if (op === ':') {
        const re = new RegExp(`^${want.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
        test = (row) => value(row, key) !== '' && re.test(value(row, key));
      } else {
        const num = key === 'level' ? order.indexOf(want) : number(want);
        test = (row) => {
          const v = key === 'level' ? order.indexOf(row.level) : Number(value(row, key) || Number.NaN);
          return op === '>' ? v > num : op === '>=' ? v >= num : op === '<' ? v < num : v <= num;
        };
      }
    }
    return not ? (row) => !test(row) : test;
  });
  return (row) => tests.every((t) => t(row));
}
