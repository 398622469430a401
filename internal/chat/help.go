package chat

import (
	"context"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

func langCommand() command {
	return command{
		name: "lang", args: i18n.T("ja|en", "ja|en"),
		help: i18n.T("the language of answers in this channel", "このチャンネルでの回答の言語"),
		run: func(ctx context.Context, a *asked) (reply, error) {
			lang := i18n.Lang(strings.ToLower(strings.TrimSpace(a.text)))
			if lang != i18n.En && lang != i18n.Ja {
				return usage(a), nil
			}
			if err := a.setLang(ctx, a.channel, lang); err != nil {
				return reply{}, err
			}
			a.lang = lang
			return reply{mark: "✅", title: a.say("Answers in this channel are in English now.", "このチャンネルでは日本語で回答します。")}, nil
		},
	}
}

func helpCommand() command {
	return command{
		name: "help", help: i18n.T("this list", "この一覧"),
		run: func(_ context.Context, a *asked) (reply, error) { return usage(a), nil },
	}
}

// usage lists the commands.
func usage(a *asked) reply {
	r := reply{mark: "🏯", title: a.say("What you can ask Yagura", "Yagura に尋ねられること"), private: true}
	for _, c := range commands() {
		r.text = append(r.text, paragraph{head: strings.Join(strings.Fields(a.command+" "+c.name+" "+c.args.In(a.lang)), " "), text: c.help.In(a.lang)})
	}
	return r
}
