package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// releaseCmd is about releases. "yagura release SERVICE VERSION" records one.
type releaseCmd struct {
	Record releaseRecord `cmd:"" default:"withargs" help:"${release_record}"`
	Ls     releaseLs     `cmd:"" help:"${release_ls}"`
	Show   releaseShow   `cmd:"" help:"${release_show}"`
}

// releaseRecord records a release. What a pipeline knows of itself is taken from the
// variables that GitHub Actions and GitLab CI set.
type releaseRecord struct {
	Service string `arg:"" help:"${release_service}"`
	Version string `arg:"" help:"${release_version}"`

	Env    *string `help:"${release_env}" placeholder:"NAME"`
	Commit string  `help:"${release_commit}" env:"GITHUB_SHA,CI_COMMIT_SHA" placeholder:"SHA"`
	Author string  `help:"${release_author}" env:"GITHUB_ACTOR,GITLAB_USER_LOGIN" placeholder:"NAME"`
	URL    string  `help:"${release_url}" name:"url" env:"CI_PIPELINE_URL" placeholder:"URL"`
	Time   string  `help:"${release_time}" placeholder:"TIME"`
	Note   string  `help:"${release_note}" placeholder:"TEXT"`
	remote
}

func (c releaseRecord) Run(s *session) error {
	body := client.CreateReleaseJSONRequestBody{Service: c.Service, Version: c.Version, Env: c.Env, Source: ptr(client.ReleaseInputBodySourceCli)}
	for _, f := range []struct {
		to   **string
		from string
	}{{&body.Commit, c.Commit}, {&body.Author, c.Author}, {&body.URL, c.URL}, {&body.Note, c.Note}} {
		if f.from != "" {
			*f.to = ptr(f.from)
		}
	}
	if c.Time != "" {
		t, err := time.Parse(time.RFC3339Nano, c.Time)
		if err != nil {
			return fault.Field("--time", i18n.F("%q is not a time; write it as 2026-11-22T10:02:00+09:00.", "%q は時刻として読み取れません。2026-11-22T10:02:00+09:00 の形式で指定してください。", c.Time))
		}
		body.Time = &t
	}
	api, err := c.open(s)
	if err != nil {
		return err
	}
	r, err := client.Do(api.CreateReleaseWithResponse(s.ctx, body))
	if err != nil {
		return err
	}
	if c.JSON {
		return s.print(r.JSON200)
	}
	return c.tell(s, r.JSON200)
}

// tell says in a line or two what is recorded.
func (c releaseRecord) tell(s *session, r *client.RecordedReleaseView) error {
	where := ""
	if r.Env != "" {
		where = " (" + oneLine(r.Env) + ")"
	}
	what := oneLine(r.Service) + " " + oneLine(r.Version) + where
	text := i18n.F("Recorded %s.", "%s を記録しました。", what)
	switch {
	case !r.IsNew:
		text = i18n.F("%s had been recorded already; what is new was added to it.", "%s は記録済みです。新しい情報があれば追加しました。", what)
	case r.Rollback:
		text = i18n.F("Recorded %s as a rollback.", "%s をロールバックとして記録しました。", what)
	}
	lines := []string{s.text(text)}
	switch {
	case r.FirstSeen != nil:
		lines = append(lines, s.text(i18n.F("First seen in telemetry: %s", "テレメトリーでの初回検出: %s", c.at(*r.FirstSeen))))
	case !r.Known:
		lines = append(lines, s.text(i18n.F("No telemetry of a service %q has ever come: it is yet to start, or its name is misspelt.",
			"サービス %q のテレメトリーは一度も届いていません。起動前か、サービス名が間違っている可能性があります。", r.Service)))
	default:
		lines = append(lines, s.text(i18n.T("No telemetry of it yet.", "このバージョンのテレメトリーはまだ届いていません。")))
	}
	lines = append(lines, strings.TrimSuffix(c.Server, "/")+"/releases/"+r.ID)
	_, err := fmt.Fprintln(s.Stdout, strings.Join(lines, "\n"))
	return err
}
