package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
)

// signed takes Slack's requests over HTTP.
type signed struct {
	s          *Service
	background context.Context
	take       func(w http.ResponseWriter, r *http.Request, set Settings, body []byte)
}

// Commands takes slash commands: POST /slack/commands.
func (s *Service) Commands(background context.Context) http.Handler {
	return &signed{s, background, func(w http.ResponseWriter, r *http.Request, set Settings, body []byte) {
		r.Body = io.NopCloser(bytes.NewReader(body))
		c, err := slack.SlashCommandParse(r)
		if err != nil || c.ResponseURL == "" {
			http.Error(w, "this is no slash command", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.command(background, set, c)) // if Slack is gone, it asks again
	}}
}

// Events takes what happens in the workspace: POST /slack/events.
func (s *Service) Events(background context.Context) http.Handler {
	return &signed{s, background, func(w http.ResponseWriter, _ *http.Request, set Settings, body []byte) {
		e, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken()) // the signature was verified
		if err != nil {
			http.Error(w, "this is no event", http.StatusBadRequest)
			return
		}
		if e.Type == slackevents.URLVerification {
			var v slackevents.ChallengeResponse
			if json.Unmarshal(body, &v) == nil {
				w.Header().Set("Content-Type", "text/plain")
				_, _ = io.WriteString(w, v.Challenge)
			}
			return
		}
		s.event(background, set, e)
		w.WriteHeader(http.StatusOK)
	}}
}

// event takes one, however it came.
func (s *Service) event(background context.Context, set Settings, e slackevents.EventsAPIEvent) {
	outer, _ := e.Data.(*slackevents.EventsAPICallbackEvent)
	if l, ok := e.InnerEvent.Data.(*slackevents.LinkSharedEvent); ok {
		var links []string
		for _, link := range l.Links {
			links = append(links, link.URL)
		}
		id := ""
		if outer != nil {
			id = outer.EventID
		}
		s.shared(background, set, e.TeamID, l.Channel, l.User, l.MessageTimeStamp, id, links)
	}
}

// maxBody is more than Slack sends.
const maxBody = 256 << 10

func (h *signed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	set, _, err := h.s.Settings(r.Context())
	if err != nil {
		http.Error(w, "the settings cannot be read", http.StatusServiceUnavailable)
		return
	}
	if !set.On() || set.Signing == "" {
		http.Error(w, "Slack over HTTP is not set up", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return
	}
	secret, err := h.s.Secret(set.Signing)
	if err != nil {
		h.s.Log.Warn("Slack's signing secret cannot be read", "error", err)
		http.Error(w, "the signing secret cannot be read", http.StatusServiceUnavailable)
		return
	}
	v, err := slack.NewSecretsVerifier(r.Header, secret)
	if err == nil {
		_, _ = v.Write(body) // a hash takes everything
		err = v.Ensure()
	}
	if err != nil {
		http.Error(w, "the signature is not right", http.StatusUnauthorized)
		return
	}
	h.take(w, r, set, body)
}
