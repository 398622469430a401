package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

const (
	pollEvery = time.Second
	atOnce    = 16 // destinations that one process sends to at the same time
	// sendTimeout bounds an attempt; claimFor is how long another process leaves it alone.
	sendTimeout = 30 * time.Second
	claimFor    = 2 * time.Minute
	firstWait   = 5 * time.Second
	longestWait = 30 * time.Minute
)

// Run sends what is in the outbox until ctx ends and what is being sent has ended.
func (s *Service) Run(ctx context.Context) {
	var work sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for ctx.Err() == nil {
		due, err := s.due(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "the outbox cannot be read; trying again", "error", err)
		}
		for _, destination := range due {
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				continue
			}
			work.Go(func() {
				defer func() { <-places }()
				more, err := s.deliver(ctx, destination)
				if err != nil && ctx.Err() == nil {
					s.Log.WarnContext(ctx, "a notification could not be recorded; it may be sent again", "destination", destination, "error", err)
				}
				if more {
					s.Wake()
				}
			})
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-s.Clock.After(pollEvery):
		}
	}
	work.Wait()
}

func (s *Service) due(ctx context.Context) (due []string, err error) {
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		due, err = dueDestinations(tx, now)
		return err
	})
	return due, err
}

// deliver makes one attempt at a destination's first message, unless somebody else does
// or it is not its time. More says that another may be due at once.
func (s *Service) deliver(ctx context.Context, destination string) (more bool, err error) {
	var d Destination
	var dl Delivery
	took := false
	if err := s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		took = false
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		if d, err = destinationByID(tx, destination); err != nil || d.Disabled {
			return err
		}
		free, err := freeAt(tx, destination)
		if err != nil || free.After(now) {
			return err
		}
		var there bool
		if dl, there, err = head(tx, destination); err != nil || !there || dl.Due.After(now) || dl.claimedUntil.After(now) {
			return err
		}
		dl.State, dl.claim, dl.Attempts, dl.Tried, dl.claimedUntil = Sending, dl.claim+1, dl.Attempts+1, now, now.Add(claimFor)
		took = true
		return errors.Join(updateDelivery(tx, dl), setFreeAt(tx, destination, now.Add(d.gap())))
	}); err != nil || !took {
		return false, err
	}
	sendErr := s.send(ctx, d, dl)
	if sendErr != nil && ctx.Err() != nil {
		// We are asked to end: whether it arrived is not known, so it is sent again, at once
		// by another process or at the next start. It is not the message's fault.
		sendErr = context.Canceled
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return sendErr == nil && d.gap() < pollEvery, s.DB.Write(end, func(tx *sqldb.Tx) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		is, err := deliveryByID(tx, dl.ID)
		if fault.Is(err, fault.NotFound) || err == nil && is.claim != dl.claim {
			return nil // its destination was removed, or another took it because we were so late
		}
		if err != nil {
			return err
		}
		is.claimedUntil = time.Time{}
		s.judge(&is, sendErr, now)
		// The rate counts from when it had arrived.
		return errors.Join(updateDelivery(tx, is), setFreeAt(tx, destination, now.Add(d.gap())))
	})
}

// judge decides what comes after an attempt.
func (s *Service) judge(d *Delivery, err error, now time.Time) {
	switch {
	case err == nil:
		d.State, d.Sent, d.Error = Sent, now, i18n.Text{}
		return
	case errors.Is(err, context.Canceled):
		d.State, d.Due = Queued, now
		d.Attempts--
		return
	}
	f := fault.Of(err)
	d.Error = f.Text
	if isPermanent(err) {
		d.State = Dead
		return
	}
	if now.Sub(d.since) >= s.Patience {
		d.State = Dead
		d.Error = i18n.F("Given up after %[1]d attempts: %[2]s", "%[1]d 回試行しましたが配信できませんでした: %[2]s", d.Attempts, f.Text)
		return
	}
	wait := min(firstWait<<min(d.Attempts-1, 20), longestWait)
	wait += rand.N(wait/5 + 1)
	d.State, d.Due = Queued, now.Add(max(wait, f.RetryAfter))
}

// send makes one attempt. Its error is a fault that holds no secret.
func (s *Service) send(ctx context.Context, d Destination, dl Delivery) (err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	var secrets []string
	defer func() {
		if v := recover(); v != nil {
			s.Log.Error("a sender panicked", "kind", d.Kind, "value", scrub(fmt.Sprint(v), secrets), "stack", string(debug.Stack()))
			err = permanent{fault.Internalf("a sender panicked")}
		}
		err = clean(err, secrets)
	}()
	f, ok := s.senders[d.Kind]
	if !ok {
		return permanent{fault.Internalf("notify: no sender for %q", d.Kind)}
	}
	return f(ctx, d, dl, func(ref string) (string, error) {
		v, err := s.Secrets.Resolve(ref)
		if err == nil {
			secrets = append(secrets, v)
		}
		return v, err
	})
}

// clean makes an error a fault whose text can be shown: without secrets, and saying what
// went wrong in words where we know them.
func clean(err error, secrets []string) error {
	if err == nil {
		return nil
	}
	final := isPermanent(err)
	out := &fault.Error{Code: fault.Unavailable}
	var f *fault.Error
	var dns *net.DNSError
	var addr *net.OpError
	switch {
	case errors.As(err, &f):
		out.Code, out.RetryAfter, out.Text = f.Code, f.RetryAfter, f.Text
		if f.Code == fault.Internal {
			out.Text = fault.Of(f).Text
		}
	case errors.Is(err, context.DeadlineExceeded):
		out.Code = fault.Timeout
		out.Text = i18n.T("The other side did not answer in time.", "制限時間内に送信先から応答がありませんでした。")
	case errors.As(err, &dns):
		out.Text = i18n.F("The name %s cannot be resolved.", "ホスト名 %s を解決できません。", dns.Name)
	case errors.As(err, &addr) && addr.Op == "dial":
		out.Text = i18n.F("No connection to %s.", "%s に接続できません。", fmt.Sprint(addr.Addr))
	default:
		var u *url.Error // its text holds the URL, which may be the secret
		if errors.As(err, &u) {
			err = u.Err
		}
		text := cut(strings.Join(strings.Fields(err.Error()), " "), 300)
		out.Text = i18n.F("It could not be sent: %s", "送信できませんでした: %s", text)
	}
	out.Text = i18n.T(scrub(out.Text.En, secrets), scrub(out.Text.Ja, secrets))
	if final {
		return permanent{out}
	}
	return out
}

// scrub takes secrets, and the parts of those that are URLs, out of a text.
func scrub(text string, secrets []string) string {
	for _, s := range secrets {
		parts := []string{s, url.QueryEscape(s), url.PathEscape(s)}
		if u, err := url.Parse(s); err == nil && u.Host != "" {
			parts = append(parts, u.RequestURI(), u.Path)
			for _, p := range strings.FieldsFunc(u.RequestURI(), func(r rune) bool { return strings.ContainsRune("/?&=", r) }) {
				if len(p) >= 8 && p != "services" {
					parts = append(parts, p)
				}
			}
		}
		for _, p := range parts {
			if len(p) > 1 {
				text = strings.ReplaceAll(text, p, "***")
			}
		}
	}
	return text
}

// link makes an address whole.
func (s *Service) link(u string) string {
	if strings.HasPrefix(u, "/") {
		return strings.TrimSuffix(cmp.Or(s.BaseURL(), "http://localhost"), "/") + u
	}
	return u
}
