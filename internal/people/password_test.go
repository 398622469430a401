package people

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
)

func TestPasswordRules(t *testing.T) {
	u := User{Email: "Hanako.Yamada@example.com", Name: "山田 花子さんです、はい"}
	for _, good := range []string{password, "安全なパスワードです。", "x7#kQ9!mZ2", "          x", "hanako.yamada likes tea"} {
		if err := checkPassword("password", good, u); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "short", "九文字しかないです", "hanako.yamada@EXAMPLE.com", "hanako.yamada1", "Password1234", "ＰＡＳＳＷＯＲＤ１２３４", "aaaaaaaaaaaa", "abcabcabcabc",
		"1234567890", "98765432109", "qwertyuiop", "山田 花子さんです、はい", strings.Repeat("ab1!", 51)} {
		err := checkPassword("password", bad, u)
		if f := fault.Of(err); err == nil || f.Field != "password" || f.Text.Ja == "" {
			t.Errorf("%q was accepted: %v", bad, err)
		}
	}
}

func TestHashes(t *testing.T) {
	ctx := context.Background()
	h := newHasher(64, 1)
	a, _ := h.hash(ctx, password)
	b, _ := h.hash(ctx, password)
	if a == b || !strings.HasPrefix(a, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("%s %s", a, b)
	}
	stronger := newHasher(128, 2)
	for _, c := range []struct {
		h           *hasher
		phc, pass   string
		ok, renewed bool
	}{
		{h, a, password, true, false}, {h, a, password + " ", false, false}, {stronger, a, password, true, true}, {h, "", "nobody has this password", false, false},
	} {
		if ok, stale, err := c.h.verify(ctx, c.phc, c.pass); err != nil || ok != c.ok || stale != c.renewed {
			t.Errorf("%q: %v %v %v", c.pass, ok, stale, err)
		}
	}
	for _, bad := range []string{"x", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=0,p=1$AAAA$AAAA"} {
		if _, _, err := h.verify(ctx, bad, password); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// What takes as long is the work, and work can be compared where time cannot.
func TestUnknownAccountTakesAsLong(t *testing.T) {
	h := newHasher(64, 2)
	phc, err := h.hash(context.Background(), password)
	if err != nil {
		t.Fatal(err)
	}
	h.decoy()
	worked := func(phc string) (work []uint32) {
		h.kdf = func(p, salt []byte, passes, memory uint32, threads uint8, n uint32) []byte {
			work = append(work, passes, memory, uint32(threads), n, uint32(len(salt)))
			return argon2.IDKey(p, salt, passes, memory, threads, n)
		}
		if ok, _, err := h.verify(context.Background(), phc, "wrong password"); ok || err != nil {
			t.Error(ok, err)
		}
		return work
	}
	known, unknown := worked(phc), worked("")
	if len(known) != 5 || !slices.Equal(known, unknown) {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}

func TestHasherBoundsItsMemory(t *testing.T) {
	h := newHasher(64, 1)
	for range cap(h.running) {
		h.running <- struct{}{} // all places are taken
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	for range cap(h.waiting) + 10 {
		wg.Go(func() {
			if _, err := h.hash(ctx, password); fault.Is(err, fault.Overloaded) {
				mu.Lock()
				refused++
				mu.Unlock()
			}
		})
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		mu.Lock()
		n := refused
		mu.Unlock()
		if n == 10 {
			break
		}
	}
	cancel()
	wg.Wait()
	if refused != 10 {
		t.Errorf("%d were refused, want 10", refused)
	}
}

func TestThrottle(t *testing.T) {
	c := clock.NewFake(begin)
	th := newThrottle(c)
	fail := func(account, addr string) error { _, err := th.begin(account, addr); return err }
	for i := range freePair {
		if err := fail("ann", "198.51.100.1"); err != nil {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	err := fail("ann", "198.51.100.1")
	wantCode(t, err, fault.Overloaded, "the sixth guess")
	if d := fault.Of(err).RetryAfter; d <= 0 || d > time.Second {
		t.Errorf("first wait %v", d)
	}
	// The owner, elsewhere, is not locked out, and neither is another account from here.
	if err := fail("ann", "192.0.2.7"); err != nil {
		t.Errorf("the owner: %v", err)
	}
	if err := fail("bob", "198.51.100.1"); err != nil {
		t.Errorf("another account: %v", err)
	}
	// Waits grow to a quarter of an hour.
	tried := 0
	for start := c.Now(); c.Now().Sub(start) < 24*time.Hour; c.Advance(time.Second) {
		if fail("ann", "198.51.100.1") == nil {
			tried++
		}
	}
	if tried > 120 {
		t.Errorf("%d guesses a day", tried)
	}
	// Success forgets.
	th = newThrottle(c)
	for range freePair {
		_ = fail("ann", "198.51.100.1")
	}
	c.Advance(time.Second)
	a, err := th.begin("ann", "198.51.100.1")
	if err != nil {
		t.Fatal(err)
	}
	th.succeed(a)
	for range freePair {
		if err := fail("ann", "198.51.100.1"); err != nil {
			t.Errorf("after a success: %v", err)
		}
	}
	// One address over many accounts; an IPv6 address is its network.
	held := false
	for i := range freeAddress + 5 {
		held = fail(fmt.Sprint("user", i), fmt.Sprintf("2001:db8:1:2::%x", i)) != nil || held
	}
	if !held {
		t.Error("an address may try any number of accounts")
	}
	if err := fail("carl", "2001:db8:1:3::1"); err != nil {
		t.Errorf("the neighbour network: %v", err)
	}
	for i := range 2 * maxTries {
		_ = fail(fmt.Sprint("u", i), fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
	}
	if n := len(th.tries); n > maxTries+2 {
		t.Errorf("%d entries", n)
	}
}
