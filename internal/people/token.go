package people

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
)

// TokenKind is what a token is for.
type TokenKind string

// The kinds of tokens.
const (
	APIToken    TokenKind = "api"    // acts in a role
	IngestToken TokenKind = "ingest" // sends telemetry
)

// The prefixes make a token that leaked recognisable, also to secret scanners.
const (
	apiPrefix    = "yag_"
	ingestPrefix = "yagi_"
)

// Token lets a program in. The secret itself is shown once, when it is made.
type Token struct {
	ID        string
	Kind      TokenKind
	Name      string
	Role      authz.Role // Ingest for ingest tokens
	CreatedBy string
	Created   time.Time
	Expires   time.Time // zero: never
	Used      time.Time // to the minute; zero: never
	Revoked   time.Time // zero: not
}

// Valid says that the token lets its holder in at now.
func (t Token) Valid(now time.Time) bool {
	return t.Revoked.IsZero() && (t.Expires.IsZero() || now.Before(t.Expires))
}

// Principal is the token as who acts.
func (t Token) Principal() authz.Principal {
	return authz.Principal{UserID: t.ID, Name: t.Name, Role: t.Role, Kind: authz.KindToken}
}

// Validate checks what people typed.
func (t *Token) Validate(now time.Time) error {
	var e problems
	t.Name = strings.TrimSpace(norm.NFC.String(t.Name))
	e.name("name", t.Name)
	switch t.Kind {
	case IngestToken:
		if t.Role == "" {
			t.Role = authz.Ingest
		}
		if t.Role != authz.Ingest {
			e.add("role", i18n.T("An ingest token has no role: it can only send telemetry.", "取り込みトークンにはロールを指定できません。テレメトリーの送信のみに使用できます。"))
		}
	case APIToken:
		if !t.Role.ForToken() {
			e.add("role", i18n.F("The role must be one of %[1]s.", "ロールは %[1]s のいずれかを指定してください。", "viewer, member, lead, admin"))
		}
	default:
		e.add("kind", i18n.T("The kind must be api or ingest.", "種類は api または ingest を指定してください。"))
	}
	if !t.Expires.IsZero() && !t.Expires.After(now) {
		e.add("expires", i18n.T("The expiry lies in the past.", "有効期限が過去の日時になっています。"))
	}
	return e.join()
}

func newSecret(kind TokenKind) string {
	if kind == IngestToken {
		return ingestPrefix + id.Secret()
	}
	return apiPrefix + id.Secret()
}

// hashOf is how secrets are stored that a machine made: they have 256 random bits, so a
// plain hash is as good as a slow one.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
