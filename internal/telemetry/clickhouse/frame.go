package clickhouse

import (
	"encoding/binary"
	"fmt"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// A frame is: a byte of version, a byte of signal, the number of rows as a uvarint, and
// one block in ClickHouse's Native format, which names its columns and their types. The
// columns of a frame may be fewer than the table's (the frame is older), never others.

const frameVersion = 1

func appendHeader(dst []byte, signal telemetry.Signal, rows int) []byte {
	return binary.AppendUvarint(append(dst, frameVersion, byte(signal)), uint64(rows))
}

// splitHeader checks a frame's header and gives the rest.
func splitHeader(signal telemetry.Signal, frame []byte) (rows int, block []byte, err error) {
	if len(frame) < 3 {
		return 0, nil, fmt.Errorf("a frame of %d bytes", len(frame))
	}
	if frame[0] != frameVersion {
		return 0, nil, fmt.Errorf("a frame of version %d, this program knows %d", frame[0], frameVersion)
	}
	if got := telemetry.Signal(frame[1]); got != signal {
		return 0, nil, fmt.Errorf("a frame of %s where %s were expected", got, signal)
	}
	n, k := binary.Uvarint(frame[2:])
	if k <= 0 || n > 1<<31 {
		return 0, nil, fmt.Errorf("a frame with a broken number of rows")
	}
	return int(n), frame[2+k:], nil
}

// Rows counts the rows of a frame.
func (*Store) Rows(signal telemetry.Signal, frame []byte) (int, error) {
	n, _, err := splitHeader(signal, frame)
	return n, err
}

// Split halves a frame.
func (*Store) Split(signal telemetry.Signal, frame []byte) (a, b []byte, err error) {
	switch signal {
	case telemetry.Logs:
		rows, err := decodeLogs(frame)
		if err != nil || len(rows) < 2 {
			return frame, nil, err
		}
		return halve(rows, Codec{}.EncodeLogs)
	case telemetry.Spans:
		rows, err := decodeSpans(frame)
		if err != nil || len(rows) < 2 {
			return frame, nil, err
		}
		return halve(rows, Codec{}.EncodeSpans)
	}
	return nil, nil, fmt.Errorf("a frame of %s", signal)
}

func halve[T any](rows []T, encode func([]byte, []T) ([]byte, error)) (a, b []byte, err error) {
	half := (len(rows) + 1) / 2
	if a, err = encode(nil, rows[:half]); err != nil {
		return nil, nil, err
	}
	b, err = encode(nil, rows[half:])
	return a, b, err
}
