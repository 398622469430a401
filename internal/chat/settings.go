package chat

import (
	"regexp"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Settings are how Slack is reached. With none of the secrets it is off.
type Settings struct {
	Bot     string    `json:"bot"`     // reference to the bot token, xoxb-…
	App     string    `json:"app"`     // to the app-level token, xapp-…: Socket Mode
	Signing string    `json:"signing"` // to the signing secret: requests over HTTP
	Command string    `json:"command"` // "/yagura"
	Lang    i18n.Lang `json:"lang"`    // where a channel has not chosen
	// Channels are the ids of those that are answered; none is all that the app is used in.
	Channels []string `json:"channels"`
}

// On says that there is something to connect with.
func (s Settings) On() bool { return s.Bot != "" && (s.App != "" || s.Signing != "") }

var (
	commandForm = regexp.MustCompile(`^/[a-z0-9_-]{1,31}$`)
	channelForm = regexp.MustCompile(`^[CGD][A-Z0-9]{5,20}$`)
)

func (s *Settings) validate(check func(field, ref string) error) error {
	if s.Command == "" {
		s.Command = "/yagura"
	}
	if s.Lang == "" {
		s.Lang = i18n.En
	}
	s.Channels = slices.Compact(slices.Sorted(slices.Values(s.Channels)))
	if s.Channels == nil {
		s.Channels = []string{}
	}
	for field, ref := range map[string]*string{"bot": &s.Bot, "app": &s.App, "signing": &s.Signing} {
		if *ref = strings.TrimSpace(*ref); *ref != "" {
			if err := check(field, *ref); err != nil {
				return err
			}
		}
	}
	switch {
	case s.Bot == "" && (s.App != "" || s.Signing != ""):
		return fault.Field("bot", i18n.T("Name the bot token too: answers are sent with it.", "ボットトークンも指定してください。回答の送信に使います。"))
	case s.Bot != "" && s.App == "" && s.Signing == "":
		return fault.Field("app", i18n.T("Name the app-level token (Socket Mode), or the signing secret (HTTP).", "アプリレベルトークン（Socket Mode）または Signing Secret（HTTP）を指定してください。"))
	case !commandForm.MatchString(s.Command):
		return fault.Field("command", i18n.F("%q is no slash command; write /yagura.", "%q はスラッシュコマンドとして使えません。/yagura のように指定してください。", s.Command))
	case s.Lang != i18n.En && s.Lang != i18n.Ja:
		return fault.Field("lang", i18n.T("It is en or ja.", "en または ja を指定してください。"))
	}
	for _, c := range s.Channels {
		if !channelForm.MatchString(c) {
			return fault.Field("channels", i18n.F("%q is no id of a channel; it stands at the foot of the channel's details (C0123ABCD).", "%q はチャンネル ID ではありません。ID はチャンネル詳細の一番下にあります（C0123ABCD）。", c))
		}
	}
	return nil
}
