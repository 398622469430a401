package ingest

import (
	"maps"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Reasons to refuse a data point that only metrics know, beside BadMetric.
const (
	LatePoint     Reason = "metric_too_late"
	NoTemporality Reason = "no_temporality"
	NotFinite     Reason = "delta_not_finite"
	Contradicting Reason = "contradicting_points"
)

func init() { maps.Copy(reasonTexts, metricReasonTexts) }

var metricReasonTexts = map[Reason]i18n.Text{
	LatePoint: i18n.T(
		"The data point is older than the store of metrics takes. Check the sender's clock (NTP), the unit of its timestamps and how long its queue holds data back.",
		"データポイントがメトリクスの受け付け範囲より古いため拒否しました。送信元の時計（NTP）、タイムスタンプの単位、送信キューの滞留時間を確認してください。"),
	NoTemporality: i18n.T(
		"The sum or histogram does not say its aggregation temporality. The sender must set cumulative (preferred) or delta.",
		"sumまたはヒストグラムにaggregation temporalityがありません。送信元でcumulative（推奨）かdeltaを設定してください。"),
	NotFinite: i18n.T(
		"A value of delta temporality is NaN or infinite, and a running total would never recover from it. Find the division by zero or overflow in the instrumentation.",
		"delta temporalityの値がNaNまたは無限大のため、累積値を計算できません。計装側のゼロ除算やオーバーフローを確認してください。"),
	Contradicting: i18n.T(
		"The request holds two different values for the same series and time; the first was taken. Check for two instruments with one name and for processes that share a service.instance.id.",
		"同じ系列・同じ時刻に異なる値が含まれていたため、最初の値だけを採用しました。同名の計器の重複や、service.instance.id を共有するプロセスがないかを確認してください。"),
	ReservedLabel: i18n.T(
		"A data point has an attribute whose name Prometheus keeps for itself (job, instance, __name__, le of a histogram, quantile of a summary). It was stored as exported_job and so on; rename it in the instrumentation.",
		"データポイントの属性名がPrometheusの予約ラベル（job、instance、__name__、ヒストグラムのle、サマリーのquantile）と重なるため、exported_job のように名前を変えて保存しました。計装側で別の名前にしてください。"),
}
