package verdict

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/shape"
)

// frameOf is the topmost frame of the service's own code.
func frameOf(stack, known string) string {
	if stack == "" {
		return "" // what is known then is no frame
	}
	// Above a Go panic stand the frames of whoever recovered from it.
	if i := strings.LastIndex(stack, "\npanic("); i >= 0 {
		if f := shape.OwnFrame(stack[i+1:]); f != "" {
			return f
		}
	}
	if known != "" {
		return known
	}
	return shape.OwnFrame(stack)
}

// logMessage is what a log says went wrong.
func logMessage(l *telemetry.Log) string {
	msg := firstLine(l.Exception.Message)
	switch {
	case msg != "" && l.Exception.Type != "" && !strings.Contains(msg, l.Exception.Type):
		return l.Exception.Type + ": " + msg
	case msg != "":
		return msg
	}
	return firstLine(l.Body)
}

// tellingLog is the log that tells most of a failure: of the span itself before those below
// it, with an exception before without, an error before a warning, the last before it
// ended. -1 where none tells.
func (a *analysis) tellingLog(i int, c Cause) int {
	best, bestRank := -1, 0
	s := a.span(i)
	from, to := i, i+a.nodes[i].Size
	until := s.Time + s.Duration + slack(s.Duration)
	for _, k := range a.logs {
		l := &a.f.Logs[k]
		if l.Severity < 13 && l.Exception.Type == "" && l.Exception.Message == "" {
			continue
		}
		at, ok := a.at[l.SpanID]
		rank := 0
		switch {
		case l.SpanID == s.SpanID:
			rank = 8
		case ok && at > from && at < to:
			rank = 6
		case ok && at < from && c.Message == "" && a.span(at).Service == s.Service && a.contains(at, i):
			rank = 2 // its request's, of the same service
		case l.SpanID.IsZero() && l.Service == s.Service:
			rank = 2
		default:
			continue
		}
		if l.Exception.Type != "" || l.Exception.Message != "" {
			rank += 3
		}
		if l.Severity >= 17 {
			rank += 4
		} else if c.Message == "" && rank < 8 {
			continue // a warning elsewhere does not say why this failed
		}
		if c.Message != "" && strings.Contains(logMessage(l)+l.Body, bare(c.Message)) {
			rank += 2
		}
		if l.Service == s.Service && l.Time > until+int64(1e9) {
			continue
		}
		if rank >= bestRank {
			best, bestRank = k, rank
		}
	}
	return best
}

// bare is a message without the type in front.
func bare(m string) string {
	if _, rest, ok := strings.Cut(m, ": "); ok && len(rest) >= 6 {
		return rest
	}
	return m
}

// contains says that i is in the subtree of p.
func (a *analysis) contains(p, i int) bool { return p <= i && i < p+a.nodes[p].Size }

// errorClause says what failed, without a full stop; in Japanese in the plain past.
func (a *analysis) errorClause() i18n.Text {
	c := a.blame
	i := c.node
	s := a.span(i)
	op := code(c.Operation, 80)
	msg := code(c.Message, 160)
	peer := orOp(a.peerName(i), op)
	result := codeText(a.code[i])
	n := len(a.tries[i])
	var tries i18n.Text
	if n > 1 {
		tries = i18n.F(", %d times in a row", "（%d回連続）", n)
	}
	switch {
	case c.Kind == CauseLock && strings.Contains(strings.ToLower(c.Message), "deadlock"):
		return i18n.F("%s ran into a deadlock in %s: %s", "%s の %s でデッドロックが発生した（%s）", c.Service, op, msg)
	case c.Kind == CauseLock:
		return i18n.F("%s did not get %s within %s: %s", "%s が %sを%s以内に取得できなかった（%s）", c.Service, a.waitedOn(i), dur(a.nodes[i].Duration), msg)
	case c.Detail == "pool":
		return i18n.F("%s got no connection from its pool within %s: %s", "%s が%s以内にコネクションプールから接続を得られなかった（%s）", c.Service, dur(a.nodes[i].Duration), msg)
	case c.Detail == "rejected":
		return i18n.F("%[1]s refused the call from %[2]s (%[3]s) with %[4]s, and %[2]s did not expect that", "%[2]s からの呼び出し（%[3]s）を %[1]s が%[4]sで拒否し、%[2]s がそれを処理できなかった", peer, c.Service, op, result)
	case c.Detail == "call" && result != "" && rpcSuccess(result):
		if c.Message != "" {
			return i18n.F("the call from %s to %s (%s) failed%s: %s", "%s から %s への呼び出し（%s）が失敗した%s: %s", c.Service, peer, op, tries, msg)
		}
		return i18n.F("the call from %s to %s (%s) failed%s", "%s から %s への呼び出し（%s）が失敗した%s", c.Service, peer, op, tries)
	case c.Detail == "call" && result != "":
		return i18n.F("%s answered the call from %s (%s) with %s%s", "%[2]s からの呼び出し（%[3]s）に %[1]s が%[4]sを返した%[5]s", peer, c.Service, op, result, tries)
	case c.Detail == "call" && c.Message != "":
		return i18n.F("the call from %s to %s (%s) failed%s: %s", "%[1]s から %[2]s への呼び出し（%[3]s）が %[5]s で失敗した%[4]s", c.Service, peer, op, tries, msg)
	case c.Detail == "call":
		return i18n.F("the call from %s to %s (%s) failed%s", "%s から %s への呼び出し（%s）が失敗した%s", c.Service, peer, op, tries)
	case c.Detail == "statement" && c.Message != "":
		return i18n.F("a statement of %s (%s) failed%s: %s", "%[1]s のクエリ（%[2]s）が %[4]s で失敗した%[3]s", c.Service, op, tries, msg)
	case c.Detail == "statement":
		return i18n.F("a statement of %s (%s) failed%s", "%s のクエリ（%s）が失敗した%s", c.Service, op, tries)
	case c.Detail == "log":
		return i18n.F("%s logged %s in %s", "%[1]s が %[3]s の処理中に %[2]s とログに記録した", c.Service, msg, op)
	case c.Message != "" && s.Exception.Type != "":
		return i18n.F("%s threw %s in %s", "%[1]s の %[3]s で例外 %[2]s が発生した", c.Service, msg, op)
	case c.Message != "":
		return i18n.F("%s failed in %s: %s", "%[1]s の %[2]s が %[3]s で失敗した", c.Service, op, msg)
	case n > 1:
		return i18n.F("%s failed in %s, %d times in a row", "%s の %s が%d回連続で失敗した", c.Service, op, n)
	}
	return i18n.F("%s failed in %s and says no more", "失敗の起点は %s の %s ですが、理由は記録されていない", c.Service, op)
}

// rpcSuccess says that a code is not one of a failure: the call failed on its way.
func rpcSuccess(c string) bool {
	return c == "0" || c == "OK" || c == "200" || c == "201" || c == "204"
}
