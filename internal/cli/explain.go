package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/explain"
	"github.com/yagura-sre/yagura/internal/insight/tracefile"
)

type explainCmd struct {
	remote
	What string `arg:"" name:"trace-id|file" help:"${explain_what}"`
	Of   string `name:"trace" help:"${explain_of}" placeholder:"TRACE_ID"`
}

// told is a verdict as it is printed, whoever gave it.
type told struct {
	line      string // what it is about
	sentences []toldSentence
	unusual   []string
	next      []toldSentence
}

type toldSentence struct{ topic, text, cites string }

func (c explainCmd) Run(s *session) error {
	local, err := c.file(s)
	if err != nil {
		return err
	}
	if local != nil {
		if c.JSON {
			return s.print(local)
		}
		return s.tell(fromView(c, local, s))
	}
	api, err := c.open(s)
	if err != nil {
		return err
	}
	r, err := client.Do(api.GetTraceVerdictWithResponse(s.ctx, c.What))
	if err != nil {
		return err
	}
	if c.JSON {
		return s.print(r.JSON200)
	}
	return s.tell(fromServer(c, r.JSON200, s))
}

// file explains a trace from a file or standard input; nil when the argument is none.
func (c explainCmd) file(s *session) (*explain.VerdictView, error) {
	var in io.Reader
	name := c.What
	if name == "-" {
		in, name = s.Stdin, "stdin"
	} else {
		f, err := os.Open(name)
		switch {
		case err == nil:
		case insightHas(name):
			return nil, nil
		case errors.Is(err, os.ErrNotExist):
			return nil, fault.Field("trace-id|file", i18n.F("%q is neither a file nor does it hold a trace ID (32 hex digits).",
				"%q というファイルはなく、トレース ID（16 進数 32 桁）も含まれていません。", name))
		default:
			return nil, fault.Field("trace-id|file", i18n.F("%s cannot be read: %s", "%s を読み取れません: %s", name, err))
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	file, err := tracefile.Read(in)
	if err != nil {
		return nil, err
	}
	at := 0
	switch {
	case len(file.Traces) == 0:
		return nil, fault.Field(name, i18n.T("The file holds no span.", "ファイルにスパンがありません。"))
	case c.Of != "":
		id, err := insight.ParseRef(c.Of)
		if err != nil {
			return nil, err
		}
		if at = slices.IndexFunc(file.Traces, func(t tracefile.Trace) bool { return t.ID == id }); at < 0 {
			return nil, fault.Field("--trace", i18n.F("The file does not hold trace %s.", "ファイルにトレース %s は含まれていません。", id))
		}
	case len(file.Traces) > 1:
		ids := []string{}
		for _, t := range file.Traces[:min(len(file.Traces), 5)] {
			ids = append(ids, t.ID.String())
		}
		return nil, fault.Field("--trace", i18n.F("The file holds %d traces. Choose one with --trace, for example %s.",
			"ファイルに %d 件のトレースがあります。--trace で 1 件指定してください（例: %s）。", len(file.Traces), strings.Join(ids, ", ")))
	}
	t := file.Traces[at]
	v := explain.View(explain.File(t.Spans, t.Logs), s.lang)
	return &v, nil
}

func insightHas(text string) bool {
	_, ok := insight.FindTraceID(text)
	return ok
}

func fromView(c explainCmd, v *explain.VerdictView, s *session) told {
	t := told{line: s.explained(v.TraceID, c.at(v.Time), v.Outcome)}
	for _, x := range v.Sentences {
		cites := []string{}
		for _, e := range x.Evidence {
			cites = append(cites, cite(e.Type, e.ID))
		}
		t.sentences = append(t.sentences, toldSentence{x.Topic, x.Text, strings.Join(cites, " ")})
	}
	for _, x := range v.Unusual {
		t.unusual = append(t.unusual, x.Text)
	}
	// A link of a page is of no use without a server.
	return t
}

func fromServer(c explainCmd, v *client.VerdictView, s *session) told {
	t := told{line: s.explained(v.TraceID, c.at(v.Time), string(v.Outcome))}
	for _, x := range v.Sentences {
		cites := []string{}
		for _, e := range x.Evidence {
			cites = append(cites, cite(string(e.Type), e.ID))
		}
		t.sentences = append(t.sentences, toldSentence{string(x.Topic), x.Text, strings.Join(cites, " ")})
	}
	for _, x := range v.Unusual {
		t.unusual = append(t.unusual, x.Text)
	}
	for _, x := range v.Next {
		link := x.Link
		if strings.HasPrefix(link, "/") {
			link = strings.TrimSuffix(c.Server, "/") + link
		}
		t.next = append(t.next, toldSentence{text: x.Text, cites: link})
	}
	return t
}

func cite(kind, id string) string {
	if kind == "log" {
		return "log:" + id
	}
	return id
}

var outcomes = map[string]i18n.Text{
	"ok": i18n.T("ok", "正常"), "error": i18n.T("error", "エラー"), "slow": i18n.T("slow", "遅延"), "timeout": i18n.T("timeout", "タイムアウト"),
}

func (s *session) explained(id, at, outcome string) string {
	return s.text(i18n.F("Trace %s · %s · %s", "トレース %s ・ %s ・ %s", id, at, outcomes[outcome]))
}

var topics = map[string]i18n.Text{
	"cause": i18n.T("Cause", "原因"), "path": i18n.T("How it went", "経過"), "aside": i18n.T("Beside it", "その他の事象"),
	"usual": i18n.T("Usually", "通常の状態"), "differs": i18n.T("What differs", "共通点"), "similar": i18n.T("Similar requests", "類似のリクエスト"),
	"changed": i18n.T("What changed", "直前の変更"), "unknown": i18n.T("What the evidence does not say", "記録からは分からないこと"),
}

// tell prints a verdict for a person: what happened first, and under a heading each the
// rest, with the spans and logs that every sentence rests on.
func (s *session) tell(t told) error {
	var b strings.Builder
	b.WriteString(oneLine(t.line) + "\n\n")
	last := "summary"
	for _, x := range t.sentences {
		if x.topic != last {
			b.WriteString("\n" + s.text(topics[x.topic]) + "\n")
			last = x.topic
		}
		indent := "  "
		if x.topic == "summary" {
			indent = ""
		}
		b.WriteString(indent + oneLine(x.text) + "\n")
		if x.topic != "summary" && x.cites != "" {
			b.WriteString("    [" + oneLine(shorten(x.cites)) + "]\n")
		}
	}
	if len(t.unusual) > 0 {
		b.WriteString("\n" + s.text(i18n.T("Not as usual", "通常と異なる点")) + "\n")
		for _, u := range t.unusual {
			b.WriteString("  " + oneLine(u) + "\n")
		}
	}
	if len(t.next) > 0 {
		b.WriteString("\n" + s.text(i18n.T("Next", "次にすること")) + "\n")
		for _, n := range t.next {
			b.WriteString("  " + oneLine(n.text) + "\n    " + oneLine(n.cites) + "\n")
		}
	}
	_, err := fmt.Fprint(s.Stdout, b.String())
	return err
}

// shorten keeps the first citations of many.
func shorten(cites string) string {
	all := strings.Fields(cites)
	if len(all) <= 4 {
		return cites
	}
	return strings.Join(all[:4], " ") + fmt.Sprintf(" +%d", len(all)-4)
}
