// Texts of where the time of an endpoint goes.
const en = {
  title: 'Where the time goes',
  kinds: { normal: 'Normal', slow: 'Slow', failed: 'Failed' },
  hints: {
    normal: 'neither failed nor slow',
    slow: (d: string) => `from ${d} on (p95)`,
    failed: 'with error status',
  },
  read: (parts: string, n: string, spans: string) =>
    `Of ${n} requests, read with their traces: ${parts} (${spans} spans). Shares are of their critical paths.`,
  some: (n: string, kind: string) => `${n} ${kind}`,
  left: (n: string) => `${n} could not be read whole: their traces have more than 5,000 spans.`,
  none: 'None of these',
  bar: (kind: string) => `${kind}: share of each operation`,
  segment: (op: string, share: string, mean: string) => `${op}: ${share}, ${mean} a request`,
  operation: 'Operation',
  rest: 'all others',
  share: (kind: string) => `${kind}: share`,
  shareHint:
    'Share of the critical path, and time there in the mean of the requests read. Opens the request in which it took most.',
  difference: 'Slow − normal',
  differenceHint: 'Time on the critical path of a slow request, less that of a normal one',
  calls: 'Calls a request',
  callsHint: 'In the median of the normal requests that have it; of the slow ones, where that differs',
  call: 'One call: p50 · p95',
  callHint: 'Of the normal requests; of the slow ones where no normal one has it',
  empty: 'No request of this endpoint could be read in this time.',
};

const ja: typeof en = {
  title: '時間の内訳（操作別）',
  kinds: { normal: '通常', slow: '遅い', failed: '失敗' },
  hints: {
    normal: '失敗も遅延もなし',
    slow: (d) => `${d}以上（p95）`,
    failed: 'ステータスが error',
  },
  read: (parts, n, spans) =>
    `${n}件のリクエストのうち、トレースを読み取ったもの：${parts}（スパン ${spans}件）。割合はクリティカルパス上の時間です。`,
  some: (n, kind) => `${kind} ${n}件`,
  left: (n) => `${n}件はトレースのスパンが5,000件を超えるため対象外です。`,
  none: '該当なし',
  bar: (kind) => `${kind}：操作ごとの割合`,
  segment: (op, share, mean) => `${op}：${share}、1リクエストあたり${mean}`,
  operation: '操作',
  rest: 'その他',
  share: (kind) => `${kind}の割合`,
  shareHint:
    'クリティカルパスに占める割合と、1リクエストあたりの平均時間。最も時間がかかったリクエストを開きます。',
  difference: '遅い − 通常',
  differenceHint: '遅いリクエストと通常のリクエストの、クリティカルパス上の時間の差',
  calls: '1リクエストの回数',
  callsHint: '通常のリクエストでの中央値。遅いリクエストで異なる場合は併記します',
  call: '1回の p50・p95',
  callHint: '通常のリクエストでの所要時間（通常にない操作は遅いリクエスト）',
  empty: 'この期間に読み取れるリクエストがありません。',
};

export const texts = { en, ja };
