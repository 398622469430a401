package people

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Identity is who a user is at an identity provider.
type Identity struct {
	Issuer, Subject, User string
	Email                 string // as the provider has it
	Created, Seen         time.Time
}

// enter lets somebody in whom the provider vouches for: finds or makes their account,
// and gives them the role and the teams that their groups have now.
func (s *Service) enter(ctx context.Context, a arrived) (u User, sess Session, err error) {
	email, verified := s.oidc.verifiedEmail(a.claims)
	if len(s.oidc.Domains) > 0 {
		if !verified {
			return u, sess, refuse(refusedUnverified, "the address %q is not verified, so its domain means nothing", email)
		}
		if !slices.ContainsFunc(s.oidc.Domains, func(d string) bool { return emailKey(d) == domainOf(email) }) {
			return u, sess, refuse(refusedDomain, "the domain of %q is not among those allowed", email)
		}
	}
	groups, _ := a.groups(s.oidc.GroupsClaim)
	var out error // a refusal that is remembered
	err = s.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		out = nil
		if err := s.useOnce(tx, a.state, time.Unix(a.flow.Ends, 0)); err != nil {
			return err
		}
		if u, err = s.accountOf(ctx, tx, a, email, verified); err != nil {
			return err
		}
		ctx := authz.With(ctx, u.Principal())
		if u.Disabled {
			return refuse(refusedDisabled, "user %s is disabled", u.ID)
		}
		role := u.Role
		if len(s.oidc.Roles) > 0 {
			if role = roleOf(groups, s.oidc.Roles); role == "" {
				role = s.oidc.DefaultRole
			}
		}
		if role != authz.Admin {
			only, err := s.onlyAdmin(tx, u)
			if err != nil {
				return err
			}
			if only { // a slip in a group must not lock everybody out
				s.log.Warn("the groups of the last administrator do not give that role; they keep it", "user", u.ID, "role", role)
				role = authz.Admin
			}
		}
		if role == "" {
			// Whoever lost their groups is out at once, everywhere.
			out = refuse(refusedRole, "none of %q gives a role", groups)
			return errors.Join(deleteSessionsOf(tx, u.ID), s.syncMembers(ctx, tx, u, FromOIDC, nil))
		}
		if u, err = s.setRole(ctx, tx, u, role); err != nil {
			return err
		}
		if err := s.joinTeams(ctx, tx, u, teamsOf(groups, s.oidc.Teams, s.oidc.TeamPrefix)); err != nil {
			return err
		}
		if err := s.applyFile(ctx, tx, u); err != nil {
			return err
		}
		if u.teams, err = membershipsOf(tx, u.ID); err != nil {
			return err
		}
		if sess, err = s.beginBy(tx, u, byOIDC, a.rawID); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "session.create", u.ID, u.Name, nil, map[string]string{"method": byOIDC, "issuer": s.oidc.Issuer})
	})
	return u, sess, errors.Join(err, out)
}

// useOnce refuses a state that came back before.
func (s *Service) useOnce(tx *sqldb.Tx, state string, ends time.Time) error {
	fresh, err := insertUsed(tx, hashOf(state), s.clock.Now(), ends)
	if err == nil && !fresh {
		err = refuse(refusedReplay, "this answer of the provider was used before")
	}
	return err
}

// accountOf finds the account of a person, links one, or makes one.
func (s *Service) accountOf(ctx context.Context, tx *sqldb.Tx, a arrived, email string, verified bool) (User, error) {
	now := s.clock.Now()
	at := Identity{Issuer: s.oidc.Issuer, Subject: a.subject, Email: email, Created: now, Seen: now}
	u, err := userByIdentity(tx, at.Issuer, at.Subject)
	if err == nil {
		at.User = u.ID
		return u, touchIdentity(tx, at)
	}
	if !fault.Is(err, fault.NotFound) {
		return u, err
	}
	if !verified {
		return u, refuse(refusedUnverified, "the address %q is not verified", email)
	}
	u, err = userByEmail(tx, email)
	switch {
	case err == nil:
		if err := s.mayLink(tx, u); err != nil {
			return u, err
		}
		at.User = u.ID
		if err := insertIdentity(tx, at); err != nil {
			return u, err
		}
		return u, s.Audit(authz.With(ctx, u.Principal()), tx, "user.link", u.ID, u.Name, nil, stateOfIdentity(at))
	case !fault.Is(err, fault.NotFound):
		return u, err
	case !s.oidc.AllowUnknown:
		return u, refuse(refusedUnknown, "%q has no account", email)
	}
	u = User{ID: id.New(), Email: email, Name: a.text("name"), Role: s.oidc.DefaultRole, Created: now}
	if u.Role == "" {
		u.Role = authz.Viewer // until the groups have been looked at, in this same transaction
		if groups, _ := a.groups(s.oidc.GroupsClaim); roleOf(groups, s.oidc.Roles) == "" {
			return u, refuse(refusedRole, "none of %q gives a role", groups)
		}
	}
	if u.Name == "" {
		u.Name = a.text("preferred_username")
	}
	if u.Name == "" {
		u.Name, _, _ = strings.Cut(email, "@")
	}
	if err := u.Validate(); err != nil {
		return u, &refusal{refusedToken, err}
	}
	at.User = u.ID
	if err := errors.Join(insertUser(tx, u), insertIdentity(tx, at)); err != nil {
		return u, err
	}
	ctx = authz.With(ctx, u.Principal())
	return u, errors.Join(s.Audit(ctx, tx, "user.create", u.ID, u.Name, nil, stateOfUser(u)), s.Audit(ctx, tx, "user.link", u.ID, u.Name, nil, stateOfIdentity(at)))
}

// mayLink refuses to give an account to somebody who merely has its address: unless that
// is allowed, and never when the provider knows another person by it already, as then the
// address went from one to the other.
func (s *Service) mayLink(tx *sqldb.Tx, u User) error {
	if !s.oidc.LinkByEmail {
		return refuse(refusedTaken, "the address belongs to user %s, and link_by_email is off", u.ID)
	}
	all, err := identitiesOf(tx, u.ID)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.Issuer == s.oidc.Issuer {
			return refuse(refusedTaken, "the address belongs to user %s, who is another subject there", u.ID)
		}
	}
	return nil
}

// setRole gives a user the role of their groups.
func (s *Service) setRole(ctx context.Context, tx *sqldb.Tx, was User, role authz.Role) (User, error) {
	if was.Role == role {
		return was, nil
	}
	u := was
	u.Role = role
	if err := updateUser(tx, u); err != nil {
		return u, err
	}
	return u, s.Audit(ctx, tx, "user.update", u.ID, u.Name, stateOfUser(was), stateOfUser(u))
}

// joinTeams puts a person in the teams of their groups, and out of those that groups had
// put them in before. A team that is not there is made, as the configuration names it.
func (s *Service) joinTeams(ctx context.Context, tx *sqldb.Tx, u User, refs map[string]bool) error {
	want := map[string]bool{}
	for _, ref := range sortedKeys(refs) {
		lead := refs[ref]
		t, err := teamByRef(tx, ref)
		if fault.Is(err, fault.NotFound) {
			t = Team{Name: ref, Slug: ref, Origin: FromOIDC}
			if err = t.Validate(); err == nil {
				err = s.createTeam(authz.With(ctx, authz.System("OIDC")), tx, &t)
			}
		}
		if err != nil {
			return err
		}
		want[t.ID] = want[t.ID] || lead
	}
	return s.syncMembers(authz.With(ctx, authz.System("OIDC")), tx, u, FromOIDC, want)
}

type identityState struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
	Email   string `json:"email"`
}

func stateOfIdentity(i Identity) identityState { return identityState{i.Issuer, i.Subject, i.Email} }

// Identities lists who a user is at identity providers.
func (s *Service) Identities(ctx context.Context, userID string) (all []Identity, err error) {
	if err := authz.Can(ctx, authz.UsersWrite); err != nil && authz.From(ctx).UserID != userID {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *sqldb.Tx) error { all, err = identitiesOf(tx, userID); return err })
	return all, err
}

// Unlink forgets who a user is at an identity provider, and signs them out everywhere. Who
// has no password cannot come in then, until an administrator gives them one.
func (s *Service) Unlink(ctx context.Context, userID, issuer, subject string) error {
	if err := authz.Can(ctx, authz.UsersWrite); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		u, err := userByID(tx, userID)
		if err != nil {
			return err
		}
		all, err := identitiesOf(tx, userID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(i Identity) bool { return i.Issuer == issuer && i.Subject == subject })
		if i < 0 {
			return fault.New(fault.NotFound, i18n.T("This user is not linked so.", "このユーザーにその紐付けはありません。"))
		}
		if err := errors.Join(deleteIdentity(tx, issuer, subject), deleteSessionsOf(tx, userID)); err != nil {
			return err
		}
		if err := s.lastAdmin(tx, u, u.HasPassword()); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "user.unlink", u.ID, u.Name, stateOfIdentity(all[i]), nil)
	})
}
