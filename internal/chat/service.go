package chat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/netguard"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Auditor writes who changed what, in the transaction of the change.
type Auditor interface {
	Audit(ctx context.Context, tx *sqldb.Tx, action, subjectID, subjectName string, before, after any) error
}

// Options are what the service stands on.
type Options struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Log    *slog.Logger
	Audit  Auditor
	Client *client.ClientWithResponses // acts as a viewer
	UI     func() string               // address of the UI, for links
	Guard  *netguard.Guard
	Secret func(ref string) (string, error)
	Check  func(field, ref string) error // whether a reference can be one
	// Slack is where its API is; "" is Slack's own.
	Slack string
}

// How much is answered: a person's questions in a minute, and questions at a time.
const (
	perMinute = 10
	atOnce    = 4
	// answerWithin bounds the work for one answer. Slack takes answers for half an hour.
	answerWithin = 20 * time.Second
)

// Service answers people in Slack.
type Service struct {
	Options
	slots   chan struct{}
	work    sync.WaitGroup
	changed chan struct{} // told when the settings are others

	mu    sync.Mutex
	asked map[string][]time.Time // by person, within the last minute
	seen  map[string]time.Time   // events, which Slack sends again when it is in doubt
	state State
}

// State is how the connection does.
type State struct {
	Connected bool // over Socket Mode
	Since     time.Time
	Workspace string
	TeamID    string
	Bot       string
	Last      time.Time // last question
	Problem   i18n.Text // what is wrong, if something is
}

// NewService makes the service. Its tables must have been migrated.
func NewService(opt Options) *Service {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Slack == "" {
		opt.Slack = slack.APIURL
	}
	return &Service{Options: opt, slots: make(chan struct{}, atOnce), changed: make(chan struct{}, 1), asked: map[string][]time.Time{}, seen: map[string]time.Time{}}
}

// Settings reads the settings and when they were changed.
func (s *Service) Settings(ctx context.Context) (set Settings, changed time.Time, err error) {
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error { set, changed, err = loadSettings(tx); return err })
	return set, changed, err
}

// Configure changes the settings; the connection follows. check may refuse the state that
// it would change.
func (s *Service) Configure(ctx context.Context, set Settings, check func(Settings, time.Time) error) error {
	if err := set.validate(s.Check); err != nil {
		return err
	}
	err := s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		was, at, err := loadSettings(tx)
		if err != nil {
			return err
		}
		if err := check(was, at); err != nil {
			return err
		}
		if err := saveSettings(tx, set, s.Clock.Now()); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "slack.update", slackRow, "Slack", was, set)
	})
	if err == nil {
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
	return err
}

// State says how the connection does.
func (s *Service) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

func (s *Service) set(f func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.state)
}

// bot is Slack's API with the bot's token.
func (s *Service) bot(set Settings, more ...slack.Option) (*slack.Client, error) {
	token, err := s.Secret(set.Bot)
	if err != nil {
		return nil, err
	}
	return slack.New(token, append(more, slack.OptionAPIURL(s.Slack), slack.OptionHTTPClient(s.Guard.Client()))...), nil
}

// Examine asks Slack who the bot is, and keeps what is wrong.
func (s *Service) Examine(ctx context.Context) error {
	set, _, err := s.Settings(ctx)
	if err != nil || !set.On() {
		return err
	}
	api, err := s.bot(set)
	var who *slack.AuthTestResponse
	if err == nil {
		who, err = api.AuthTestContext(ctx)
	}
	s.set(func(st *State) {
		st.Problem = i18n.Text{}
		if err != nil {
			st.Problem = trouble(err)
			return
		}
		st.Workspace, st.TeamID, st.Bot = who.Team, who.TeamID, who.User
	})
	return nil
}

// trouble says what Slack's refusal means.
func trouble(err error) i18n.Text {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Text
	}
	var said slack.SlackErrorResponse
	word := err.Error()
	if errors.As(err, &said) {
		word = said.Err
	}
	switch word {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive":
		return i18n.F("Slack does not accept the token (%s): it is wrong, or the app was removed from the workspace.", "Slack がトークンを受け付けません（%s）。トークンの誤り、またはアプリがワークスペースから削除されています。", word)
	case "not_allowed_token_type":
		return i18n.T("The tokens are the wrong way round: the bot's begins with xoxb-, the app's with xapp-.", "トークンの種類が違います。ボットは xoxb-、アプリレベルは xapp- で始まります。")
	case "missing_scope":
		return i18n.T("The app lacks a permission: install it again from the manifest below.", "アプリの権限が不足しています。下のマニフェストで再インストールしてください。")
	}
	return i18n.F("Slack cannot be reached: %s.", "Slack に接続できません（%s）。", err)
}

// admit says whether a question is taken, and if not, why. Only the workspace of the bot
// is answered, in allowed channels, and nobody more than perMinute times a minute.
func (s *Service) admit(set Settings, team, channel, user string) (ok bool, why i18n.Text) {
	now := s.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.TeamID != "" && team != s.state.TeamID {
		return false, i18n.T("This workspace is not the one that Yagura belongs to.", "Yagura が接続しているワークスペースではありません。")
	}
	if len(set.Channels) > 0 && !slices.Contains(set.Channels, channel) {
		return false, i18n.T("Yagura does not answer in this channel. An administrator can allow it under Settings → Slack.", "このチャンネルでは回答しません。管理者が設定 → Slack で許可できます。")
	}
	recent := slices.DeleteFunc(s.asked[user], func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if len(recent) >= perMinute {
		s.asked[user] = recent
		return false, i18n.F("You asked %d times within a minute. Wait a moment.", "1 分間に %d 回尋ねられました。少し待ってください。", perMinute)
	}
	s.asked[user] = append(recent, now)
	if len(s.asked) > 10_000 { // people who asked long ago
		for u, times := range s.asked {
			if now.Sub(times[len(times)-1]) >= time.Minute {
				delete(s.asked, u)
			}
		}
	}
	s.state.Last = now
	return true, i18n.Text{}
}

// lang is the language of a channel.
func (s *Service) lang(ctx context.Context, set Settings, channel string) i18n.Lang {
	var lang i18n.Lang
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) (err error) { lang, err = langOf(tx, channel); return err }); err != nil {
		s.Log.Warn("a channel's language could not be read", "error", err)
	}
	if lang == "" {
		return set.Lang
	}
	return lang
}

// command takes a slash command and gives what is shown at once; the answer follows to
// the response URL.
func (s *Service) command(background context.Context, set Settings, c slack.SlashCommand) *slack.Msg {
	lang := s.lang(background, set, c.ChannelID)
	if ok, why := s.admit(set, c.TeamID, c.ChannelID, c.UserID); !ok {
		return &slack.Msg{ResponseType: slack.ResponseTypeEphemeral, Text: why.In(lang)}
	}
	s.work.Go(func() {
		ctx, cancel := context.WithTimeout(background, answerWithin)
		defer cancel()
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-ctx.Done():
		}
		r := answer(ctx, s.question(c.Text, c.Command, c.ChannelID, c.UserID, lang))
		sending, done := context.WithTimeout(context.WithoutCancel(background), answerWithin)
		defer done()
		if err := s.send(sending, set, c.ResponseURL, r); err != nil {
			s.Log.Warn("an answer did not reach Slack", "error", err)
			s.set(func(st *State) { st.Problem = trouble(err) })
		}
	})
	return &slack.Msg{ResponseType: slack.ResponseTypeEphemeral, Text: i18n.T("Looking …", "調べています…").In(lang)}
}

func (s *Service) question(text, command, channel, user string, lang i18n.Lang) *asked {
	return &asked{text: text, command: command, channel: channel, user: user, lang: lang, api: s.Client, ui: s.UI(),
		setLang: func(ctx context.Context, channel string, lang i18n.Lang) error {
			return s.DB.Write(ctx, func(tx *sqldb.Tx) error { return setLang(tx, channel, lang, s.Clock.Now()) })
		}}
}

// send posts an answer, with its picture if Slack takes that.
func (s *Service) send(ctx context.Context, set Settings, to string, r reply) error {
	file := ""
	if r.picture != nil {
		var err error
		if file, err = s.upload(ctx, set, r); err != nil {
			s.Log.Warn("a picture did not reach Slack", "error", err)
			s.set(func(st *State) { st.Problem = trouble(err) })
		}
	}
	post := func(file string) error {
		msg := &slack.WebhookMessage{Text: r.plain(), Blocks: &slack.Blocks{BlockSet: r.blocks(file)}, ResponseType: slack.ResponseTypeInChannel, ReplaceOriginal: false, UnfurlLinks: new(bool), UnfurlMedia: new(bool)}
		if r.private {
			msg.ResponseType, msg.ReplaceOriginal = slack.ResponseTypeEphemeral, true
		}
		for try := 0; ; try++ {
			err := slack.PostWebhookCustomHTTPContext(ctx, to, s.Guard.Client(), msg)
			var limited *slack.RateLimitedError
			if errors.As(err, &limited) && try < 3 {
				if s.Clock.Sleep(ctx, min(max(limited.RetryAfter, 0), 10*time.Second)) == nil {
					continue
				}
			}
			return err
		}
	}
	err := post(file)
	if err != nil && file != "" { // Slack may not have the picture ready
		err = post("")
	}
	return err
}

func (s *Service) upload(ctx context.Context, set Settings, r reply) (string, error) {
	png, err := waterfall(r.picture)
	if err != nil || png == nil {
		return "", err
	}
	api, err := s.bot(set)
	if err != nil {
		return "", err
	}
	f, err := api.UploadFileContext(ctx, slack.UploadFileParameters{Reader: bytes.NewReader(png), FileSize: len(png), Filename: "trace-" + r.picture.TraceID + ".png", Title: i18n.Short(r.title, 100), AltTxt: i18n.Short(r.title, 500)})
	if err != nil {
		return "", fmt.Errorf("upload: %w", err)
	}
	return f.ID, nil
}

// shared answers links to traces of ours with what happened in them.
func (s *Service) shared(background context.Context, set Settings, team, channel, user, ts, eventID string, links []string) {
	if !s.first(eventID) {
		return
	}
	ours, err := url.Parse(s.UI())
	if err != nil {
		return
	}
	var traces []string
	for _, l := range links {
		if u, err := url.Parse(l); err == nil && strings.EqualFold(u.Host, ours.Host) && strings.HasPrefix(u.Path, "/traces/") && len(traces) < 3 {
			traces = append(traces, l)
		}
	}
	if len(traces) == 0 {
		return
	}
	if ok, _ := s.admit(set, team, channel, user); !ok {
		return
	}
	s.work.Go(func() {
		ctx, cancel := context.WithTimeout(background, answerWithin)
		defer cancel()
		unfurls := map[string]slack.Attachment{}
		for _, l := range traces {
			r, err := explain(ctx, s.question(l, set.Command, channel, user, s.lang(ctx, set, channel)))
			if err != nil || r.private {
				continue // a link that says nothing stays a link
			}
			r.text, r.links = r.text[:min(len(r.text), 3)], nil
			unfurls[l] = slack.Attachment{Blocks: slack.Blocks{BlockSet: r.blocks("")}, Fallback: r.plain()}
		}
		if len(unfurls) == 0 {
			return
		}
		api, err := s.bot(set)
		if err == nil {
			_, _, _, err = api.UnfurlMessageContext(ctx, channel, ts, unfurls)
		}
		if err != nil {
			s.Log.Warn("a link was not unfurled", "error", err)
			s.set(func(st *State) { st.Problem = trouble(err) })
		}
	})
}

// first says that an event has not been here; Slack sends some again.
func (s *Service) first(eventID string) bool {
	now := s.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for e, at := range s.seen {
		if now.Sub(at) > 10*time.Minute {
			delete(s.seen, e)
		}
	}
	if _, ok := s.seen[eventID]; ok && eventID != "" {
		return false
	}
	s.seen[eventID] = now
	return true
}

// Wait returns when no answer is under way, or ctx ends.
func (s *Service) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { s.work.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
