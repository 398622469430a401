package code

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"archive/tar"
	"compress/gzip"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-github/v84/github"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// source is a repository that can be read.
type source interface {
	// resolve gives the commit of a branch, a tag or an abbreviated hash; "" is the
	// default branch. It fails with errNoRef where there is none.
	resolve(ctx context.Context, ref string) (commit string, err error)
	// archive calls each for every file of a commit.
	archive(ctx context.Context, commit string, each func(path string, size int64, r io.Reader) error) error
}

var errNoRef = errors.New("no such revision")

// local reads a clone on this machine.
type local struct{ folder string }

func (l local) open() (*git.Repository, error) {
	r, err := git.PlainOpenWithOptions(l.folder, &git.PlainOpenOptions{EnableDotGitCommonDir: true})
	if err != nil {
		return nil, &fault.Error{Code: fault.Unavailable, Field: "address", Cause: err, Text: i18n.F(
			"%s is no clone that can be read: %s.", "%s は読み取れるクローンではありません（%s）。", l.folder, err)}
	}
	return r, nil
}

func (l local) resolve(_ context.Context, ref string) (string, error) {
	r, err := l.open()
	if err != nil {
		return "", err
	}
	if ref == "" {
		ref = "HEAD"
	}
	for _, try := range []string{ref, "refs/remotes/origin/" + ref} {
		h, err := r.ResolveRevision(plumbing.Revision(try))
		if err == nil {
			return h.String(), nil
		}
	}
	return "", errNoRef
}

func (l local) archive(ctx context.Context, commit string, each func(string, int64, io.Reader) error) error {
	r, err := l.open()
	if err != nil {
		return err
	}
	c, err := r.CommitObject(plumbing.NewHash(commit))
	if err != nil {
		return err
	}
	tree, err := c.Tree()
	if err != nil {
		return err
	}
	return tree.Files().ForEach(func(f *object.File) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !f.Mode.IsFile() {
			return nil
		}
		in, err := f.Reader()
		if err != nil {
			return err
		}
		return errors.Join(each(f.Name, f.Size, in), in.Close())
	})
}

// hub reads a repository on GitHub.
type hub struct {
	owner, name string
	api         *github.Client
	http        *http.Client
	token       string
}

// openHub makes a client for the server of a repository's address: api.github.com, or a
// GitHub Enterprise Server's /api/v3.
func openHub(r Repository, token string, out *http.Client) (*hub, error) {
	h := &hub{api: github.NewClient(out), http: out, token: token}
	h.owner, h.name = r.slug()
	if token != "" {
		h.api = h.api.WithAuthToken(token)
	}
	server := r.Address[:strings.LastIndex(r.Address, "/"+h.owner+"/")]
	if server != "https://github.com" {
		var err error
		if h.api, err = h.api.WithEnterpriseURLs(server, server); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (h *hub) resolve(ctx context.Context, ref string) (string, error) {
	if ref == "" {
		ref = "HEAD"
	}
	sha, _, err := h.api.Repositories.GetCommitSHA1(ctx, h.owner, h.name, ref, "")
	var gone *github.ErrorResponse
	if errors.As(err, &gone) && (gone.Response.StatusCode == http.StatusUnprocessableEntity || gone.Response.StatusCode == http.StatusNotFound && ref != "HEAD") {
		return "", errNoRef
	}
	return sha, h.explain(err)
}

func (h *hub) archive(ctx context.Context, commit string, each func(string, int64, io.Reader) error) error {
	link, _, err := h.api.Repositories.GetArchiveLink(ctx, h.owner, h.name, github.Tarball, &github.RepositoryContentGetOptions{Ref: commit}, 3)
	if err != nil {
		return h.explain(err)
	}
	// The link carries its own short-lived token, and leads to another host: ours stays here.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link.String(), nil)
	if err != nil {
		return err
	}
	resp, err := h.http.Do(req)
	if err != nil {
		return h.explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return h.explain(fmt.Errorf("%s answered %s", link.Host, resp.Status))
	}
	unzipped, err := gzip.NewReader(resp.Body)
	if err != nil {
		return h.explain(err)
	}
	in := tar.NewReader(unzipped)
	for {
		f, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return h.explain(err)
		}
		if f.Typeflag != tar.TypeReg {
			continue
		}
		_, name, ok := strings.Cut(f.Name, "/") // owner-name-commit/
		if !ok {
			continue
		}
		if err := each(name, f.Size, in); err != nil {
			return err
		}
	}
}

// issue opens an issue and gives its address.
func (h *hub) issue(ctx context.Context, title, body string, labels []string) (string, error) {
	if labels == nil {
		labels = []string{}
	}
	made, _, err := h.api.Issues.Create(ctx, h.owner, h.name, &github.IssueRequest{Title: &title, Body: &body, Labels: &labels})
	if err != nil {
		return "", h.explain(err)
	}
	return made.GetHTMLURL(), nil
}

// explain says what GitHub's refusal means to who set the repository up.
func (h *hub) explain(err error) error {
	if err == nil {
		return nil
	}
	repo := h.owner + "/" + h.name
	var limit *github.RateLimitError
	var abuse *github.AbuseRateLimitError
	var said *github.ErrorResponse
	switch {
	case errors.As(err, &limit):
		return &fault.Error{Code: fault.Unavailable, Cause: err, Text: i18n.F("GitHub takes no more requests until %s.", "GitHub のレート制限に達しました（%s に解除）。", limit.Rate.Reset.UTC().Format("15:04 UTC"))}
	case errors.As(err, &abuse):
		e := &fault.Error{Code: fault.Unavailable, Cause: err, Text: i18n.T("GitHub asks to slow down. Try again in a minute.", "GitHub から一時的に制限されています。1 分ほど待ってから再試行してください。")}
		if abuse.RetryAfter != nil {
			e.RetryAfter = *abuse.RetryAfter
		}
		return e
	case errors.As(err, &said):
		switch said.Response.StatusCode {
		case http.StatusUnauthorized:
			return &fault.Error{Code: fault.Unavailable, Field: "secret", Cause: err, Text: i18n.F("GitHub does not accept the token for %s: it is wrong or has expired.", "%s のトークンを GitHub が受け付けません（誤り、または期限切れ）。", repo)}
		case http.StatusForbidden:
			return &fault.Error{Code: fault.Unavailable, Field: "secret", Cause: err, Text: i18n.F("The token may not do this in %s (%s). It needs Contents: read, and Issues: write to open issues.", "トークンに %s での権限がありません（%s）。Contents: read、Issue を作成する場合は Issues: write が必要です。", repo, said.Message)}
		case http.StatusNotFound:
			return &fault.Error{Code: fault.NotFound, Field: "address", Cause: err, Text: i18n.F("GitHub has no %s, or the token may not see it.", "GitHub に %s が存在しないか、トークンに閲覧権限がありません。", repo)}
		case http.StatusGone:
			return &fault.Error{Code: fault.Unavailable, Cause: err, Text: i18n.F("Issues are switched off in %s.", "%s では Issue が無効になっています。", repo)}
		}
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return err // netguard says it better
	}
	return &fault.Error{Code: fault.Unavailable, Cause: err, Text: i18n.F("GitHub could not be asked for %s: %s.", "GitHub から %s を取得できませんでした（%s）。", repo, err)}
}
