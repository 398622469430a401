package people

import (
	"testing"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// BenchmarkCheckIngestToken is what every request of a sender pays.
func BenchmarkCheckIngestToken(b *testing.B) {
	db, err := sqldb.Open(b.Context(), sqldb.Options{Path: b.TempDir() + "/state.db"})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(b.Context(), Migrations); err != nil {
		b.Fatal(err)
	}
	s := another(db, clock.NewFake(begin))
	_, secret, err := s.AddToken(authz.With(b.Context(), authz.Local()), Token{Name: "c", Kind: IngestToken})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.CheckIngestToken(b.Context(), secret); err != nil {
			b.Fatal(err)
		}
	}
}
