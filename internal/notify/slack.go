package notify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Limits of Slack's Block Kit, in characters.
const (
	slackHeader  = 150
	slackSection = 3000
	slackField   = 2000
	slackFields  = 10 // of one section
	slackBlocks  = 50
	slackButton  = 75
	slackButtons = 5
	slackURL     = 3000
)

// marks say the severity without colour.
var marks = map[Severity]string{Info: "ℹ️", Good: "✅", Warning: "⚠️", Critical: "🚨"}

// mrkdwn takes the meaning from the three characters that Slack gives one to.
var mrkdwn = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackMessage gives a message Slack's form.
func (s *Service) slackMessage(d Destination, m Message) *slack.WebhookMessage {
	lang := d.Lang
	title := strings.TrimSpace(marks[m.Severity] + " " + strings.Join(strings.Fields(m.Title.In(lang)), " "))
	blocks := []slack.Block{slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, cut(title, slackHeader), true, false))}
	section := func(text string) {
		blocks = append(blocks, slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, text, false, true), nil, nil))
	}
	for _, part := range split(m.Text.In(lang), slackSection) {
		section(part)
	}
	var fields []*slack.TextBlockObject
	flush := func() {
		if len(fields) > 0 {
			blocks = append(blocks, slack.NewSectionBlock(nil, fields, nil))
			fields = nil
		}
	}
	for _, f := range m.Fields {
		text := "*" + escaped(cut(f.Name.In(lang), 200), 400) + "*\n" + escaped(f.Value.In(lang), slackField-450)
		fields = append(fields, slack.NewTextBlockObject(slack.MarkdownType, text, false, true))
		if len(fields) == slackFields {
			flush()
		}
	}
	flush()
	var buttons []slack.BlockElement
	for i, l := range m.Links {
		u := s.link(l.URL)
		if i >= slackButtons || len(u) > slackURL {
			continue
		}
		b := slack.NewButtonBlockElement("", "", slack.NewTextBlockObject(slack.PlainTextType, cut(l.Text.In(lang), slackButton), true, false))
		b.URL = u
		buttons = append(buttons, b)
	}
	if len(blocks) > slackBlocks-2 {
		blocks = blocks[:slackBlocks-2]
	}
	if len(buttons) > 0 {
		blocks = append(blocks, slack.NewActionBlock("", buttons...))
	}
	blocks = append(blocks, slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType,
		"Yagura · <!date^"+itoa(m.Time.Unix())+"^{date_num} {time_secs}|"+m.Time.UTC().Format("2006-01-02 15:04:05 UTC")+">", false, false)))
	// Text is what notifications and screen readers show.
	return &slack.WebhookMessage{Text: escaped(title, slackSection), Blocks: &slack.Blocks{BlockSet: blocks}, UnfurlLinks: new(bool), UnfurlMedia: new(bool)}
}

// escaped is a text of at most n characters when its meaning was taken.
func escaped(s string, n int) string {
	for keep := n; ; keep = keep * 9 / 10 {
		if out := mrkdwn.Replace(cut(s, keep)); len([]rune(out)) <= n {
			return out
		}
	}
}

// split cuts a long text into parts at line ends where it can; of very long ones the rest
// is left out.
func split(text string, n int) (parts []string) {
	r := []rune(strings.TrimSpace(text))
	for len(r) > 0 && len(parts) < 4 {
		k := min(len(r), n*3/5) // escaping makes it longer
		if k < len(r) {
			if at := strings.LastIndexByte(string(r[:k]), '\n'); at > 0 {
				k = len([]rune(string(r[:k])[:at])) + 1
			}
		}
		part := string(r[:k])
		r = r[k:]
		if len(parts) == 3 && len(r) > 0 {
			part += "…"
		}
		if part = strings.TrimRight(part, "\n"); strings.TrimSpace(part) != "" {
			parts = append(parts, escaped(part, n))
		}
	}
	return parts
}

func (s *Service) sendSlack(ctx context.Context, d Destination, dl Delivery, secret func(string) (string, error)) error {
	address, err := secret(d.Settings.URLSecret)
	if err != nil {
		return err
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return permanent{fault.New(fault.Invalid, i18n.F("%s does not hold the URL of a Slack webhook.", "%s の内容が Slack の Webhook URL ではありません。", d.Settings.URLSecret))}
	}
	client := s.Guard.Client()
	heard := &listening{next: client.Transport}
	client.Transport = heard
	err = slack.PostWebhookCustomHTTPContext(ctx, address, client, s.slackMessage(d, dl.Message))
	var limited *slack.RateLimitedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &limited):
		return fault.Retry(fault.Overloaded, min(max(limited.RetryAfter, 0), longestWait), i18n.T("Slack asks to send less.", "Slack の送信レート制限に達しました。"))
	case heard.resp != nil:
		// Slack says in a word what is wrong (no_service, invalid_blocks); the library
		// leaves that out.
		return s.answer(heard.resp, heard.said)
	}
	return refusal(err)
}

// listening keeps the begin of an answer that says what went wrong.
type listening struct {
	next http.RoundTripper
	resp *http.Response
	said string
}

func (l *listening) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err != nil || resp.StatusCode < 400 {
		return resp, err
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, 500))
	if err != nil {
		return resp, nil
	}
	l.resp, l.said = resp, string(b)
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(b), resp.Body), resp.Body}
	return resp, nil
}
