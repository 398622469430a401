// ClickHouse's SQL as the editor knows it: its words, the functions that are used most, and
// the tables of this server.
import { type Completion, completeFromList } from '@codemirror/autocomplete';
import { SQLDialect, sql } from '@codemirror/lang-sql';
import type { Extension } from '@codemirror/state';

export interface TableOf {
  name: string;
  columns: { name: string; type: string }[];
}

const keywords =
  'select distinct from prewhere where group by order limit offset having with as and or not in is null between like ilike ' +
  'join inner left right full outer cross any all semi anti asof on using array union except intersect case when then else end ' +
  'asc desc nulls first last fill step interpolate totals rollup cube over partition window rows range unbounded preceding following current row ' +
  'explain plan pipeline ast syntax estimate describe table interval final sample ties true false global exists cast qualify';

const types =
  'uint8 uint16 uint32 uint64 int8 int16 int32 int64 float32 float64 decimal string fixedstring date datetime datetime64 bool array map tuple nullable lowcardinality';

/** Functions with their arguments: an answer to "how was it called". */
const functions: [string, string][] = [
  ['count', '()'],
  ['countIf', '(condition)'],
  ['sum', '(x)'],
  ['sumIf', '(x, condition)'],
  ['avg', '(x)'],
  ['min', '(x)'],
  ['max', '(x)'],
  ['any', '(x)'],
  ['argMin', '(value, of)'],
  ['argMax', '(value, of)'],
  ['uniq', '(x)'],
  ['uniqExact', '(x)'],
  ['uniqMerge', '(state)'],
  ['quantile', '(0.95)(x)'],
  ['quantiles', '(0.5, 0.95, 0.99)(x)'],
  ['quantileIf', '(0.95)(x, condition)'],
  ['topK', '(10)(x)'],
  ['groupArray', '(10)(x)'],
  ['groupUniqArray', '(10)(x)'],
  ['corr', '(x, y)'],
  ['stddevPop', '(x)'],
  ['toStartOfSecond', '(time)'],
  ['toStartOfMinute', '(time)'],
  ['toStartOfFiveMinutes', '(time)'],
  ['toStartOfFifteenMinutes', '(time)'],
  ['toStartOfHour', '(time)'],
  ['toStartOfDay', "(time, 'Asia/Tokyo')"],
  ['toStartOfInterval', '(time, INTERVAL 5 minute)'],
  ['toDate', '(time)'],
  ['toHour', "(time, 'Asia/Tokyo')"],
  ['toDayOfWeek', '(time)'],
  ['toTimeZone', "(time, 'Asia/Tokyo')"],
  ['formatDateTime', "(time, '%F %T')"],
  ['dateDiff', "('second', from, to)"],
  ['now', '()'],
  ['toString', '(x)'],
  ['toUInt64OrNull', '(text)'],
  ['toFloat64OrNull', '(text)'],
  ['round', '(x, 2)'],
  ['intDiv', '(a, b)'],
  ['least', '(a, b)'],
  ['greatest', '(a, b)'],
  ['if', '(condition, then, else)'],
  ['multiIf', '(condition, then, …, else)'],
  ['coalesce', '(a, b)'],
  ['ifNull', '(x, instead)'],
  ['lower', '(text)'],
  ['upper', '(text)'],
  ['length', '(x)'],
  ['lengthUTF8', '(text)'],
  ['substring', '(text, from, length)'],
  ['position', '(text, part)'],
  ['match', "(text, 'regexp')"],
  ['extract', "(text, 'regexp')"],
  ['replaceRegexpAll', "(text, 'regexp', 'by')"],
  ['splitByChar', "(',', text)"],
  ['concat', '(a, b)'],
  ['startsWith', '(text, part)'],
  ['endsWith', '(text, part)'],
  ['hex', '(bytes)'],
  ['unhex', '(text)'],
  ['JSONExtractString', "(resource, 'key')"],
  ['mapKeys', '(attributes)'],
  ['mapValues', '(attributes)'],
  ['mapContains', "(attributes, 'key')"],
  ['arrayJoin', '(array)'],
  ['arrayMap', '(x -> x, array)'],
  ['arrayFilter', '(x -> x > 0, array)'],
  ['arrayElement', '(array, 1)'],
  ['has', '(array, x)'],
  ['lagInFrame', '(x) OVER (…)'],
  ['leadInFrame', '(x) OVER (…)'],
  ['row_number', '() OVER (…)'],
  ['formatReadableSize', '(bytes)'],
  ['formatReadableQuantity', '(n)'],
];

const dialect = SQLDialect.define({
  keywords,
  types,
  builtin: functions.map(([name]) => name).join(' '),
  backslashEscapes: true,
  hashComments: false,
  slashComments: false,
  spaceAfterDashes: false,
  doubleQuotedStrings: false,
  identifierQuotes: '`"',
  operatorChars: '*+-%<>!=&|~^/?:',
  caseInsensitiveIdentifiers: false,
});

/** clickhouse colours and completes statements on these tables. */
export function clickhouse(tables: readonly TableOf[], words: { from: string; to: string }): Extension {
  const schema = Object.fromEntries(
    tables.map((t) => [
      t.name,
      t.columns.map((c): Completion => ({ label: c.name, detail: c.type, type: 'property' })),
    ]),
  );
  // Columns complete before there is a FROM too; a name in several tables is offered once.
  const all = new Map<string, Completion>();
  for (const t of tables)
    for (const c of t.columns) {
      const was = all.get(c.name);
      all.set(c.name, {
        boost: Math.min(20, (was?.boost ?? 0) + 2),
        label: c.name,
        type: 'property',
        detail: was ? '…' : c.type,
        info: was ? `${was.info}, ${t.name}` : t.name,
      });
    }
  const more = completeFromList([
    ...all.values(),
    ...functions.map(
      ([label, detail]): Completion => ({ label, detail, type: 'function', apply: `${label}(`, boost: -1 }),
    ),
    { label: '{from:DateTime64(9)}', type: 'constant', info: words.from },
    { label: '{to:DateTime64(9)}', type: 'constant', info: words.to },
  ]);
  const lang = sql({ dialect, schema, upperCaseKeywords: true });
  return [lang, dialect.language.data.of({ autocomplete: more })];
}
