package code

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/code/locate"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Auditor writes who changed what, in the transaction of the change.
type Auditor interface {
	Audit(ctx context.Context, tx *sqldb.Tx, action, subjectID, subjectName string, before, after any) error
}

// Releases knows of which commit a version is.
type Releases interface {
	// CommitOf is "" where no release of that version says.
	CommitOf(ctx context.Context, service, env, version string) (string, error)
}

// Options are what the service stands on.
type Options struct {
	DB       *sqldb.DB
	Clock    clock.Clock
	Log      *slog.Logger
	Audit    Auditor
	Releases Releases
	Secret   func(ref string) (string, error)
	HTTP     *http.Client // guarded
	Folders  []string     // where clones on this machine may lie
	Cache    string       // folder for snapshots
}

// Service knows repositories and finds lines in them.
type Service struct {
	Options
	taking sync.Mutex // one archive at a time: they are large
}

// NewService makes the service. Its tables must have been migrated.
func NewService(opt Options) *Service {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Options: opt}
}

// Repositories lists them by name.
func (s *Service) Repositories(ctx context.Context) (all []Repository, err error) {
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error { all, err = listRepositories(tx); return err })
	return all, err
}

// Repository gives one.
func (s *Service) Repository(ctx context.Context, repositoryID string) (r Repository, err error) {
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error { r, err = repositoryByID(tx, repositoryID); return err })
	return r, err
}

// state is what the audit keeps.
type state struct {
	Name    string `json:"name"`
	Kind    Kind   `json:"kind"`
	Address string `json:"address"`
	Branch  string `json:"branch"`
	Secret  string `json:"secret"` // the reference
}

func stateOf(r Repository) state { return state{r.Name, r.Kind, r.Address, r.Branch, r.Secret} }

// Add keeps a new repository, and says in Problem why it cannot be read, if so.
func (s *Service) Add(ctx context.Context, r Repository) (Repository, error) {
	if err := r.validate(s.Folders); err != nil {
		return r, err
	}
	r.ID = id.New()
	s.examine(ctx, &r)
	return r, s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := insertRepository(tx, r); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "repository.create", r.ID, r.Name, nil, stateOf(r))
	})
}

// Update changes one. check may refuse the state that it would change.
func (s *Service) Update(ctx context.Context, repositoryID string, change func(*Repository), check func(Repository) error) (Repository, error) {
	r, err := s.Repository(ctx, repositoryID)
	if err != nil {
		return r, err
	}
	seen := r.Changed
	if err := check(r); err != nil {
		return r, err
	}
	was := stateOf(r)
	change(&r)
	if err := r.validate(s.Folders); err != nil {
		return r, err
	}
	s.examine(ctx, &r) // outside the transaction: it may take seconds
	return r, s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := repositoryByID(tx, r.ID)
		if err != nil {
			return err
		}
		if !now.Changed.Equal(seen) {
			return fault.New(fault.Conflict, i18n.T("Somebody else changed it meanwhile. Load it again.", "ほかの人が先に変更しました。再読み込みしてください。"))
		}
		if err := updateRepository(tx, r); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "repository.update", r.ID, r.Name, was, stateOf(r))
	})
}

// Delete forgets a repository and what was built from it; the source itself stays where
// it is.
func (s *Service) Delete(ctx context.Context, repositoryID string) error {
	err := s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		r, err := repositoryByID(tx, repositoryID)
		if err != nil {
			return err
		}
		if err := deleteRepository(tx, r.ID); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "repository.delete", r.ID, r.Name, stateOf(r), nil)
	})
	if err != nil {
		return err
	}
	if err := os.RemoveAll(s.folder(repositoryID)); err != nil {
		s.Log.Warn("the kept source of a deleted repository is still there", "error", err)
	}
	return nil
}

// examine tries whether a repository can be read.
func (s *Service) examine(ctx context.Context, r *Repository) {
	r.Changed = s.Clock.Now()
	r.Checked, r.Problem = r.Changed, ""
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	from, err := s.source(*r)
	if err == nil {
		_, err = from.resolve(ctx, r.Branch)
	}
	if errors.Is(err, errNoRef) {
		err = fault.Field("branch", i18n.F("There is no branch %q.", "ブランチ %q がありません。", r.Branch))
	}
	if err != nil {
		r.Problem = s.reason(err)
	}
}

// reason is a fault's sentence in both languages, as kept in a row.
func (s *Service) reason(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Text.In(i18n.En) + "\n" + f.Text.In(i18n.Ja)
	}
	s.Log.Warn("a repository cannot be read", "error", err)
	return "It cannot be read; the log says why.\n読み取れませんでした。理由はログを参照してください。"
}

func (s *Service) source(r Repository) (source, error) {
	if r.Kind == Local {
		if !inFolders(r.Address, s.Folders) { // the configuration may have changed since
			return nil, r.validate(s.Folders)
		}
		return local{r.Address}, nil
	}
	return s.hub(r)
}

func (s *Service) hub(r Repository) (*hub, error) {
	token := ""
	if r.Secret != "" {
		var err error
		if token, err = s.Secret(r.Secret); err != nil {
			return nil, err
		}
	}
	return openHub(r, token, s.HTTP)
}

func (s *Service) folder(repositoryID string) string { return filepath.Join(s.Cache, repositoryID) }

// Bindings lists which service is built from what.
func (s *Service) Bindings(ctx context.Context) (all []Binding, err error) {
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error { all, err = listBindings(tx); return err })
	return all, err
}

// Bind says what a service is built from; an empty repository forgets it.
func (s *Service) Bind(ctx context.Context, b Binding) (Binding, error) {
	if err := b.validate(); err != nil {
		return b, err
	}
	b.Changed = s.Clock.Now()
	return b, s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		was, found, err := bindingOf(tx, b.Service)
		if err != nil {
			return err
		}
		var before any
		if found {
			before = was
		}
		if b.Repository == "" {
			if err := deleteBinding(tx, b.Service); err != nil || !found {
				return err
			}
			return s.Audit.Audit(ctx, tx, "repository.unbind", was.Repository, b.Service, before, nil)
		}
		if _, err := repositoryByID(tx, b.Repository); err != nil {
			return fault.Field("repository", i18n.T("There is no such repository.", "リポジトリが見つかりません。"))
		}
		if err := putBinding(tx, b); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "repository.bind", b.Repository, b.Service, before, b)
	})
}

// errUnbound is told where nobody has said what a service is built from.
func errUnbound(service string) error {
	return fault.New(fault.NotFound, i18n.F(
		"It is not known what %s is built from. Choose its repository under Settings → Repositories.",
		"%s のリポジトリが設定されていません。設定 → リポジトリで選択してください。", service))
}

// Query asks for lines of source.
type Query struct {
	Service, Env string
	Version      string // service.version; "" where it is not known
	Revision     string // vcs.ref.head.revision; decides when it is given
	Clue         locate.Clue
	Context      int // lines before and after
}

// Shown is a candidate with its lines.
type Shown struct {
	locate.Candidate
	From   int // number of the first of Lines
	Lines  []string
	Owners []string // by CODEOWNERS
	Link   string   // "" for a clone on this machine
}

// Place is what a query finds.
type Place struct {
	Repository Repository
	Folder     string
	Commit     string
	Why        i18n.Text // how the commit was found
	Exact      bool      // it is the commit that the version was built from
	Shown      []Shown
	Left       int // more candidates
	Files      int // searched
	Skipped    int // not searched: too large, not text, of others
}

// Locate finds the lines that a clue speaks of, at the commit that ran.
func (s *Service) Locate(ctx context.Context, q Query) (p Place, err error) {
	if q.Clue.Empty() {
		return p, fault.Field("function", i18n.T("Say what to look for: a function, a file, a route or a statement.", "関数、ファイル、ルート、SQL のいずれかを指定してください。"))
	}
	var b Binding
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error {
		var found bool
		if b, found, err = bindingOf(tx, q.Service); err != nil {
			return err
		}
		if !found {
			return errUnbound(q.Service)
		}
		p.Repository, err = repositoryByID(tx, b.Repository)
		return err
	})
	if err != nil {
		return p, err
	}
	p.Folder = b.Folder
	from, err := s.source(p.Repository)
	if err != nil {
		return p, err
	}
	if p.Commit, p.Why, p.Exact, err = s.commit(ctx, from, p.Repository, q); err != nil {
		return p, err
	}
	t, err := s.open(ctx, p.Repository, p.Commit, from)
	if err != nil {
		return p, err
	}
	defer func() { _ = t.Close() }()
	p.Files, p.Skipped = len(t.paths), t.skipped
	found, left := locate.Find(t, q.Clue, b.Folder)
	p.Left = left
	who := ownersOf(t)
	for _, c := range found {
		text, _ := t.Read(c.Path)
		from, lines := locate.Around(text, c.Line, q.Context)
		p.Shown = append(p.Shown, Shown{c, from, lines, who.of(c.Path), p.Repository.link(p.Commit, c.Path, c.Line)})
	}
	return p, nil
}

// open gives the source of a commit, taking it first where it is not kept.
func (s *Service) open(ctx context.Context, r Repository, commit string, from source) (*snapshot, error) {
	folder := s.folder(r.ID)
	// Who asks for a commit that is kept does not wait for another's to be fetched.
	if _, err := os.Stat(archiveOf(folder, commit)); errors.Is(err, os.ErrNotExist) {
		s.taking.Lock()
		defer s.taking.Unlock()
		defer func() {
			if err := tidy(folder); err != nil {
				s.Log.Warn("old source is still there", "error", err)
			}
		}()
	}
	return openSnapshot(ctx, folder, commit, from, s.Clock.Now())
}

var hexForm = regexp.MustCompile(`^[0-9a-f]{7,40}$`)

// commit finds the commit that a version was built from: what telemetry says, else what a
// release says, else a tag of the version's name, else the branch as it is now.
func (s *Service) commit(ctx context.Context, from source, r Repository, q Query) (string, i18n.Text, bool, error) {
	type attempt struct {
		ref string
		why i18n.Text
	}
	var attempts []attempt
	if hexForm.MatchString(q.Revision) {
		attempts = append(attempts, attempt{q.Revision, i18n.T("As telemetry says (vcs.ref.head.revision).", "テレメトリーの vcs.ref.head.revision によります。")})
	}
	if q.Version != "" && s.Releases != nil {
		sha, err := s.Releases.CommitOf(ctx, q.Service, q.Env, q.Version)
		if err != nil {
			return "", i18n.Text{}, false, err
		}
		if hexForm.MatchString(strings.ToLower(sha)) {
			attempts = append(attempts, attempt{strings.ToLower(sha), i18n.F("As the release of %s says.", "%s のリリース記録によります。", q.Version)})
		}
	}
	if v := q.Version; v != "" && branchForm.MatchString(v) {
		for _, tag := range []string{v, "v" + v, q.Service + "-" + v, q.Service + "/" + v, q.Service + "-v" + v, q.Service + "/v" + v} {
			if branchForm.MatchString(tag) {
				attempts = append(attempts, attempt{"refs/tags/" + tag, i18n.F("The tag %s.", "タグ %s によります。", tag)})
			}
		}
		if hexForm.MatchString(v) {
			attempts = append(attempts, attempt{v, i18n.T("The version is the commit.", "バージョンがコミットを示しています。")})
		}
	}
	for _, a := range attempts {
		sha, err := from.resolve(ctx, a.ref)
		if err == nil {
			return sha, a.why, true, nil
		}
		if !errors.Is(err, errNoRef) {
			return "", i18n.Text{}, false, err
		}
	}
	sha, err := from.resolve(ctx, r.Branch)
	if errors.Is(err, errNoRef) {
		return "", i18n.Text{}, false, fault.New(fault.NotFound, i18n.F("There is no branch %q in %s.", "%[2]s にブランチ %[1]q がありません。", r.Branch, r.Name))
	}
	why := i18n.T("The version that ran does not say its commit, so this is the branch as it is now: lines may have moved.",
		"実行中のバージョンのコミットが不明なため、現在のブランチを表示しています。行がずれている可能性があります。")
	return sha, why, false, err
}

// Folders suggests where in a repository a service is.
func (s *Service) Suggest(ctx context.Context, repositoryID, service string) ([]Folder, error) {
	r, err := s.Repository(ctx, repositoryID)
	if err != nil {
		return nil, err
	}
	from, err := s.source(r)
	if err != nil {
		return nil, err
	}
	commit, err := from.resolve(ctx, r.Branch)
	if err != nil {
		return nil, err
	}
	t, err := s.open(ctx, r, commit, from)
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }()
	return folders(t.paths, service), nil
}

// OpenIssue opens an issue in the repository of a service and gives its address.
func (s *Service) OpenIssue(ctx context.Context, service, title, body string, labels []string) (string, error) {
	var r Repository
	err := s.DB.Read(ctx, func(tx *sqldb.Tx) error {
		b, found, err := bindingOf(tx, service)
		if err == nil && !found {
			err = errUnbound(service)
		}
		if err != nil {
			return err
		}
		r, err = repositoryByID(tx, b.Repository)
		return err
	})
	if err != nil {
		return "", err
	}
	if r.Kind != GitHub {
		return "", fault.New(fault.Invalid, i18n.F("%s is a clone on this machine; issues are opened on GitHub.", "%s はこのマシン上のクローンです。Issue を作成できるのは GitHub のリポジトリだけです。", r.Name))
	}
	h, err := s.hub(r)
	if err != nil {
		return "", err
	}
	link, err := h.issue(ctx, title, body, labels)
	if err != nil {
		return "", err
	}
	return link, s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		return s.Audit.Audit(ctx, tx, "issue.create", r.ID, r.Name, nil, map[string]string{"service": service, "title": title, "link": link})
	})
}
