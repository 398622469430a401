const en = {
  title: 'Map',
  label: 'Services and what they call',
  table: 'What calls what',
  from: 'Caller',
  to: 'Called',
  nodes: (n: string, e: string) => `${n} nodes, ${e} connections`,
  focus: 'Only what is around one service',
  everything: 'Everything',
  failing: (n: string) => `${n} connections have failing calls`,
  calm: 'No call fails',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  fit: 'Fit',
  hint: 'Drag to move, Ctrl and wheel to zoom. Tab goes from node to node, Enter opens one.',
  empty: 'No calls between services were seen in this time',
  emptyText:
    'The map draws itself from client, producer and consumer spans. Instrument the HTTP, gRPC, database and messaging libraries of at least one service, and pass the trace context on.',
  legend: { service: 'service', virtual: 'not instrumented', failing: 'failing calls' },
  node: (name: string, kind: string, rate: string, errors: string) =>
    `${name}, ${kind}: ${rate}, ${errors} errors`,
};
const ja: typeof en = {
  title: 'マップ',
  label: 'サービスと依存関係',
  table: '呼び出し関係の一覧',
  from: '呼び出し元',
  to: '呼び出し先',
  nodes: (n, e) => `ノード${n}、接続${e}`,
  focus: '特定のサービスの周辺のみ',
  everything: 'すべて',
  failing: (n) => `${n}件の接続で呼び出しが失敗`,
  calm: '失敗した呼び出しなし',
  zoomIn: '拡大',
  zoomOut: '縮小',
  fit: '全体を表示',
  hint: 'ドラッグで移動、Ctrl＋ホイールで拡大・縮小。Tab キーでノードを移動し、Enter キーで開きます。',
  empty: 'この期間にサービス間の呼び出しはありません',
  emptyText:
    'マップは client・producer・consumer スパンから自動で作成します。HTTP・gRPC・データベース・メッセージングのライブラリを計装し、トレースコンテキストを伝播してください。',
  legend: { service: 'サービス', virtual: '未計装', failing: '失敗あり' },
  node: (name, kind, rate, errors) => `${name}（${kind}）: ${rate}、エラー率 ${errors}`,
};
export const texts = { en, ja };
