package process

import (
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

func TestWhoLivesIsSeenByTheOthers(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), job.Migrations, Migrations); err != nil {
			t.Fatal(err)
		}
		ctx, c := t.Context(), clock.Real{}
		leaves := false
		a := New(Options{DB: db, Clock: c, Self: Process{ID: "a", Role: config.RoleIngest, Host: "h1", PID: 7, Version: "v1", URL: "http://h1:1", Started: c.Now()},
			Detail: func() ([]byte, bool) { return []byte(`{"x":1}`), leaves }})
		b := New(Options{DB: db, Clock: c, Self: Process{Role: config.RoleQuery, Host: "h2", Version: "v2", Started: c.Now()}})
		if b.Self().ID == "" {
			t.Fatal("no id")
		}
		for _, r := range []*Registry{a, b, a} {
			if err := r.Beat(ctx); err != nil {
				t.Fatal(err)
			}
		}
		all, now, err := b.List(ctx)
		if err != nil || len(all) != 2 {
			t.Fatalf("%+v %v", all, err)
		}
		if p := all[0]; p.ID != "a" || p.Role != config.RoleIngest || p.PID != 7 || p.Version != "v1" || p.URL != "http://h1:1" || string(p.Detail) != `{"x":1}` || !p.Alive || now.Sub(p.Seen) > time.Minute {
			t.Errorf("%+v", p)
		}
		if err := b.Forget(ctx, "a"); !fault.Is(err, fault.Conflict) {
			t.Errorf("a process that runs is forgotten: %v", err)
		}
		// It stops and leaves something behind; back again it is alive.
		leaves = true
		if err := a.Leave(ctx); err != nil {
			t.Fatal(err)
		}
		if all, _, _ := b.List(ctx); len(all) != 2 || all[0].Alive || all[0].Left.IsZero() {
			t.Errorf("%+v", all)
		}
		if err := a.Beat(ctx); err != nil {
			t.Fatal(err)
		}
		if all, _, _ := b.List(ctx); !all[0].Alive || !all[0].Left.IsZero() {
			t.Errorf("%+v", all)
		}
		leaves = false
		if err := a.Leave(ctx); err != nil {
			t.Fatal(err)
		}
		if all, _, _ := b.List(ctx); len(all) != 1 {
			t.Errorf("%+v", all)
		}

		// Those that went away without a word: kept as long as they may hold something.
		age := func(id string, role config.Role, by time.Duration) {
			if err := db.Write(ctx, func(tx *sqldb.Tx) error {
				return put(tx, Process{ID: id, Role: role, Seen: now.Add(-by), Detail: []byte("{}")})
			}); err != nil {
				t.Fatal(err)
			}
		}
		age("q-quiet", config.RoleQuery, time.Minute)
		age("q-gone", config.RoleJobs, keepIdle+time.Minute)
		age("i-quiet", config.RoleIngest, 24*time.Hour)
		age("i-gone", config.RoleIngest, keepFolder+time.Hour)
		if err := b.Beat(ctx); err != nil {
			t.Fatal(err)
		}
		alive := map[string]bool{}
		all, _, _ = b.List(ctx)
		for _, p := range all {
			alive[p.ID] = p.Alive
		}
		if len(alive) != 3 || alive["q-quiet"] || alive["i-quiet"] || !alive[b.Self().ID] {
			t.Errorf("%+v", alive)
		}
		if err := b.Forget(ctx, "i-quiet"); err != nil {
			t.Error(err)
		}
		if err := b.Forget(ctx, "i-quiet"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}

		k1, err1 := a.Key(ctx)
		k2, err2 := b.Key(ctx)
		if err1 != nil || err2 != nil || string(k1) != string(k2) || len(k1) < 32 {
			t.Errorf("%q %q %v %v", k1, k2, err1, err2)
		}
	})
}

func TestSignature(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	key := []byte("k")
	good := Sign(key, "/p?a=1", now)
	if !Signed(key, "/p?a=1", good, now.Add(time.Minute)) {
		t.Error("refused")
	}
	for what, ok := range map[string]bool{
		"another path": Signed(key, "/p?a=2", good, now), "another key": Signed([]byte("j"), "/p?a=1", good, now),
		"no key": Signed(nil, "/p?a=1", Sign(nil, "/p?a=1", now), now), "too late": Signed(key, "/p?a=1", good, now.Add(3*time.Minute)),
		"from the future": Signed(key, "/p?a=1", good, now.Add(-3*time.Minute)), "none": Signed(key, "/p?a=1", "", now), "no time": Signed(key, "/p?a=1", "x."+good, now),
	} {
		if ok {
			t.Errorf("%s is let in", what)
		}
	}
}
