package clickhouse

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// refusedForGood are the codes that speak of the rows themselves: the same rows will never
// be taken.
var refusedForGood = map[int32]string{
	6:   "CANNOT_PARSE_TEXT",
	7:   "INCORRECT_NUMBER_OF_COLUMNS",
	9:   "SIZES_OF_COLUMNS_DOESNT_MATCH",
	19:  "SIZE_OF_FIXED_STRING_DOESNT_MATCH",
	26:  "CANNOT_PARSE_QUOTED_STRING",
	27:  "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
	32:  "ATTEMPT_TO_READ_AFTER_EOF",
	33:  "CANNOT_READ_ALL_DATA",
	38:  "CANNOT_PARSE_DATE",
	41:  "CANNOT_PARSE_DATETIME",
	53:  "TYPE_MISMATCH",
	69:  "ARGUMENT_OUT_OF_BOUND",
	70:  "CANNOT_CONVERT_TYPE",
	72:  "CANNOT_PARSE_NUMBER",
	108: "NO_DATA_TO_INSERT",
	117: "INCORRECT_DATA",
	128: "TOO_LARGE_ARRAY_SIZE",
	130: "CANNOT_READ_ARRAY_FROM_TEXT",
	131: "TOO_LARGE_STRING_SIZE",
	349: "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN",
	407: "DECIMAL_OVERFLOW",
	469: "VIOLATED_CONSTRAINT",
	621: "CANNOT_NORMALIZE_STRING",
}

// passing are the codes that speak of the server's state: repeat.
var passing = map[int32]string{
	3:    "UNEXPECTED_END_OF_FILE",
	60:   "UNKNOWN_TABLE",
	81:   "UNKNOWN_DATABASE",
	74:   "CANNOT_READ_FROM_FILE_DESCRIPTOR",
	75:   "CANNOT_WRITE_TO_FILE_DESCRIPTOR",
	76:   "CANNOT_OPEN_FILE",
	95:   "CANNOT_READ_FROM_SOCKET",
	96:   "CANNOT_WRITE_TO_SOCKET",
	159:  "TIMEOUT_EXCEEDED",
	164:  "READONLY",
	173:  "CANNOT_ALLOCATE_MEMORY",
	198:  "DNS_ERROR",
	201:  "QUOTA_EXCEEDED",
	202:  "TOO_MANY_SIMULTANEOUS_QUERIES",
	209:  "SOCKET_TIMEOUT",
	210:  "NETWORK_ERROR",
	225:  "NO_ZOOKEEPER",
	236:  "ABORTED",
	241:  "MEMORY_LIMIT_EXCEEDED",
	242:  "TABLE_IS_READ_ONLY",
	243:  "NOT_ENOUGH_SPACE",
	252:  "TOO_MANY_PARTS",
	279:  "ALL_CONNECTION_TRIES_FAILED",
	285:  "TOO_FEW_LIVE_REPLICAS",
	286:  "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
	319:  "UNKNOWN_STATUS_OF_INSERT",
	394:  "QUERY_WAS_CANCELLED",
	425:  "SYSTEM_ERROR",
	439:  "CANNOT_SCHEDULE_TASK",
	516:  "AUTHENTICATION_FAILED",
	999:  "KEEPER_EXCEPTION",
	1000: "POCO_EXCEPTION",
}

// refused says whether an error is about the rows for good; known is false when the code
// does not tell.
func refused(err error) (yes, known bool) {
	var ex *ch.Exception
	if !errors.As(err, &ex) {
		return false, true // the network, a timeout, our own cancellation
	}
	// One code for two things: a server that is behind with its merges, and a block that
	// touches too many days.
	if ex.Code == 252 {
		return strings.Contains(ex.Message, "partitions for single INSERT block"), true
	}
	if _, ok := refusedForGood[ex.Code]; ok {
		return true, true
	}
	if _, ok := passing[ex.Code]; ok {
		return false, true
	}
	return false, false
}

// explainWrite turns an insert's error into what the Writer's contract says. Of a code in
// neither table only a trial can tell: the block is sent once more, to a table of the same
// columns that keeps nothing. If even that refuses it, with the same code, the rows are at
// fault; if it does not, then the storing is, and the block is repeated.
func (s *Store) explainWrite(ctx context.Context, signal telemetry.Signal, frames [][]byte, err error) error {
	yes, known := refused(err)
	if !known {
		again := s.try(ctx, signal, frames)
		var a, b *ch.Exception
		yes = errors.As(err, &a) && errors.As(again, &b) && a.Code == b.Code
	}
	if !yes {
		err = s.explain(ctx, err)
		if fault.Is(err, fault.Invalid) { // it is for the rows alone to be that
			err = fault.Of(fmt.Errorf("%v", err))
		}
		return err
	}
	return fault.Wrap(err, fault.Invalid, i18n.F(
		"The engine refuses a block of %s: %s", "エンジンが %s のブロックを受け付けません: %s", signal, brief(err)))
}

// try sends frames to the table of the signal that keeps nothing.
func (s *Store) try(ctx context.Context, signal telemetry.Signal, frames [][]byte) error {
	table, columns, err := target(signal)
	if err != nil {
		return err
	}
	body, err := blocks(signal, frames)
	if err != nil || body == nil {
		return err
	}
	ctx = ch.Context(ctx, ch.WithSettings(writeSettings))
	return s.writes.InsertFormat(ctx, "Native", fmt.Sprintf("INSERT INTO %s.%s_trial (%s)", s.opt.Database, table, columns), body)
}

// brief is the first line of the engine's words, for a person.
func brief(err error) string {
	var ex *ch.Exception
	if !errors.As(err, &ex) {
		return err.Error()
	}
	msg, _, _ := strings.Cut(ex.Message, "\n")
	if len(msg) > 500 {
		msg = msg[:500]
	}
	return fmt.Sprintf("%s (%d)", strings.ToValidUTF8(msg, "?"), ex.Code)
}

// explain turns an error of a question, or of anything that may be repeated, into a fault.
func (s *Store) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	if cause := ctx.Err(); cause != nil {
		if errors.Is(cause, context.DeadlineExceeded) {
			return tookTooLong(err)
		}
		return fmt.Errorf("%w: %w", cause, err)
	}
	var ex *ch.Exception
	if !errors.As(err, &ex) {
		var n net.Error
		switch {
		case errors.Is(err, ch.ErrAcquireConnTimeout): // before the next: it calls itself a timeout
			return busy(err)
		case errors.As(err, &n) && n.Timeout():
			return tookTooLong(err)
		case n != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
			errors.Is(err, ch.ErrConnectionClosed), errors.Is(err, sqldriver.ErrBadConn), errors.As(err, new(*ch.HTTPError)):
			return away(err)
		}
		return err // Internal: an answer that we cannot read
	}
	switch ex.Code {
	case 159, 160: // TIMEOUT_EXCEEDED, TOO_SLOW
		return tookTooLong(err)
	case 241, 173, 396, 158, 191, 307: // memory, rows or bytes over a limit
		if ofAll(ex) {
			return busy(err)
		}
		return fault.Wrap(err, fault.TooLarge, i18n.T(
			"The question needs more memory, or has a larger answer, than is allowed. Narrow the time range or the filter.",
			"必要なメモリ量または結果のサイズが上限を超えました。時間の範囲かフィルターを狭めてください。"))
	case 202, 252, 439: // TOO_MANY_SIMULTANEOUS_QUERIES, TOO_MANY_PARTS, CANNOT_SCHEDULE_TASK
		return busy(err)
	case 243, 242, 164: // NOT_ENOUGH_SPACE, TABLE_IS_READ_ONLY, READONLY
		return retry(err, fault.Unavailable, i18n.T("The engine cannot write: its disk is full or read-only.", "エンジンが書き込めません。ディスクの空き容量または書き込み権限を確認してください。"))
	}
	if _, ok := passing[ex.Code]; ok {
		return away(err)
	}
	return err // Internal: the statement is ours
}

func tookTooLong(err error) error {
	return fault.Wrap(err, fault.Timeout, i18n.T(
		"The question took longer than allowed. Narrow the time range or the filter.",
		"制限時間内に終わりませんでした。時間の範囲かフィルターを狭めてください。"))
}

// busy says that others use what the engine has.
func busy(err error) error {
	return retry(err, fault.Overloaded, i18n.T(
		"Too many questions are being answered at this moment. Try again in a few seconds.",
		"現在、処理中の検索が多すぎます。数秒後に再試行してください。"))
}

// ofAll says that not the question's own limit of memory is reached, but that of
// everything the engine does at the time: the same question may well be answered later.
func ofAll(ex *ch.Exception) bool {
	return ex.Code == 241 && (strings.Contains(ex.Message, "(total)") || strings.Contains(ex.Message, "takes no new statements"))
}

func away(err error) error {
	return retry(err, fault.Unavailable, i18n.T(
		"The engine that stores logs and spans does not answer. It is being restarted, or its address is wrong.",
		"ログとスパンを保存するエンジンが応答しません。再起動中か、アドレスの設定に誤りがあります。"))
}

func retry(err error, code fault.Code, text i18n.Text) error {
	f := fault.Retry(code, 2*time.Second, text)
	f.Cause = err
	return f
}
