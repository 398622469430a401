package wal

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// When a sender should come back: soon where a moment helps, later where somebody or a
// restart has to.
const (
	soon  = time.Second
	later = 5 * time.Second
)

// errLowSpace is our own refusal, before the disk's.
var errLowSpace = errors.New("free space is below the limit")

// away: the engine does not take blocks, and the log has taken what it may.
func away(cause error) error {
	f := fault.Retry(fault.Unavailable, later, i18n.T(
		"The engine is not taking data and the write-ahead log is full. Send this again later; nothing accepted so far is lost.",
		"エンジンへの書き込みが停止しており、先行書き込みログ（WAL）が上限に達しました。時間をおいて再送してください。受け付け済みのデータは失われません。"))
	f.Cause = cause
	return f
}

// tooFast: the engine or the disk works, and more comes than it can do.
func tooFast() error {
	return fault.Retry(fault.Overloaded, soon, i18n.T(
		"Data arrives faster than it can be stored. Send this again later, or send less.",
		"受信量が書き込み性能を上回っています。時間をおいて再送するか、送信量を減らしてください。"))
}

// unwritable: the frame could not be made durable.
func unwritable(cause error) error {
	text := i18n.T(
		"The write-ahead log cannot be written: the disk reports an error. Send this again later.",
		"ディスクエラーのため先行書き込みログ（WAL）に書き込めません。時間をおいて再送してください。")
	if isFull(cause) {
		text = i18n.T(
			"The disk of the server is full. Send this again later; nothing accepted so far is lost.",
			"サーバーのディスクに空き容量がありません。時間をおいて再送してください。受け付け済みのデータは失われません。")
	}
	f := fault.Retry(fault.Unavailable, later, text)
	f.Cause = cause
	return f
}

func isFull(err error) bool {
	return errors.Is(err, errLowSpace) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func closing() error {
	return fault.Retry(fault.Unavailable, soon, i18n.T(
		"The server is shutting down. Send this again in a moment.",
		"サーバーを停止しています。しばらくしてから再送してください。"))
}

func tooLarge(size int) error {
	return fault.New(fault.TooLarge, i18n.F(
		"A request of %d bytes is larger than the write-ahead log takes. Send smaller batches.",
		"リクエスト（%d バイト）が先行書き込みログ（WAL）の上限を超えています。バッチを小さくしてください。", size))
}

func noWriter(s telemetry.Signal) error {
	return fault.Of(fmt.Errorf("the write-ahead log has no writer for %s", s))
}

// refusedByPanic: the engine's code cannot bear these frames.
func refusedByPanic(cause error) error {
	return fault.Wrap(cause, fault.Invalid, i18n.T(
		"Storing it failed by an error in the program. The server's log has where; please report it.",
		"プログラムの不具合により保存できませんでした。サーバーのログに発生箇所が記録されています。不具合として報告してください。"))
}

// refusedByDeath: the engine's process does not survive these frames.
func refusedByDeath(how string) error {
	return deadly{fault.New(fault.Invalid, i18n.F(
		"The storage engine crashes when it is given this row (%s). It was tried apart and kept out; please report it.",
		"この行を渡すとストレージエンジンが異常終了します（%s）。別プロセスで再現を確認したうえで除外しました。不具合として報告してください。", how))}
}
