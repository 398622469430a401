package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

//go:embed common.txt
var commonText string

var common = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(commonText) {
		m[strings.TrimSpace(line)] = true
	}
	return m
})

// Password rules: length is what counts, and not being the first thing that is tried.
const (
	minPassword = 10
	maxPassword = 200 // characters
)

// checkPassword says what is wrong with a new password.
func checkPassword(field, password string, u User) error {
	folded := emailKey(password)
	local, _, _ := strings.Cut(emailKey(u.Email), "@")
	n := utf8.RuneCountInString(password)
	switch {
	case n < minPassword:
		return fault.Field(field, i18n.F("A password has at least %d characters.", "パスワードは %d 文字以上で入力してください。", minPassword))
	case n > maxPassword:
		return fault.Field(field, i18n.F("A password has at most %d characters.", "パスワードは %d 文字以内で入力してください。", maxPassword))
	case folded == emailKey(u.Email), folded == emailKey(u.Name), local != "" && strings.Trim(folded, "0123456789!?._-") == local:
		return fault.Field(field, i18n.T("The password must not be your name or e-mail address.", "名前やメールアドレスと同じパスワードは使用できません。"))
	case common()[folded], monotonous(folded):
		return fault.Field(field, i18n.T(
			"This password is among the first that attackers try. Choose another; a few unrelated words do well.",
			"このパスワードは推測されやすいため使用できません。関連のない単語をいくつか組み合わせるなど、別のものにしてください。"))
	}
	return nil
}

// monotonous says that a text is one short piece over and over, or counts up or down.
func monotonous(s string) bool {
	r := []rune(s)
	for piece := 1; piece <= 3; piece++ {
		same := len(r) > piece
		for i := piece; i < len(r) && same; i++ {
			same = r[i] == r[i-piece]
		}
		if same {
			return true
		}
	}
	for _, step := range []rune{1, -1} {
		run := len(r) > 1
		for i := 1; i < len(r) && run; i++ {
			run = r[i]-r[i-1] == step || step == 1 && r[i] == '0' && r[i-1] == '9' || step == -1 && r[i] == '9' && r[i-1] == '0'
		}
		if run {
			return true
		}
	}
	return false
}

// hasher hashes passwords with argon2id. Each hash takes memory on purpose, so only so
// many run at once; whoever finds too many waiting is told to come back.
type hasher struct {
	memory  uint32 // KiB
	passes  uint32
	running chan struct{}
	waiting chan struct{}
	decoy   func() string
	kdf     func(password, salt []byte, passes, memory uint32, threads uint8, keyLen uint32) []byte
}

func newHasher(memoryKiB, passes uint32) *hasher {
	h := &hasher{memory: memoryKiB, passes: passes, running: make(chan struct{}, 2), waiting: make(chan struct{}, 32), kdf: argon2.IDKey}
	h.decoy = sync.OnceValue(func() string { return h.derive("nobody has this password", h.salt()) })
	return h
}

func (h *hasher) salt() []byte {
	salt := make([]byte, 16)
	rand.Read(salt)
	return salt
}

var b64 = base64.RawStdEncoding

func (h *hasher) derive(password string, salt []byte) string {
	key := h.kdf([]byte(norm.NFKC.String(password)), salt, h.passes, h.memory, 1, 32)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, h.memory, h.passes, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return nil, fault.Retry(fault.Overloaded, 2*time.Second, i18n.T(
			"Too many people are signing in at this moment. Try again.", "サインインが集中しています。もう一度お試しください。"))
	}
	select {
	case h.running <- struct{}{}:
		return func() { <-h.running }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return h.derive(password, h.salt()), nil
}

// verify compares. An empty phc takes as long and is false: nobody learns from the time
// it takes who has an account. Stale says that the hash should be made anew.
func (h *hasher) verify(ctx context.Context, phc, password string) (ok, stale bool, err error) {
	if utf8.RuneCountInString(password) > maxPassword {
		return false, false, nil // nobody's; do not hash megabytes
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	known := phc != ""
	if !known {
		phc = h.decoy()
	}
	var version int
	var memory, passes uint32
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false, fault.Internalf("a stored password is not argon2id")
	}
	_, err1 := fmt.Sscanf(parts[2], "v=%d", &version)
	_, err2 := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &memory, &passes)
	salt, err3 := b64.DecodeString(parts[4])
	want, err4 := b64.DecodeString(parts[5])
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil || version != argon2.Version || memory > 1<<20 || passes > 16 || passes < 1 {
		return false, false, fault.Internalf("a stored password cannot be read")
	}
	got := h.kdf([]byte(norm.NFKC.String(password)), salt, passes, memory, 1, uint32(len(want)))
	ok = subtle.ConstantTimeCompare(got, want) == 1 && known
	return ok, memory != h.memory || passes != h.passes, nil
}
