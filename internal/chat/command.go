package chat

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// command is one thing that people can ask.
type command struct {
	name string // the first word; "" takes what no other does
	args i18n.Text
	help i18n.Text
	run  func(ctx context.Context, a *asked) (reply, error)
}

// commands are all, in the order of the help. Another is one file and one line.
func commands() []command {
	return []command{traceCommand(), serviceCommand(), errorsCommand(), langCommand(), helpCommand()}
}

// asked is a question and what answers it.
type asked struct {
	text    string // after the command's name
	command string // "/yagura"
	channel string
	user    string
	lang    i18n.Lang
	api     *client.ClientWithResponses
	ui      string
	setLang func(ctx context.Context, channel string, lang i18n.Lang) error
}

func (a *asked) say(en, ja string, args ...any) string {
	if len(args) == 0 {
		return i18n.T(en, ja).In(a.lang)
	}
	return i18n.F(en, ja, args...).In(a.lang)
}

// link is a page's address.
func (a *asked) link(path string, values ...string) string {
	if !strings.HasPrefix(path, "/") {
		return path
	}
	q := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		q.Set(values[i], values[i+1])
	}
	if len(q) > 0 {
		path += "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	}
	return strings.TrimSuffix(a.ui, "/") + path
}

// reply is an answer, before it has Slack's form. Its texts are plain.
type reply struct {
	title   string
	mark    string // an emoji that says how bad it is, also without colour
	text    []paragraph
	links   []anchor
	picture *client.TraceView // drawn beside the text
	private bool              // only who asked sees it
}

// paragraph is a text with the pages that it stands on.
type paragraph struct {
	head  string // in bold, before it
	text  string
	links []anchor
}

type anchor struct{ text, url string }

// answer finds the command for a text and runs it. What goes wrong is said to who asked.
func answer(ctx context.Context, a *asked) reply {
	text := strings.TrimSpace(a.text)
	name, rest, _ := strings.Cut(text, " ")
	all := commands()
	chosen := helpCommand()
	if text != "" {
		chosen, rest = traceCommand(), text
		for _, c := range all {
			if c.name != "" && strings.EqualFold(c.name, name) {
				chosen, rest = c, strings.TrimSpace(strings.TrimPrefix(text, name))
			}
		}
	}
	a.text = rest
	r, err := chosen.run(ctx, a)
	if err != nil {
		return a.excuse(err)
	}
	return r
}

// excuse says what went wrong, in the words of the API where it has some.
func (a *asked) excuse(err error) reply {
	r := reply{mark: "⚠️", title: a.say("That did not work", "実行できませんでした"), private: true}
	var p *client.Problem
	switch {
	case errors.As(err, &p):
		r.text = []paragraph{{text: p.Error()}}
	case errors.Is(err, context.DeadlineExceeded):
		r.text = []paragraph{{text: a.say("It took too long. Try again, or look in Yagura.", "時間内に完了しませんでした。再試行するか、Yagura の画面で確認してください。")}}
		r.links = []anchor{{"Yagura", a.link("/")}}
	default:
		r.text = []paragraph{{text: a.say("Yagura could not answer; its log says why.", "Yagura が応答できませんでした。詳細はサーバーのログを参照してください。")}}
	}
	return r
}
