package release

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v84/github"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Hook says that a GitHub repository's events are about a service. A repository of
// several services has several, told apart by how their tags begin.
type Hook struct {
	ID, Repo, Service string
	// Env is where releases and tags go. A deployment names its own.
	Env       string
	TagPrefix string // "checkout/": of tags and refs; it is no part of the version
	Events    []string
	Secret    string // a reference: "file:/run/secrets/github"
	Created   time.Time
	LastAt    time.Time
	LastEvent string // "release published: recorded 1.2.0"
}

// Events are GitHub's that a hook may listen to.
var Events = []string{"release", "deployment_status", "push"}

var repoShape = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$`)

func (s *Service) checkHook(h Hook) error {
	var errs []error
	if !repoShape.MatchString(h.Repo) {
		errs = append(errs, fault.Field("repo", i18n.T("Write the repository as owner/name.", "リポジトリは「オーナー/リポジトリ名」の形式で指定してください。")))
	}
	if strings.TrimSpace(h.Service) == "" {
		errs = append(errs, fault.Field("service", i18n.T("This is required.", "必須項目です。")))
	}
	if len(h.Events) == 0 {
		errs = append(errs, fault.Field("events", i18n.T("Choose at least one event.", "イベントを 1 つ以上選択してください。")))
	}
	for _, e := range h.Events {
		if !slices.Contains(Events, e) {
			errs = append(errs, fault.Field("events", i18n.F("There is no event %q here.", "イベント %q には対応していません。", e)))
		}
	}
	if _, err := s.Secret(h.Secret); err != nil {
		f := *fault.Of(err)
		f.Field, f.Code = "secret", fault.Invalid
		errs = append(errs, &f)
	}
	return errors.Join(errs...)
}

// Hooks lists the mappings.
func (s *Service) Hooks(ctx context.Context) (hooks []Hook, err error) {
	if err := authz.Can(ctx, authz.NotifyRead); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error { hooks, err = listHooks(tx); return err })
	return hooks, err
}

// PutHook adds a mapping, or replaces the one of its id.
func (s *Service) PutHook(ctx context.Context, h Hook, check func(Hook) error) (Hook, error) {
	if err := authz.Can(ctx, authz.NotifyWrite); err != nil {
		return h, err
	}
	if err := s.checkHook(h); err != nil {
		return h, err
	}
	return h, s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var before any
		action := "release_hook.create"
		if h.ID == "" {
			h.Created = s.Clock.Now()
		} else {
			was, err := hookByID(tx, h.ID)
			if err != nil {
				return err
			}
			if err := check(was); err != nil {
				return err
			}
			h.Created, h.LastAt, h.LastEvent = was.Created, was.LastAt, was.LastEvent
			before, action = hookState(was), "release_hook.update"
		}
		saved := h
		if saved.ID == "" {
			saved.ID = id.New()
		}
		if err := putHook(tx, saved); err != nil {
			return err
		}
		if err := s.Audit.Audit(ctx, tx, action, saved.ID, saved.Repo, before, hookState(saved)); err != nil {
			return err
		}
		h = saved
		return nil
	})
}

// RemoveHook removes a mapping; its releases stay.
func (s *Service) RemoveHook(ctx context.Context, hookID string) error {
	if err := authz.Can(ctx, authz.NotifyWrite); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := hookByID(tx, hookID)
		if err != nil {
			return err
		}
		if err := deleteHook(tx, hookID); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "release_hook.delete", was.ID, was.Repo, hookState(was), nil)
	})
}

func hookState(h Hook) any {
	return map[string]any{"repo": h.Repo, "service": h.Service, "env": h.Env, "tag_prefix": h.TagPrefix, "events": h.Events, "secret": h.Secret}
}

// Delivery is a request of GitHub's as it came.
type Delivery struct {
	Event, ID, Signature, ContentType string
	Body                              []byte
}

// Result is what became of a delivery, for GitHub's list of deliveries.
type Result struct {
	Status   string // "recorded", "known" or "ignored"
	Reason   string // why it is ignored
	Releases []Release
}

var errSignature = fault.New(fault.Unauthenticated, i18n.T(
	"The signature does not fit, or no webhook is configured for this repository. Check the secret on both sides, and that the content type is application/json.",
	"署名が一致しないか、このリポジトリの Webhook が設定されていません。GitHub 側と Yagura 側のシークレット、およびリポジトリ名を確認してください。"))

// Deliver takes what GitHub sent. Only what is signed with the secret of one of the
// repository's hooks is believed; a repository that is not known is answered as a wrong
// signature is, so that nobody learns which there are.
func (s *Service) Deliver(ctx context.Context, d Delivery) (res Result, err error) {
	hooks, payload, err := s.verify(ctx, d)
	if err != nil {
		return res, err
	}
	event, err := github.ParseWebHook(d.Event, payload)
	if err != nil {
		return Result{Status: "ignored", Reason: "not an event that Yagura reads: " + d.Event}, nil
	}
	if _, ping := event.(*github.PingEvent); ping {
		return Result{Status: "ignored", Reason: "pong"}, s.touch(ctx, hooks, "ping")
	}
	res.Status = "ignored"
	for _, h := range hooks {
		t, reason := h.read(event, hooks)
		if reason == "" && !slices.Contains(h.Events, d.Event) {
			reason = "this hook does not listen to " + d.Event
		}
		if reason != "" {
			res.Reason = cmp.Or(res.Reason, reason)
			if err := s.touch(ctx, []Hook{h}, d.Event+": "+reason); err != nil {
				return res, err
			}
			continue
		}
		// On behalf of the hook, which an administrator set up.
		by := authz.With(ctx, authz.Principal{UserID: h.ID, Name: "github:" + h.Repo, Role: authz.Member, Kind: authz.KindToken})
		r, created, err := s.Record(by, t)
		if err != nil {
			return res, err
		}
		res.Releases, res.Reason = append(res.Releases, r), ""
		if res.Status = "known"; created {
			res.Status = "recorded"
		}
		if err := s.touch(ctx, []Hook{h}, d.Event+": "+r.Version+" "+res.Status); err != nil {
			return res, err
		}
	}
	return res, nil
}

func (s *Service) touch(ctx context.Context, hooks []Hook, event string) error {
	return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		for _, h := range hooks {
			if err := touchHook(tx, h.ID, s.Clock.Now(), event); err != nil {
				return err
			}
		}
		return nil
	})
}

// verify finds the hooks whose secret signed the delivery.
func (s *Service) verify(ctx context.Context, d Delivery) (signed []Hook, payload []byte, err error) {
	contentType, _, err := mime.ParseMediaType(d.ContentType)
	// The library would take a SHA-1 too.
	if err != nil || !strings.HasPrefix(d.Signature, "sha256=") {
		return nil, nil, errSignature
	}
	body := d.Body
	if contentType == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(d.Body))
		if err != nil {
			return nil, nil, errSignature
		}
		body = []byte(form.Get("payload"))
	}
	// Which secret it must be is said by what is not verified yet; nothing else of it is used.
	var claims struct {
		Repository struct {
			FullName string `json:"full_name"`
		} `json:"repository"`
	}
	if err := json.Unmarshal(body, &claims); err != nil {
		return nil, nil, errSignature
	}
	var hooks []Hook
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) error { hooks, err = hooksOf(tx, claims.Repository.FullName); return err }); err != nil {
		return nil, nil, err
	}
	for _, h := range hooks {
		secret, err := s.Secret(h.Secret)
		if err != nil || secret == "" { // an empty one would mean that none is needed
			s.Log.WarnContext(ctx, "the secret of a GitHub webhook cannot be read", "repo", h.Repo, "error", err)
			continue
		}
		p, err := github.ValidatePayloadFromBody(contentType, bytes.NewReader(d.Body), d.Signature, []byte(secret))
		if err == nil {
			signed, payload = append(signed, h), p
		}
	}
	if len(signed) == 0 {
		return nil, nil, errSignature
	}
	return signed, payload, nil
}
