package improve

import (
	"context"
	"embed"
	"encoding/json"
	"strings"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of proposals.
var Migrations = sqldb.Migrations{Room: "improve", Files: migrations}

// Auditor writes the audit within a transaction.
type Auditor interface {
	Audit(ctx context.Context, tx *sqldb.Tx, action, subjectID, subjectName string, before, after any) error
}

// Store keeps proposals. Who may do what is for who calls it to say.
type Store struct {
	DB    *sqldb.DB
	Audit Auditor
	Clock clock.Clock
}

// Run is what a study of a service's requests found.
type Run struct {
	Service string // that was studied
	Found   []Found
}

// Found is a cause as a proposal needs it.
type Found struct {
	Key                string
	Team, Service, Env string // where the mend belongs
	Title              i18n.Text
	Facts              Facts
}

// Recorded is what a run changed.
type Recorded struct{ New, Again, Gone int }

// Record keeps what a run found: new causes are proposed, known ones get its facts, and
// those of the service's earlier runs that it did not find are gone, if nobody took them
// up. A cause that runs of several services find is told by the one where it is worth most.
func (s *Store) Record(ctx context.Context, run Run) (out Recorded, err error) {
	now := s.Clock.Now().UTC()
	err = s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		out = Recorded{} // a transaction may be tried again
		found := map[string]bool{}
		for _, f := range run.Found {
			if f.Key == "" || strings.HasPrefix(f.Key, "#") || found[f.Key] {
				continue
			}
			found[f.Key] = true
			had, err := sqldb.Collect(tx, scanKept, selectKept+` WHERE cause = $1`, f.Key)
			if err != nil {
				return err
			}
			if len(had) == 0 {
				p := Proposal{ID: id.New(), Team: f.Team, Service: f.Service, Env: f.Env, Key: f.Key, Title: f.Title, Created: now, Facts: f.Facts, Stage: Proposed}
				if err := put(tx, kept{p, run.Service}, now.UnixNano()); err != nil {
					return err
				}
				out.New++
				continue
			}
			k := had[0]
			if k.studied != run.Service && k.Facts.Score >= f.Facts.Score && k.Stage != Gone {
				continue
			}
			is, err := k.Act(Action{Verb: See, At: now, Facts: f.Facts})
			if err != nil {
				return err
			}
			is.Team, is.Title = f.Team, f.Title
			if is.Stage != k.Stage {
				out.Again++
			}
			if err := s.change(tx, k, kept{is, run.Service}); err != nil {
				return err
			}
		}
		known, err := sqldb.Collect(tx, scanKept, selectKept+` WHERE studied = $1`, run.Service)
		if err != nil {
			return err
		}
		for _, k := range known {
			if found[k.Key] {
				continue
			}
			is, err := k.Act(Action{Verb: Miss, At: now})
			if err != nil {
				return err
			}
			if is.Stage == k.Stage {
				continue
			}
			out.Gone++
			if err := s.change(tx, k, kept{is, k.studied}); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// Add keeps somebody's idea.
func (s *Store) Add(ctx context.Context, team, service string, title i18n.Text, by string) (Proposal, error) {
	title.En, title.Ja = strings.TrimSpace(title.En), strings.TrimSpace(title.Ja)
	if title.En == "" {
		return Proposal{}, fault.Field("title", i18n.T("Say in a line what to improve.", "何を改善したいかを1行で書いてください。"))
	}
	if len(title.En) > maxLine || len(title.Ja) > maxLine {
		return Proposal{}, fault.Field("title", i18n.F("The line is longer than %d bytes.", "文が長すぎます（%dバイトまで）。", maxLine))
	}
	now := s.Clock.Now().UTC()
	p := Proposal{ID: id.New(), Team: team, Service: service, Title: title, Created: now, Stage: Proposed}
	p.History = []Event{{At: now, By: by, Verb: See, From: Proposed, To: Proposed, Line: title.En}}
	return p, s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := put(tx, kept{p, ""}, now.UnixNano()); err != nil {
			return err
		}
		if err := putEvents(tx, p.ID, 0, p.History); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "proposal.create", p.ID, p.Title.En, nil, auditOf(p))
	})
}

// Act does something to a proposal; check may refuse the one that it would change.
func (s *Store) Act(ctx context.Context, pid string, a Action, check func(Proposal) error) (is Proposal, err error) {
	a.At = s.Clock.Now().UTC()
	err = s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := get(tx, pid)
		if err != nil {
			return err
		}
		if check != nil {
			if err := check(was.Proposal); err != nil {
				return err
			}
		}
		if is, err = was.Act(a); err != nil {
			return err
		}
		if err := s.change(tx, was, kept{is, was.studied}); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "proposal."+string(a.Verb), is.ID, is.Title.En, auditOf(was.Proposal), auditOf(is))
	})
	return is, err
}

// Get is a proposal with its history.
func (s *Store) Get(ctx context.Context, pid string) (p Proposal, err error) {
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error {
		k, err := get(tx, pid)
		p = k.Proposal
		return err
	})
	return p, err
}

// List are a team's proposals, or, when team is empty, all, without their histories, by id.
func (s *Store) List(ctx context.Context, team string) (out []Proposal, err error) {
	where, args := "", []any{}
	if team != "" {
		where, args = ` WHERE team = $1`, []any{team}
	}
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error {
		all, err := sqldb.Collect(tx, scanKept, selectKept+where+` ORDER BY id`, args...)
		out = nil
		for _, k := range all {
			out = append(out, k.Proposal)
		}
		return err
	})
	return out, err
}

// kept is a proposal with the service in whose requests it was found.
type kept struct {
	Proposal
	studied string
}

const selectKept = `SELECT id, studied, body FROM improve_proposal`

func scanKept(r sqldb.Row) (k kept, err error) {
	var pid, body string
	if err = r.Scan(&pid, &k.studied, &body); err != nil {
		return k, err
	}
	return k, json.Unmarshal([]byte(body), &k.Proposal)
}

func get(tx *sqldb.Tx, pid string) (kept, error) {
	all, err := sqldb.Collect(tx, scanKept, selectKept+` WHERE id = $1`, pid)
	if err != nil {
		return kept{}, err
	}
	if len(all) == 0 {
		return kept{}, fault.New(fault.NotFound, i18n.F("There is no proposal %q.", "改善提案「%s」は見つかりません。", pid))
	}
	all[0].History, err = sqldb.Collect(tx, func(r sqldb.Row) (e Event, err error) {
		var at int64
		err = r.Scan(&at, &e.By, &e.Verb, &e.From, &e.To, &e.Line)
		e.At = sqldb.Time(at)
		return e, err
	}, `SELECT at, set_by, verb, stage, became, line FROM improve_event WHERE proposal = $1 ORDER BY seq`, pid)
	return all[0], err
}

// change writes a proposal and the steps that it took since.
func (s *Store) change(tx *sqldb.Tx, was, is kept) error {
	if err := put(tx, is, sqldb.Nanos(s.Clock.Now())); err != nil {
		return err
	}
	var seq int64
	if err := tx.QueryRow(`SELECT COUNT(*) FROM improve_event WHERE proposal = $1`, is.ID).Scan(&seq); err != nil {
		return err
	}
	return putEvents(tx, is.ID, seq, is.History[len(was.History):])
}

func putEvents(tx *sqldb.Tx, pid string, seq int64, events []Event) error {
	for i, e := range events {
		if _, err := tx.Exec(`INSERT INTO improve_event (proposal, seq, at, set_by, verb, stage, became, line) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			pid, seq+int64(i), sqldb.Nanos(e.At), e.By, string(e.Verb), string(e.From), string(e.To), e.Line); err != nil {
			return err
		}
	}
	return nil
}

func put(tx *sqldb.Tx, k kept, now int64) error {
	p := k.Proposal
	p.History = nil
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	cause := p.Key
	if cause == "" {
		cause = "#" + p.ID
	}
	_, err = tx.Exec(`INSERT INTO improve_proposal (id, team, service, cause, studied, stage, changed_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET team = excluded.team, studied = excluded.studied, stage = excluded.stage, changed_at = excluded.changed_at, body = excluded.body`,
		p.ID, p.Team, p.Service, cause, k.studied, string(p.Stage), now, string(body))
	return err
}

// auditOf is what the audit keeps of a proposal.
func auditOf(p Proposal) any {
	last := ""
	if n := len(p.History); n > 0 {
		last = p.History[n-1].Line
	}
	return map[string]any{"team": p.Team, "stage": p.Stage, "owner": p.Owner, "issue": p.Issue, "release": p.Release, "line": last, "deferrals": p.Deferrals}
}
