package telemetry

import "context"

// A frame is the rows of one request and signal, encoded once: it is what the
// write-ahead log holds before the request is acknowledged, and what the engine takes.
// It names its own columns, so that a frame written by one version of Yagura can be
// stored by the next. Nobody but its codec looks inside.

// Codec turns rows into frames. It is safe for concurrent use and does no I/O.
type Codec interface {
	// EncodeLogs appends a frame of rows to dst. It keeps nothing of rows.
	EncodeLogs(dst []byte, rows []Log) ([]byte, error)
	// EncodeSpans appends a frame of rows to dst. It keeps nothing of rows.
	EncodeSpans(dst []byte, rows []Span) ([]byte, error)
}

// Writer stores blocks of frames. It is safe for concurrent use.
type Writer interface {
	// Write stores every row of the frames, and stores them once however often it is
	// called with the same token and the same frames. It returns when the rows will
	// survive the loss of this process and of the engine's.
	//
	// An error says what to do next. fault.Invalid: the engine refuses these rows for
	// good, nothing of the block was stored, and trying again is pointless (Split it to
	// find the guilty ones; parts get tokens of their own). Any other: it is not known
	// whether the block was stored; repeat the call, unchanged, until it is.
	//
	// A token must never be used for other rows: they would be taken for a repetition.
	Write(ctx context.Context, signal Signal, token string, frames [][]byte) error

	// Split halves a frame in two with the same rows between them, in order. A frame of
	// one row gives a nil b.
	Split(signal Signal, frame []byte) (a, b []byte, err error)

	// Rows counts the rows of a frame.
	Rows(signal Signal, frame []byte) (int, error)

	// Describe renders the first row of a frame for a person, in at most 2 KB: what the
	// status page shows of a quarantined row.
	Describe(signal Signal, frame []byte) string
}
