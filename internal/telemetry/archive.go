package telemetry

import (
	"context"
	"io"
	"time"
)

// An archive holds the rows of old days in files outside the store. A day of a signal is
// archived in one generation or, when rows came late, in several: each has the rows that
// arrived within a range of time, and the next begins where it ends.

// ArchivePiece is a stretch of a day that goes into one file: rows with From <= time < To,
// in Unix nanoseconds.
type ArchivePiece struct {
	From, To int64
	Rows     uint64
}

// ArchiveColumn is a column as it was when rows were archived, with the engine's type.
type ArchiveColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// LateRows are rows of a day that arrived at a time or later.
type LateRows struct {
	Rows uint64
	Last time.Time // arrival of the last; zero without any
}

// AttachState is how far a day that is brought back is.
type AttachState string

// The states.
const (
	Attaching AttachState = "attaching" // rows are on their way; what is there is taken away before it is tried again
	Attached  AttachState = "attached"  // all are there
	Detached  AttachState = "detached"  // none are there
)

// AttachedDay is a day that was brought back from the archive.
type AttachedDay struct {
	Day    string
	Signal Signal
	State  AttachState
	Rows   uint64    // that were brought back
	Until  time.Time // they are taken away
	At     time.Time
}

// Archiver reads whole days out of the store and brings them back. It is for one caller at
// a time.
//
// Rows that are brought back are told from others: they lie in the same tables, and nothing
// is derived from them. A row that is still there is not brought back a second time.
type Archiver interface {
	// ArchiveColumns are the columns that an archived row has.
	ArchiveColumns(ctx context.Context, signal Signal) ([]ArchiveColumn, error)
	// ArchivePieces cuts the rows of a day that arrived within a range; a zero begin is that
	// of all times.
	ArchivePieces(ctx context.Context, day string, signal Signal, arrived Range) ([]ArchivePiece, error)
	// ArchivePiece writes a piece as Parquet.
	ArchivePiece(ctx context.Context, day string, signal Signal, arrived Range, p ArchivePiece, to io.Writer) error
	// Late says what there is of a day that arrived at since or later.
	Late(ctx context.Context, day string, signal Signal, since time.Time) (LateRows, error)
	// BeginAttach makes room for a day's rows. What an attempt before left is removed.
	BeginAttach(ctx context.Context, day string, signal Signal, until time.Time) error
	// AttachPiece takes a file that ArchivePiece wrote, with the columns of then.
	AttachPiece(ctx context.Context, signal Signal, columns []ArchiveColumn, from io.Reader) error
	// FinishAttach puts the rows into the tables, when they are as many as they should be.
	FinishAttach(ctx context.Context, day string, signal Signal, want uint64, until time.Time) (rows uint64, err error)
	// ExtendAttach changes until when an attached day stays.
	ExtendAttach(ctx context.Context, day string, signal Signal, until time.Time) error
	// Detach takes away what was brought back of a day, and nothing else.
	Detach(ctx context.Context, day string, signal Signal) error
	// AttachedDays are those that are not wholly detached.
	AttachedDays(ctx context.Context) ([]AttachedDay, error)
}
