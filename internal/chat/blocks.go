package chat

import (
	"strings"

	"github.com/slack-go/slack"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Limits of Slack's Block Kit, in characters; ours are below them, for escaping makes
// texts longer.
const (
	maxTitle   = 140
	maxSection = 2800
	maxBlocks  = 40
	maxButtons = 5
	maxButton  = 70
)

// mrkdwn takes the meaning from the three characters that Slack gives one to; and from
// those that would format, which a name of a program may well hold.
var mrkdwn = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "∗", "`", "ʹ")

func escape(s string, n int) string { return mrkdwn.Replace(i18n.Short(s, n)) }

// blocks give a reply Slack's form; file is an uploaded picture's id.
func (r reply) blocks(file string) []slack.Block {
	title := strings.TrimSpace(r.mark + " " + strings.Join(strings.Fields(r.title), " "))
	var out []slack.Block
	if len([]rune(title)) <= maxTitle {
		out = append(out, slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, title, true, false)))
	} else { // a header must be short: a sentence stands in bold
		out = append(out, section("*"+escape(title, 600)+"*"))
	}
	if file != "" {
		out = append(out, slack.NewImageBlockSlackFile(&slack.SlackFileObject{ID: file}, i18n.Short(r.title, 200), "", nil))
	}
	for _, p := range r.text {
		if len(out) == maxBlocks {
			break
		}
		s := escape(p.text, 2000)
		if p.head != "" {
			s = "*" + escape(p.head, 300) + "*\n" + s
		}
		for _, l := range p.links {
			if link := " <" + linkable(l.url) + "|" + escape(l.text, 60) + ">"; len(s)+len(link) < maxSection {
				s += link
			}
		}
		out = append(out, section(s))
	}
	var buttons []slack.BlockElement
	for _, l := range r.links {
		if len(buttons) == maxButtons || len(l.url) > 3000 || !strings.HasPrefix(l.url, "http") {
			continue
		}
		b := slack.NewButtonBlockElement("", "", slack.NewTextBlockObject(slack.PlainTextType, i18n.Short(l.text, maxButton), true, false))
		b.URL = l.url
		buttons = append(buttons, b)
	}
	if len(buttons) > 0 {
		out = append(out, slack.NewActionBlock("", buttons...))
	}
	return out
}

// plain is what notifications and screen readers show.
func (r reply) plain() string { return escape(strings.TrimSpace(r.mark+" "+r.title), 600) }

func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, text, false, true), nil, nil)
}

// linkable is an address that cannot end its link early.
func linkable(u string) string {
	return strings.NewReplacer("|", "%7C", ">", "%3E", "<", "%3C", " ", "%20").Replace(u)
}
