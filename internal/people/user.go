package people

import (
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// User is a person who may sign in.
type User struct {
	ID       string
	Email    string
	Name     string
	Role     authz.Role
	Lang     i18n.Lang // "" until they chose one: the browser's
	Disabled bool
	Created  time.Time
	Seen     time.Time // the last request, to the hour; zero: never

	password string // PHC; "" when they have none and come by the identity provider
	teams    []Membership
}

// HasPassword says that they can sign in without an identity provider.
func (u User) HasPassword() bool { return u.password != "" }

// Principal is the user as who acts. Who leads a team is a lead at least, as far as their
// teams go.
func (u User) Principal() authz.Principal {
	p := authz.Principal{UserID: u.ID, Name: u.Name, Role: u.Role, Kind: authz.KindUser, Lang: u.Lang}
	for _, m := range u.teams {
		p.Teams = append(p.Teams, m.Team)
		if m.Lead && u.Role != authz.Operator {
			p.Leads = append(p.Leads, m.Team)
		}
	}
	if len(p.Leads) > 0 && authz.Lead.AtLeast(p.Role) {
		p.Role = authz.Lead
	}
	return p
}

// Validate checks what people typed and says everything that is wrong at once. It
// trims and normalises the name and the address first.
func (u *User) Validate() error {
	var e problems
	u.Email, u.Name = strings.TrimSpace(norm.NFKC.String(u.Email)), strings.TrimSpace(norm.NFC.String(u.Name))
	at, err := mail.ParseAddress(u.Email)
	if err != nil || at.Address != u.Email || len(u.Email) > 254 {
		e.add("email", i18n.T("This is not an e-mail address.", "メールアドレスの形式が正しくありません。"))
	}
	e.name("name", u.Name)
	if !u.Role.Valid() {
		e.add("role", i18n.F("The role must be one of %[1]s.", "ロールは %[1]s のいずれかを指定してください。", roleNames()))
	}
	if u.Lang != "" && u.Lang != i18n.En && u.Lang != i18n.Ja {
		e.add("lang", i18n.T("The language must be en or ja.", "言語は en または ja を指定してください。"))
	}
	return e.join()
}

func roleNames() string {
	names := make([]string, len(authz.PeopleRoles))
	for i, r := range authz.PeopleRoles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// emailKey is the same for all spellings of an address.
func emailKey(email string) string {
	return cases.Fold().String(norm.NFKC.String(strings.TrimSpace(email)))
}

// problems collects the faults of one input.
type problems []error

func (p *problems) add(field string, text i18n.Text) { *p = append(*p, fault.Field(field, text)) }

// name checks the name of a person or thing: one line, not empty, at most 100 characters.
func (p *problems) name(field, s string) {
	switch {
	case s == "":
		p.add(field, i18n.T("A name is needed.", "名前を入力してください。"))
	case utf8.RuneCountInString(s) > 100:
		p.add(field, i18n.T("A name has at most 100 characters.", "名前は 100 文字以内で入力してください。"))
	case strings.ContainsFunc(s, unprintable):
		p.add(field, i18n.T("A name cannot contain control characters.", "名前に制御文字は使用できません。"))
	}
}

// unprintable are control characters and those that turn the direction of text round.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == utf8.RuneError || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func (p problems) join() error { return errors.Join(p...) }
