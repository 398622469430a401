package people

import (
	"context"
	"encoding/json"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Entry is one line of the audit: who changed what, from what to what.
type Entry struct {
	ID          uint64 // grows with time
	At          time.Time
	Actor       authz.Principal // Kind, UserID and Name are kept
	Addr        string
	TraceID     string // finds the request in the log
	Action      string // "user.update": the kind of thing and what was done
	SubjectID   string
	SubjectName string
	Before      json.RawMessage // what changed, as it was; nil when it was not
	After       json.RawMessage
}

// Audit writes a line within the transaction of the change. Before and after are the
// visible state of the thing, without secrets, as it goes into JSON; nil is nothing.
// Other rooms that keep state use it too.
func (s *Service) Audit(ctx context.Context, tx *sqldb.Tx, action, subjectID, subjectName string, before, after any) error {
	e := Entry{
		ID: s.ids.Next(), At: s.clock.Now(), Actor: authz.From(ctx), Addr: api.ClientAddr(ctx), TraceID: api.TraceID(ctx),
		Action: action, SubjectID: subjectID, SubjectName: subjectName,
	}
	var err error
	if e.Before, err = stateJSON(before); err != nil {
		return err
	}
	if e.After, err = stateJSON(after); err != nil {
		return err
	}
	return insertAudit(tx, e)
}

func stateJSON(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return json.Marshal(v)
}

// userState is what the audit keeps of a user.
type userState struct {
	Email    string     `json:"email"`
	Name     string     `json:"name"`
	Role     authz.Role `json:"role"`
	Lang     string     `json:"lang,omitempty"`
	Disabled bool       `json:"disabled"`
}

func stateOfUser(u User) userState {
	return userState{u.Email, u.Name, u.Role, string(u.Lang), u.Disabled}
}

type tokenState struct {
	Name    string     `json:"name"`
	Kind    TokenKind  `json:"kind"`
	Role    authz.Role `json:"role"`
	Expires *time.Time `json:"expires,omitempty"`
	Revoked bool       `json:"revoked"`
}

func stateOfToken(t Token) tokenState {
	s := tokenState{Name: t.Name, Kind: t.Kind, Role: t.Role, Revoked: !t.Revoked.IsZero()}
	if !t.Expires.IsZero() {
		s.Expires = &t.Expires
	}
	return s
}

// AuditQuery selects lines of the audit; what is zero selects all.
type AuditQuery struct {
	From, To time.Time // half open
	Actor    string    // id or name
	Action   string    // "team.merge", or "team." for all that was done to teams
	Subject  string    // id or name of what was changed
	Addr     string
}

// AuditTrail reads the audit, newest first, before the entry of that id (0: from the end).
func (s *Service) AuditTrail(ctx context.Context, q AuditQuery, before uint64, limit int) (entries []Entry, err error) {
	if err := authz.Can(ctx, authz.AuditRead); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *sqldb.Tx) error { entries, err = listAudit(tx, q, before, limit); return err })
	return entries, err
}

// AuditActions lists the kinds of lines that there are.
func (s *Service) AuditActions(ctx context.Context) (actions []string, err error) {
	if err := authz.Can(ctx, authz.AuditRead); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *sqldb.Tx) error { actions, err = listAuditActions(tx); return err })
	return actions, err
}
