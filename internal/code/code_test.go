package code

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/code/locate"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/netguard"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

type audit struct{ actions []string }

func (a *audit) Audit(_ context.Context, _ *sqldb.Tx, action, _, name string, _, after any) error {
	raw, err := json.Marshal(after)
	a.actions = append(a.actions, action+" "+name+" "+string(raw))
	return err
}

type commits map[string]string

func (c commits) CommitOf(_ context.Context, service, _, version string) (string, error) {
	return c[service+"@"+version], nil
}

var start = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// clone makes a repository with two commits, the first tagged v1.0.0.
func clone(t *testing.T, folder string) (first, second string) {
	t.Helper()
	r, err := git.PlainInit(folder, false)
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	commit := func(files map[string]string) string {
		for p, text := range files {
			full := filepath.Join(folder, p)
			if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Add(p); err != nil {
				t.Fatal(err)
			}
		}
		h, err := w.Commit("A change", &git.CommitOptions{Author: &object.Signature{Name: "A", Email: "a@example.com", When: start}})
		if err != nil {
			t.Fatal(err)
		}
		return h.String()
	}
	first = commit(map[string]string{
		"services/orders/main.go":   "package main\n\nfunc place() {\n\treturn\n}\n",
		"services/orders/go.mod":    "module orders\n",
		"services/orders/logo.png":  "\x89PNG\x00\x00",
		"services/orders/huge.go":   "package main\n" + strings.Repeat("// x\n", 200_000),
		"vendor/lib/main.go":        "package lib\nfunc place() {}\n",
		"services/payments/main.go": "package main\n\nfunc place() {\n}\n",
		".github/CODEOWNERS":        "* @example/sre\n/services/orders/ @example/orders taro@example.com\n",
		"services/orders/日本語/メモ.go": "package memo\n\nfunc Memo() {}\n",
	})
	if _, err := r.CreateTag("v1.0.0", plumbing.NewHash(first), nil); err != nil {
		t.Fatal(err)
	}
	second = commit(map[string]string{"services/orders/main.go": "package main\n\n// Place puts an order.\n\nfunc place() {\n\treturn\n}\n"})
	return first, second
}

func onBoth(t *testing.T, f func(t *testing.T, s *Service, a *audit)) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations); err != nil {
			t.Fatal(err)
		}
		a := &audit{}
		f(t, NewService(Options{
			DB: db, Clock: clock.NewFake(start), Audit: a, Releases: commits{}, Cache: t.TempDir(), Folders: []string{t.TempDir()},
			Secret: func(ref string) (string, error) {
				if ref != "env:YAGURA_SECRET_GITHUB" {
					return "", fault.Field("secret", i18n.T("no such secret", "シークレットがありません"))
				}
				return "ghp_right", nil
			},
			HTTP: netguard.New(netguard.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}).Client(),
		}), a)
	})
}

func TestAClone(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, a *audit) {
		ctx := t.Context()
		folder := filepath.Join(s.Folders[0], "shop")
		first, second := clone(t, folder)
		r, err := s.Add(ctx, Repository{Kind: Local, Address: folder})
		if err != nil || r.Name != "shop" || r.Problem != "" {
			t.Fatalf("%+v %v", r, err)
		}
		if _, err := s.Locate(ctx, Query{Service: "orders", Clue: locate.Clue{Function: "main.place"}}); code(err) != fault.NotFound || !strings.Contains(err.Error(), "Settings") {
			t.Errorf("a service that is not bound: %v", err)
		}
		suggested, err := s.Suggest(ctx, r.ID, "order-service")
		if err != nil || len(suggested) != 0 {
			t.Errorf("suggested %v %v", suggested, err)
		}
		if suggested, err = s.Suggest(ctx, r.ID, "orders-api"); err != nil || len(suggested) != 1 || suggested[0].Path != "services/orders" || !strings.Contains(suggested[0].Reason.En, "go.mod") {
			t.Errorf("suggested %v %v", suggested, err)
		}
		if _, err := s.Bind(ctx, Binding{Service: "orders", Repository: r.ID, Folder: "/services/orders/"}); err != nil {
			t.Fatal(err)
		}
		s.Releases = commits{"orders@2.0.0": second[:12]}
		for _, c := range []struct {
			name, version, revision string
			commit                  string
			line                    int
			exact                   bool
		}{
			{"a tag", "1.0.0", "", first, 3, true},
			{"a release's record", "2.0.0", "", second, 5, true},
			{"what telemetry says", "1.0.0", second, second, 5, true},
			{"a version of nobody", "9.9.9", "", second, 5, false},
			{"a version that is the commit", first[:10], "", first, 3, true},
			{"no version", "", "", second, 5, false},
			{"a version made to hurt", "../../HEAD^{/x}~1", "", second, 5, false},
		} {
			p, err := s.Locate(ctx, Query{Service: "orders", Version: c.version, Revision: c.revision, Context: 1, Clue: locate.Clue{Function: "main.place", File: "/build/services/orders/main.go", Line: c.line}})
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if p.Commit != c.commit || p.Exact != c.exact || p.Why.Ja == "" || len(p.Shown) == 0 {
				t.Errorf("%s: %+v", c.name, p)
				continue
			}
			if b := p.Shown[0]; b.Path != "services/orders/main.go" || b.Line != c.line || b.From != c.line-1 || len(b.Lines) != 3 || !strings.HasPrefix(b.Lines[1], "func place") {
				t.Errorf("%s: %+v", c.name, b)
			} else if fmt.Sprint(b.Owners) != "[@example/orders taro@example.com]" || b.Link != "" {
				t.Errorf("%s: owners %v, link %q", c.name, b.Owners, b.Link)
			}
			if p.Skipped != 3 { // a picture, a huge file, what is vendored
				t.Errorf("%s: %d skipped of %d", c.name, p.Skipped, p.Files)
			}
		}
		if p, err := s.Locate(ctx, Query{Service: "orders", Clue: locate.Clue{Function: "memo.Memo"}}); err != nil || len(p.Shown) != 1 || p.Shown[0].Path != "services/orders/日本語/メモ.go" {
			t.Errorf("a path that is not ASCII: %+v %v", p.Shown, err)
		}
		if err := s.Delete(ctx, r.ID); err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(filepath.Join(s.Cache, "*", "*")); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
		if got := len(a.actions); got != 3 {
			t.Errorf("the audit: %q", a.actions)
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, _ *audit) {
		outside := t.TempDir()
		clone(t, outside)
		if err := os.Symlink(outside, filepath.Join(s.Folders[0], "link")); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			field string
			r     Repository
		}{
			{"address", Repository{Kind: Local, Address: outside}},
			{"address", Repository{Kind: Local, Address: filepath.Join(s.Folders[0], "link")}},
			{"address", Repository{Kind: Local, Address: s.Folders[0] + "/../x"}},
			{"address", Repository{Kind: Local, Address: "clones/shop"}},
			{"address", Repository{Kind: GitHub, Address: "https://github.com/example"}},
			{"address", Repository{Kind: GitHub, Address: "https://user:secret@github.com/example/shop"}},
			{"address", Repository{Kind: GitHub, Address: "file:///etc/passwd"}},
			{"branch", Repository{Kind: GitHub, Address: "https://github.com/example/shop", Branch: "a b"}},
			{"kind", Repository{Kind: "svn", Address: "x"}},
		} {
			_, err := s.Add(t.Context(), c.r)
			var f *fault.Error
			if !errors.As(err, &f) || f.Field != c.field {
				t.Errorf("%+v: %v", c.r, err)
			}
		}
		if all, err := s.Repositories(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("kept: %v %v", all, err)
		}
	})
}

// hubServer answers as GitHub Enterprise Server does, for one repository.
func hubServer(t *testing.T, sha string, issues *[]string) *httptest.Server {
	m := http.NewServeMux()
	refuse := func(w http.ResponseWriter, status int, message string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"message":%q,"documentation_url":"https://docs.github.com/rest"}`, message)
	}
	signedIn := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer ghp_right" {
				refuse(w, 401, "Bad credentials")
				return
			}
			if r.Header.Get("X-Github-Api-Version") == "" || !strings.Contains(r.Header.Get("Accept"), "github") {
				refuse(w, 415, "Unsupported media type")
				return
			}
			h(w, r)
		}
	}
	m.HandleFunc("GET /api/v3/repos/example/shop/commits/{ref...}", signedIn(func(w http.ResponseWriter, r *http.Request) {
		switch ref := r.PathValue("ref"); {
		case ref == "HEAD" || ref == "refs/tags/v1.0.0" || strings.HasPrefix(sha, ref):
			_, _ = io.WriteString(w, sha)
		default:
			refuse(w, 422, "No commit found for SHA: "+ref)
		}
	}))
	m.HandleFunc("GET /api/v3/repos/example/shop/tarball/{ref}", signedIn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://"+r.Host+"/codeload/"+r.PathValue("ref")+"?token=short-lived")
		w.WriteHeader(http.StatusFound)
	}))
	m.HandleFunc("GET /codeload/{ref}", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token went to another host")
		}
		z := gzip.NewWriter(w)
		out := tar.NewWriter(z)
		for p, text := range map[string]string{"app.py": "def place():\n    pass\n", "../../etc/passwd": "root", "README.md": "# shop\n"} {
			_ = out.WriteHeader(&tar.Header{Name: "example-shop-" + sha[:7] + "/" + p, Typeflag: tar.TypeReg, Size: int64(len(text)), Mode: 0o644})
			_, _ = io.WriteString(out, text)
		}
		_ = errors.Join(out.Close(), z.Close())
	})
	m.HandleFunc("POST /api/v3/repos/example/shop/issues", signedIn(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Title, Body string
			Labels      []string
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Title == "" || in.Labels == nil {
			refuse(w, 422, "Validation Failed")
			return
		}
		*issues = append(*issues, in.Title+"|"+in.Body+"|"+fmt.Sprint(in.Labels))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"number":7,"html_url":"http://%s/example/shop/issues/7"}`, r.Host)
	}))
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { refuse(w, 404, "Not Found") })
	srv := httptest.NewServer(m)
	t.Cleanup(srv.Close)
	return srv
}

func TestGitHub(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, a *audit) {
		ctx := t.Context()
		sha := strings.Repeat("0123456789", 4)
		var issues []string
		srv := hubServer(t, sha, &issues)
		r, err := s.Add(ctx, Repository{Kind: GitHub, Address: srv.URL + "/example/shop.git", Secret: "env:YAGURA_SECRET_GITHUB"})
		if err != nil || r.Problem != "" || r.Name != "shop" {
			t.Fatalf("%+v %v", r, err)
		}
		if _, err := s.Bind(ctx, Binding{Service: "shop", Repository: r.ID}); err != nil {
			t.Fatal(err)
		}
		p, err := s.Locate(ctx, Query{Service: "shop", Version: "1.0.0", Context: 3, Clue: locate.Clue{Function: "place", File: "/srv/app.py", Line: 2}})
		if err != nil || len(p.Shown) != 1 || !p.Exact {
			t.Fatalf("%+v %v", p, err)
		}
		if got, want := p.Shown[0].Link, srv.URL+"/example/shop/blob/"+sha+"/app.py#L2"; got != want {
			t.Errorf("link %s, want %s", got, want)
		}
		if p.Files != 2 || p.Skipped != 1 { // what the archive puts outside is left out
			t.Errorf("%d files, %d skipped", p.Files, p.Skipped)
		}
		link, err := s.OpenIssue(ctx, "shop", "注文が遅い", "**why**", nil)
		if err != nil || link != srv.URL+"/example/shop/issues/7" || len(issues) != 1 || issues[0] != "注文が遅い|**why**|[]" {
			t.Errorf("%s %v %q", link, err, issues)
		}

		// Each refusal says what to mend, and the repository is kept for it.
		for name, c := range map[string]struct {
			change func(*Repository)
			says   string
		}{
			"a wrong token":  {func(r *Repository) { r.Secret = "" }, "does not accept the token"},
			"a wrong secret": {func(r *Repository) { r.Secret = "env:OTHER" }, "no such secret"},
			"a wrong branch": {func(r *Repository) { r.Secret, r.Branch = "env:YAGURA_SECRET_GITHUB", "gone" }, `no branch "gone"`},
			"another name":   {func(r *Repository) { r.Address, r.Secret = srv.URL+"/example/other", "env:YAGURA_SECRET_GITHUB" }, "has no example/other"},
		} {
			r, err := s.Update(ctx, r.ID, c.change, func(Repository) error { return nil })
			if err != nil || !strings.Contains(r.Problem, c.says) {
				t.Errorf("%s: %q %v", name, r.Problem, err)
			}
			if _, err := s.Update(ctx, r.ID, func(now *Repository) {
				*now = Repository{ID: r.ID, Kind: GitHub, Name: "shop", Address: srv.URL + "/example/shop", Secret: "env:YAGURA_SECRET_GITHUB"}
			},
				func(Repository) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		for _, did := range a.actions {
			if strings.Contains(did, "ghp_right") {
				t.Errorf("the token is in the audit: %s", did)
			}
		}
		// An internal address that nobody allowed is not asked.
		s.HTTP = netguard.New(netguard.Options{}).Client()
		other, err := s.Add(ctx, Repository{Name: "second", Kind: GitHub, Address: srv.URL + "/example/shop"})
		if err != nil || other.Problem == "" {
			t.Errorf("an internal address: %q %v", other.Problem, err)
		}
	})
}

func TestSnapshotsAreBounded(t *testing.T) {
	defer func(was struct{ files, file, whole int64 }) { bounds = was }(bounds)
	bounds.files, bounds.file, bounds.whole = 3, 100, 250
	many := func(n, size int) fake {
		f := fake{}
		for i := range n {
			f[fmt.Sprintf("f%d.go", i)] = strings.Repeat("x", size)
		}
		return f
	}
	folder := t.TempDir()
	for name, c := range map[string]struct {
		from fake
		ok   bool
	}{"few": {many(3, 80), true}, "too many": {many(4, 1), false}, "too much": {many(3, 100), false}, "too large alone": {many(2, 101), true}} {
		s, err := openSnapshot(t.Context(), folder, name, c.from, start)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = s.Close()
		}
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "taking-*")); len(left) > 0 {
		t.Errorf("half an archive is left: %v", left)
	}
	for i := range 6 {
		s, err := openSnapshot(t.Context(), folder, fmt.Sprint("c", i), many(1, 1), start)
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Close()
	}
	if err := tidy(folder); err != nil {
		t.Fatal(err)
	}
	if all, _ := filepath.Glob(filepath.Join(folder, "*.zip")); len(all) != keptSnapshots {
		t.Errorf("%d are kept: %v", len(all), all)
	}
}

// fake is a source in memory.
type fake map[string]string

func (f fake) resolve(context.Context, string) (string, error) { return "c", nil }

func (f fake) archive(_ context.Context, _ string, each func(string, int64, io.Reader) error) error {
	for p, text := range f {
		if err := each(p, int64(len(text)), bytes.NewReader([]byte(text))); err != nil {
			return err
		}
	}
	return nil
}

func code(err error) fault.Code {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}
