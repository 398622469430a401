package release

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Source is who told of a release first.
type Source string

// The sources.
const (
	FromCLI       Source = "cli"
	FromAPI       Source = "api"
	FromGitHub    Source = "github"
	FromTelemetry Source = "telemetry"
)

// Release is one version of a service coming into one environment.
type Release struct {
	ID, Service, Env, Version string
	Commit, Author, URL, Note string
	N                         int64 // which time this version and commit is released here, from 1
	Source                    Source
	Rollback                  bool      // it had been released or seen here before, and then another
	Declared                  time.Time // as told; zero: nobody did
	Seen                      time.Time // first telemetry; zero: none yet
	At                        time.Time // Seen, or Declared while nothing was seen
	Created                   time.Time
	CreatedBy                 string

	// Last and Ended are of its telemetry: the newest row, and when another version had
	// replaced it; zero while it goes on.
	Last, Ended time.Time
}

// time decides At.
func (r *Release) settle() {
	r.At = r.Seen
	if r.At.IsZero() {
		r.At = r.Declared
	}
}

// Telling is what somebody says of a release.
type Telling struct {
	Service, Version          string
	Env                       *string // nil: they did not say
	Commit, Author, URL, Note string
	Time                      time.Time // zero: now
	Source                    Source
}

var commitShape = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._/+-]{0,99}$`)

// Validate says what cannot be recorded.
func (t Telling) Validate(now time.Time) error {
	var errs []error
	need := func(field, v string) {
		if strings.TrimSpace(v) == "" {
			errs = append(errs, fault.Field(field, i18n.T("This is required.", "必須項目です。")))
		}
	}
	need("service", t.Service)
	need("version", t.Version)
	short := func(field, v string, n int) {
		if len(v) > n || !utf8.ValidString(v) {
			errs = append(errs, fault.Field(field, i18n.F("This may have %d bytes at most.", "%d バイト以内で指定してください。", n)))
		}
	}
	short("service", t.Service, 256)
	short("version", t.Version, 256)
	short("author", t.Author, 256)
	short("note", t.Note, 4000)
	if t.Env != nil {
		short("env", *t.Env, 256)
	}
	if t.Commit != "" && !commitShape.MatchString(t.Commit) {
		errs = append(errs, fault.Field("commit", i18n.T(
			"This is no commit: letters, digits and . _ / + - only, 100 at most.", "コミットとして読み取れません。英数字と . _ / + - で 100 文字以内にしてください。")))
	}
	if t.URL != "" {
		if u, err := url.Parse(t.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(t.URL) > 2000 {
			errs = append(errs, fault.Field("url", i18n.T("This is not an http or https URL.", "http または https の URL を指定してください。")))
		}
	}
	if t.Time.After(now.Add(time.Hour)) {
		errs = append(errs, fault.Field("time", i18n.T(
			"A release cannot be recorded before it happens: the time lies in the future.", "未来の時刻は指定できません。リリースは実施後に記録してください。")))
	}
	return errors.Join(errs...)
}

// The same release is told of by several who are not heard at the same time: a pipeline
// tells before the first instance starts, or when the last one did.
const (
	toldEarly = 24 * time.Hour // told so long before it is seen
	toldLate  = 6 * time.Hour  // told so long after it was seen
)

// together says that a telling at one time and a first sighting at another may be of the
// same release.
func together(told, seen time.Time) bool {
	return !seen.Before(told.Add(-toldLate)) && !seen.After(told.Add(toldEarly))
}

// sameVersion says that two versions are the same, as different tools spell it: v1.2 is
// 1.2, and the commit, whole or cut, may be the version.
func sameVersion(a, aCommit, b, bCommit string) bool {
	return bare(a) == bare(b) || isPartOf(a, bCommit) || isPartOf(b, aCommit) || hexlike(a) && hexlike(b) && sameCommit(a, b)
}

// sameCommit says that two commits may be the same: one is not known, or is the begin of
// the other.
func sameCommit(a, b string) bool {
	return a == "" || b == "" || a == b || isPartOf(a, b) || isPartOf(b, a)
}

func isPartOf(short, long string) bool {
	return len(short) >= 7 && hexlike(short) && strings.HasPrefix(strings.ToLower(long), strings.ToLower(short))
}

var hexShape = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)

func hexlike(s string) bool { return hexShape.MatchString(s) }

func bare(v string) string {
	if len(v) > 1 && (v[0] == 'v' || v[0] == 'V') && v[1] >= '0' && v[1] <= '9' {
		return v[1:]
	}
	return v
}
