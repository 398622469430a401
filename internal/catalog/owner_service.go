package catalog

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/people"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// OwnersOptions are what the owners stand on.
type OwnersOptions struct {
	DB     *sqldb.DB
	People *people.Service
	Reader FacetReader // nil: nothing is learned from telemetry
	Clock  clock.Clock
	Log    *slog.Logger
	// Files are read at the start, and again when they change.
	Files []string
	// TeamAttributes and ProductAttributes are the resource attributes with which a
	// service says whose it is.
	TeamAttributes, ProductAttributes []string
}

// Owners knows whose each service is, and who says so.
type Owners struct {
	opt   OwnersOptions
	mu    sync.Mutex
	files []fileState
	asked time.Time // when the files were last looked at
}

type fileState struct {
	path string
	at   time.Time
	size int64
	doc  Document
	err  error // what is wrong with what is there now; doc is what was there before
}

const filesEvery = 15 * time.Second

// NewOwners reads the files; what is wrong in one keeps Yagura from starting.
func NewOwners(opt OwnersOptions) (*Owners, error) {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s := &Owners{opt: opt}
	for _, p := range opt.Files {
		s.files = append(s.files, fileState{path: p})
	}
	s.look(true)
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.err)
	}
	if opt.People != nil {
		opt.People.BindOwnership(s)
	}
	return s, errors.Join(errs...)
}

// look reads the files that changed. One that cannot be read keeps what it said before.
func (s *Owners) look(now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.opt.Clock.Now()
	if !now && at.Sub(s.asked) < filesEvery {
		return
	}
	s.asked = at
	for i := range s.files {
		f := &s.files[i]
		st, err := os.Stat(f.path)
		if err == nil && st.ModTime().Equal(f.at) && st.Size() == f.size {
			continue
		}
		var text []byte
		if err == nil {
			text, err = os.ReadFile(f.path)
		}
		if err != nil {
			f.fail(s.opt.Log, &fault.Error{Code: fault.Invalid, Field: "owners.files", Cause: err, Text: i18n.F("%s cannot be read: %s", "%s を読み取れません: %s", f.path, reasonOf(err))})
			continue
		}
		f.at, f.size = st.ModTime(), st.Size()
		doc, err := ParseDocument("owners.files", f.path, text)
		if err != nil {
			f.fail(s.opt.Log, err)
			continue
		}
		for i := range doc.Claims {
			doc.Claims[i].At, doc.Claims[i].By = st.ModTime().UTC(), filepath.Base(f.path)
		}
		f.doc, f.err = doc, nil
	}
}

func reasonOf(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (f *fileState) fail(log *slog.Logger, err error) {
	if f.err == nil || f.err.Error() != err.Error() {
		log.Warn("the file of owners is not used as it is; what it said before holds", "file", f.path, "error", err)
	}
	f.err = err
}

// claims are all that are made, of everywhere.
func (s *Owners) claims(tx *sqldb.Tx) ([]Claim, error) {
	all, err := listClaims(tx)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		all = append(all, f.doc.Claims...)
	}
	return all, err
}

// all decides of every service that was seen or that somebody named.
func (s *Owners) all(ctx context.Context, tx *sqldb.Tx) ([]Owner, error) {
	s.look(false)
	dir, err := s.opt.People.Directory(ctx, tx)
	if err != nil {
		return nil, err
	}
	claims, err := s.claims(tx)
	if err != nil {
		return nil, err
	}
	known, err := listSeen(tx)
	if err != nil {
		return nil, err
	}
	times := map[string]seen{}
	names := []string{}
	for _, k := range known {
		times[k.name] = k
		names = append(names, k.name)
	}
	for _, c := range claims {
		if !strings.Contains(c.Service, "*") {
			names = append(names, c.Service)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	// Exact claims are many, and each is of one service: only patterns are tried on all.
	exact := map[string][]Claim{}
	var patterns []Claim
	for _, c := range claims {
		if strings.Contains(c.Service, "*") {
			patterns = append(patterns, c)
		} else {
			exact[c.Service] = append(exact[c.Service], c)
		}
	}
	out := make([]Owner, len(names))
	for i, n := range names {
		out[i] = Resolve(n, slices.Concat(exact[n], patterns), dir)
		out[i].FirstSeen, out[i].LastSeen = times[n].first, times[n].last
	}
	return out, nil
}

// List says whose each service is, by name; to who is restricted, of their teams'.
func (s *Owners) List(ctx context.Context) ([]Owner, error) {
	if err := authz.Can(ctx, authz.TeamsRead); err != nil {
		return nil, err
	}
	var out []Owner
	err := s.opt.DB.Read(ctx, func(tx *sqldb.Tx) (err error) { out, err = s.all(ctx, tx); return err })
	p := authz.From(ctx)
	if p.Restricted() {
		out = slices.DeleteFunc(out, func(o Owner) bool { return !slices.Contains(p.Teams, o.Team.ID) })
	}
	return out, err
}

// Of says whose one service is; nobody's when it was never heard of.
func (s *Owners) Of(ctx context.Context, service string) (Owner, error) {
	all, err := s.List(ctx)
	if err != nil {
		return Owner{}, err
	}
	i := slices.IndexFunc(all, func(o Owner) bool { return o.Service == service })
	if i < 0 {
		if authz.From(ctx).Restricted() {
			return Owner{}, fault.New(fault.NotFound, i18n.T("There is no such service.", "サービスが見つかりません。"))
		}
		return Owner{Service: service}, nil
	}
	return all[i], nil
}

// ServicesOf are the services of a team and a product, each by id or slug; "" is every one.
func (s *Owners) ServicesOf(ctx context.Context, team, product string) ([]string, error) {
	all, err := s.List(ctx)
	names := []string{}
	for _, o := range all {
		if (ownersInput{Team: team, Product: product}).selects(o) {
			names = append(names, o.Service)
		}
	}
	return names, err
}

// Visible are the services that the context may see; all says that it is every one.
func (s *Owners) Visible(ctx context.Context) (services []string, all bool, err error) {
	if !authz.From(ctx).Restricted() {
		return nil, true, nil
	}
	mine, err := s.List(ctx)
	services = []string{}
	for _, o := range mine {
		services = append(services, o.Service)
	}
	return services, false, err
}

// Assignment is what somebody says of services; nil says nothing new, "" takes it back.
type Assignment struct {
	Services      []string
	Team, Product *string
}

// Assign says by hand whose services are. Who decides for the team that a service has may
// give it away; who leads a team may take what is nobody's.
func (s *Owners) Assign(ctx context.Context, a Assignment) error {
	if err := authz.Can(ctx, authz.TeamsLead); err != nil {
		return err
	}
	return s.opt.DB.Write(ctx, func(tx *sqldb.Tx) error {
		dir, err := s.opt.People.Directory(ctx, tx)
		if err != nil {
			return err
		}
		var team people.Team
		if a.Team != nil && *a.Team != "" {
			var ok bool
			if team, ok = dir.Team(*a.Team); !ok {
				return fault.Field("team", i18n.T("There is no such team.", "チームが見つかりません。"))
			}
			a.Team = &team.ID
		}
		if a.Product != nil && *a.Product != "" {
			p, ok := dir.Product(*a.Product)
			if !ok {
				return fault.Field("product", i18n.T("There is no such product.", "プロダクトが見つかりません。"))
			}
			a.Product = &p.ID
			if team.ID == "" {
				team, _ = dir.Team(p.Team)
			}
		}
		now, err := s.all(ctx, tx)
		if err != nil {
			return err
		}
		for _, name := range a.Services {
			if name == "" || strings.Contains(name, "*") || len(name) > 256 {
				return fault.Field("services", i18n.F("%q is no name of a service.", "%q はサービス名ではありません。", name))
			}
			decides := team.ID
			if i := slices.IndexFunc(now, func(o Owner) bool { return o.Service == name }); i >= 0 && now[i].Team.ID != "" {
				decides = now[i].Team.ID
			}
			if err := authz.CanDecide(ctx, decides); err != nil {
				return err
			}
			if err := s.assign(ctx, tx, name, a.Team, a.Product); err != nil {
				return err
			}
		}
		return nil
	})
}

type claimState struct {
	Team    string `json:"team,omitempty"`
	Product string `json:"product,omitempty"`
}

func (s *Owners) assign(ctx context.Context, tx *sqldb.Tx, service string, team, product *string) error {
	was, err := manualClaim(tx, service)
	if err != nil {
		return err
	}
	c := was
	if team != nil {
		c.Team = *team
	}
	if product != nil {
		c.Product = *product
	}
	if c.Team == was.Team && c.Product == was.Product {
		return nil
	}
	c.By, c.At = authz.From(ctx).Name, s.opt.Clock.Now()
	if err := putClaim(tx, c); err != nil {
		return err
	}
	return s.opt.People.Audit(ctx, tx, "service.owner", service, service, claimState{was.Team, was.Product}, claimState{c.Team, c.Product})
}

// OwnedBy implements people.Ownership.
func (s *Owners) OwnedBy(ctx context.Context, tx *sqldb.Tx, team, product string) ([]string, error) {
	all, err := s.all(ctx, tx)
	out := []string{}
	for _, o := range all {
		if team != "" && o.Team.ID == team && o.TeamFrom != FromProduct || product != "" && o.Product.ID == product {
			out = append(out, o.Service)
		}
	}
	return out, err
}

// Reassign implements people.Ownership.
func (s *Owners) Reassign(ctx context.Context, tx *sqldb.Tx, services []string, team string) error {
	for _, name := range services {
		if err := s.assign(ctx, tx, name, &team, nil); err != nil {
			return err
		}
	}
	return nil
}

// Imported is what came of a file that somebody handed in.
type Imported struct {
	Claims   int
	Services []string
	Teams    []string // made
	Products []string // made
	Unknown  []string // teams and products that are named and not there
	Left     []string // what was not used, and why
}

// Import takes over what a file says, in place of what a file of that name said before.
// With create, groups and systems that its descriptors declare, and teams that it names,
// are made where they are not there. With preview nothing is changed.
func (s *Owners) Import(ctx context.Context, name, text string, create, preview bool) (r Imported, err error) {
	if err := authz.Can(ctx, authz.TeamsWrite); err != nil {
		return r, err
	}
	name = strings.TrimSpace(name)
	if name == "" {
		return r, fault.Field("name", i18n.T("The file needs a name; the next import of the same name replaces it.", "ファイル名を指定してください。同じ名前で再度取り込むと置き換えられます。"))
	}
	doc, err := ParseDocument("text", name, []byte(text))
	if err != nil {
		return r, err
	}
	r.Left, r.Claims = doc.Left, len(doc.Claims)
	for _, c := range doc.Claims {
		r.Services = append(r.Services, c.Service)
	}
	slices.Sort(r.Services)
	r.Services = slices.Compact(r.Services)
	dir, err := s.opt.People.Directory(ctx, nil)
	if err != nil {
		return r, err
	}
	make := missing(doc, dir, &r, create)
	if preview {
		return r, nil
	}
	if create {
		if err := s.opt.People.ImportTeams(ctx, make); err != nil {
			return r, err
		}
	}
	return r, s.opt.DB.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := deleteDocument(tx, name)
		if err != nil {
			return err
		}
		for _, c := range doc.Claims {
			c.By, c.At = authz.From(ctx).Name, s.opt.Clock.Now()
			if err := putClaim(tx, c); err != nil {
				return err
			}
		}
		return s.opt.People.Audit(ctx, tx, "owners.import", name, name, map[string]int64{"claims": n}, map[string]any{"claims": len(doc.Claims), "services": r.Services})
	})
}

// missing is what a file needs and is not there; with create it is to be made.
func missing(doc Document, dir people.Directory, r *Imported, create bool) (f people.TeamsFile) {
	declared := slices.Clone(doc.Teams)
	products := slices.Clone(doc.Makes)
	for _, c := range doc.Claims {
		if c.Team != "" {
			declared = append(declared, Declared{Slug: c.Team, Name: c.Team})
		}
	}
	for _, p := range doc.Makes {
		if p.Team != "" {
			declared = append(declared, Declared{Slug: p.Team, Name: p.Team})
		}
	}
	done := map[string]bool{}
	for _, t := range declared {
		if _, ok := dir.Team(t.Slug); ok || done["t"+t.Slug] {
			continue
		}
		done["t"+t.Slug] = true
		if create && people.Slugify(t.Slug) == t.Slug {
			r.Teams = append(r.Teams, t.Slug)
			f.Teams = append(f.Teams, people.FileTeam{Slug: t.Slug, Name: t.Name, Description: t.Description})
		} else {
			r.Unknown = append(r.Unknown, t.Slug)
		}
	}
	for _, p := range products {
		if _, ok := dir.Product(p.Slug); ok || done["p"+p.Slug] {
			continue
		}
		done["p"+p.Slug] = true
		if create && p.Team != "" && people.Slugify(p.Slug) == p.Slug {
			r.Products = append(r.Products, p.Slug)
			f.Products = append(f.Products, people.FileProduct{Slug: p.Slug, Name: p.Name, Description: p.Description, Team: p.Team})
		} else {
			r.Unknown = append(r.Unknown, p.Slug)
		}
	}
	for _, c := range doc.Claims {
		if _, ok := dir.Product(c.Product); c.Product != "" && !ok && !done["p"+c.Product] {
			done["p"+c.Product] = true
			r.Unknown = append(r.Unknown, c.Product)
		}
	}
	return f
}

// Documents lists the files that were handed in or are configured, with what is wrong
// with them now.
func (s *Owners) Documents(ctx context.Context) (out []DocumentState, err error) {
	if err := authz.Can(ctx, authz.TeamsWrite); err != nil {
		return nil, err
	}
	s.look(false)
	var all []Claim
	err = s.opt.DB.Read(ctx, func(tx *sqldb.Tx) (err error) { all, err = listClaims(tx); return err })
	at := map[string]int{}
	for _, c := range all {
		if c.Document == "" {
			continue
		}
		i, ok := at[c.Document]
		if !ok {
			i = len(out)
			at[c.Document] = i
			out = append(out, DocumentState{Name: c.Document, By: c.By, At: c.At})
		}
		out[i].Claims++
	}
	slices.SortFunc(out, func(a, b DocumentState) int { return strings.Compare(a.Name, b.Name) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		out = append(out, DocumentState{Name: f.path, Configured: true, At: f.at, Claims: len(f.doc.Claims), Left: f.doc.Left, Err: f.err})
	}
	return out, err
}

// DocumentState is a file of owners.
type DocumentState struct {
	Name       string
	Configured bool // named in the configuration; else handed in
	By         string
	At         time.Time
	Claims     int
	Left       []string
	Err        error
}

// Forget takes back what a file said that somebody had handed in.
func (s *Owners) Forget(ctx context.Context, name string) error {
	if err := authz.Can(ctx, authz.TeamsWrite); err != nil {
		return err
	}
	return s.opt.DB.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := deleteDocument(tx, name)
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, i18n.T("There is no such file.", "ファイルが見つかりません。"))
		}
		if err != nil {
			return err
		}
		return s.opt.People.Audit(ctx, tx, "owners.forget", name, name, map[string]int64{"claims": n}, nil)
	})
}
