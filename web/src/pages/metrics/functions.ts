// What the functions of PromQL do, for who points at one. In our words; those that are not
// here are explained by the completion alone, in English.
import type { Lang } from '~/lib/format';

const docs: Record<string, [usage: string, en: string, ja: string]> = {
  rate: [
    'rate(counter[5m])',
    'How fast a counter grows, per second, as a mean over the window. Restarts are allowed for.',
    'カウンターの 1 秒あたりの増加率です。指定した時間窓の平均で、再起動によるリセットは補正されます。',
  ],
  irate: [
    'irate(counter[5m])',
    'How fast a counter grows by its last two samples: quick to move, and noisy.',
    '直近 2 サンプルから求めた 1 秒あたりの増加率です。変化に敏感ですが、ばらつきも大きくなります。',
  ],
  increase: [
    'increase(counter[1h])',
    'By how much a counter grew within the window.',
    '時間窓の中でカウンターが増えた量です。',
  ],
  delta: [
    'delta(gauge[1h])',
    'The difference between the end and the beginning of the window, for gauges.',
    'ゲージの、時間窓の最初と最後の差です。',
  ],
  idelta: ['idelta(gauge[5m])', 'The difference between the last two samples.', '直近 2 サンプルの差です。'],
  deriv: [
    'deriv(gauge[10m])',
    'The slope of a gauge per second, by linear regression.',
    '線形回帰で求めたゲージの 1 秒あたりの変化です。',
  ],
  predict_linear: [
    'predict_linear(gauge[1h], 4 * 3600)',
    'What a gauge will be after so many seconds if it goes on as in the window.',
    '時間窓の傾向が続いた場合の、指定秒数後の予測値です。',
  ],
  changes: [
    'changes(gauge[1h])',
    'How often the value changed within the window.',
    '時間窓の中で値が変わった回数です。',
  ],
  resets: [
    'resets(counter[1h])',
    'How often a counter began anew within the window.',
    '時間窓の中でカウンターがリセットされた回数です。',
  ],
  histogram_quantile: [
    'histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))',
    'A percentile of a histogram. Classic buckets must keep the label le.',
    'ヒストグラムのパーセンタイルです。従来型のバケットでは le ラベルを残す必要があります。',
  ],
  histogram_avg: [
    'histogram_avg(rate(x[5m]))',
    'The mean of what a native histogram has observed.',
    'ネイティブヒストグラムの観測値の平均です。',
  ],
  histogram_count: [
    'histogram_count(rate(x[5m]))',
    'How many observations a native histogram has.',
    'ネイティブヒストグラムの観測数です。',
  ],
  histogram_sum: [
    'histogram_sum(rate(x[5m]))',
    'The sum of what a native histogram has observed.',
    'ネイティブヒストグラムの観測値の合計です。',
  ],
  histogram_fraction: [
    'histogram_fraction(0, 0.3, rate(x[5m]))',
    'The share of observations between two bounds.',
    '2 つの境界の間にある観測値の割合です。',
  ],
  avg_over_time: [
    'avg_over_time(gauge[10m])',
    'The mean of each series over the window.',
    '各系列の時間窓内の平均です。',
  ],
  sum_over_time: [
    'sum_over_time(gauge[10m])',
    'The sum of each series over the window.',
    '各系列の時間窓内の合計です。',
  ],
  min_over_time: [
    'min_over_time(gauge[10m])',
    'The smallest value of each series within the window.',
    '各系列の時間窓内の最小値です。',
  ],
  max_over_time: [
    'max_over_time(gauge[10m])',
    'The largest value of each series within the window.',
    '各系列の時間窓内の最大値です。',
  ],
  count_over_time: [
    'count_over_time(gauge[10m])',
    'How many samples each series has within the window.',
    '各系列の時間窓内のサンプル数です。',
  ],
  last_over_time: [
    'last_over_time(gauge[10m])',
    'The newest sample within the window.',
    '時間窓内の最新のサンプルです。',
  ],
  quantile_over_time: [
    'quantile_over_time(0.95, gauge[10m])',
    'A percentile of the samples of each series within the window.',
    '各系列の時間窓内サンプルのパーセンタイルです。',
  ],
  stddev_over_time: [
    'stddev_over_time(gauge[10m])',
    'The standard deviation of each series within the window.',
    '各系列の時間窓内の標準偏差です。',
  ],
  present_over_time: [
    'present_over_time(x[10m])',
    '1 for every series that had a sample within the window.',
    '時間窓内にサンプルがある系列に 1 を返します。',
  ],
  absent: [
    'absent(up{job="a"})',
    '1 when there is no such series, else nothing.',
    '該当する系列がないときに 1 を返します。',
  ],
  absent_over_time: [
    'absent_over_time(x[10m])',
    '1 when no such series had a sample within the window.',
    '時間窓内に該当する系列のサンプルがないときに 1 を返します。',
  ],
  sum: [
    'sum by (service) (x)',
    'The sum of series, for each of the labels in by.',
    '系列の合計です。by で指定したラベルごとに集計します。',
  ],
  avg: ['avg by (service) (x)', 'The mean of series.', '系列の平均です。'],
  min: ['min by (service) (x)', 'The smallest of series.', '系列の最小値です。'],
  max: ['max by (service) (x)', 'The largest of series.', '系列の最大値です。'],
  count: ['count by (service) (x)', 'How many series there are.', '系列の数です。'],
  count_values: ['count_values("version", x)', 'How many series have each value.', '値ごとの系列数です。'],
  quantile: [
    'quantile(0.9, x)',
    'A percentile across series, not over time.',
    '系列をまたいだパーセンタイルです（時間方向ではありません）。',
  ],
  stddev: [
    'stddev by (service) (x)',
    'The standard deviation across series.',
    '系列をまたいだ標準偏差です。',
  ],
  topk: [
    'topk(5, x)',
    'The series with the largest values, at each time anew.',
    '値の大きい系列を、時点ごとに選びます。',
  ],
  bottomk: [
    'bottomk(5, x)',
    'The series with the smallest values, at each time anew.',
    '値の小さい系列を、時点ごとに選びます。',
  ],
  group: [
    'group by (service) (x)',
    '1 for each group: which there are.',
    'グループごとに 1 を返します。存在するグループの確認に使います。',
  ],
  label_replace: [
    'label_replace(x, "to", "$1", "from", "(.*)")',
    'Writes a label by matching another with a regular expression.',
    '正規表現で別のラベルから取り出した値をラベルに設定します。',
  ],
  label_join: [
    'label_join(x, "to", "-", "a", "b")',
    'Joins labels to a new one.',
    '複数のラベルをつなげて新しいラベルを作ります。',
  ],
  clamp: ['clamp(x, 0, 1)', 'Keeps values between two bounds.', '値を上下限の範囲に収めます。'],
  clamp_min: ['clamp_min(x, 0)', 'No value below a bound.', '値を下限以上に収めます。'],
  clamp_max: ['clamp_max(x, 1)', 'No value above a bound.', '値を上限以下に収めます。'],
  round: ['round(x, 0.1)', 'Rounds to a multiple.', '指定した単位に丸めます。'],
  abs: ['abs(x)', 'Without the sign.', '絶対値です。'],
  ceil: ['ceil(x)', 'Rounds up.', '切り上げます。'],
  floor: ['floor(x)', 'Rounds down.', '切り捨てます。'],
  ln: ['ln(x)', 'The natural logarithm.', '自然対数です。'],
  time: ['time()', 'The time of evaluation, in seconds since 1970.', '評価時刻（1970 年からの秒数）です。'],
  timestamp: [
    'timestamp(x)',
    'The time of each sample, in seconds since 1970.',
    '各サンプルの時刻（1970 年からの秒数）です。',
  ],
  vector: ['vector(1)', 'A number as a series without labels.', '数値をラベルのない系列にします。'],
  scalar: ['scalar(x)', 'The value of a single series as a number.', '1 本だけの系列の値を数値にします。'],
  sort: [
    'sort(x)',
    'Orders series by value, smallest first (instant queries).',
    '系列を値の小さい順に並べます（瞬時クエリのみ）。',
  ],
  sort_desc: [
    'sort_desc(x)',
    'Orders series by value, largest first (instant queries).',
    '系列を値の大きい順に並べます（瞬時クエリのみ）。',
  ],
  hour: ['hour()', 'The hour of the day, in UTC.', '時（UTC）です。'],
  day_of_week: ['day_of_week()', 'The day of the week in UTC, 0 is Sunday.', '曜日（UTC、0 が日曜）です。'],
};

export function docOf(name: string, lang: Lang): { usage: string; text: string } | undefined {
  const d = Object.hasOwn(docs, name) ? docs[name] : undefined;
  return d && { usage: d[0], text: lang === 'ja' ? d[2] : d[1] };
}
