package wal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	magic      = "yagurawl"
	version    = 1
	idSize     = 16
	headerSize = 40
	frameSize  = 24 // of what stands before the payload
	suffix     = ".wal"
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	le         = binary.LittleEndian
)

// name is what a block is known by, on disk and to the engine.
type name struct {
	signal telemetry.Signal
	id     string // of the log, idSize characters
	seq    uint64
}

// file is the block's file within its lane's folder.
func (n name) file() string { return fmt.Sprintf("%016x-%s%s", n.seq, n.id, suffix) }

// token is what the engine tells repetitions of the block by.
func (n name) token() string { return fmt.Sprintf("%s-%d-%s", n.id, n.seq, n.signal) }

// seed is what the checksums of the block's frames begin with.
func (n name) seed() uint32 {
	return crc32.Checksum(le.AppendUint64([]byte(n.id), n.seq), castagnoli)
}

// parseName reads the name of a block's file.
func parseName(signal telemetry.Signal, file string) (name, bool) {
	hex, id, ok := strings.Cut(strings.TrimSuffix(file, suffix), "-")
	if !ok || len(hex) != 16 || len(id) != idSize || !strings.HasSuffix(file, suffix) {
		return name{}, false
	}
	seq, err := strconv.ParseUint(hex, 16, 64)
	n := name{signal, id, seq}
	return n, err == nil && n.file() == file
}

// appendHeader appends the header of a block's file.
func appendHeader(dst []byte, n name) []byte {
	at := len(dst)
	dst = append(dst, magic...)
	dst = le.AppendUint16(dst, version)
	dst = append(dst, byte(n.signal), 0)
	dst = append(dst, n.id...)
	dst = le.AppendUint64(dst, n.seq)
	return le.AppendUint32(dst, crc32.Checksum(dst[at:], castagnoli))
}

// appendFrameHead appends what stands before a payload.
func appendFrameHead(dst []byte, seed uint32, payload []byte, rows int, durable int64) []byte {
	at := len(dst)
	dst = le.AppendUint32(dst, uint32(len(payload)))
	dst = le.AppendUint32(dst, uint32(rows))
	dst = le.AppendUint64(dst, uint64(durable))
	dst = le.AppendUint32(dst, crc32.Update(seed, castagnoli, payload))
	return le.AppendUint32(dst, crc32.Update(seed, castagnoli, dst[at:]))
}

// contents is what a block's file holds.
type contents struct {
	frames  [][]byte // the good ones in order; they share memory with the file's bytes
	rows    int      // of the good frames
	durable int64    // everything before it was synced
	end     int64    // everything behind it is torn off by a crash and was not acknowledged
	corrupt []span   // what was acknowledged and is spoilt
}

// span is a range of bytes in a file.
type span struct{ from, to int64 }

// misplaced says that a file is whole and not for us: of another version or signal.
type misplaced struct{ version, signal int }

func (m misplaced) Error() string {
	return fmt.Sprintf("block has format version %d and signal %d", m.version, m.signal)
}

// readBlock reads the bytes of a block's file. The first durable bytes are known to have
// been acknowledged; 0 when nothing is known but what the frames say.
//
// It never fails on damage: it says where the damage is. The only error is misplaced.
func readBlock(n name, data []byte, durable int64) (contents, error) {
	c := contents{durable: durable}
	if len(data) >= headerSize && string(data[:len(magic)]) == magic &&
		le.Uint32(data[36:]) == crc32.Checksum(data[:36], castagnoli) {
		if v, s := int(le.Uint16(data[8:])), int(data[10]); v != version || s != int(n.signal) {
			return c, misplaced{v, s}
		}
		n.id, n.seq = string(data[12:28]), le.Uint64(data[28:])
	}
	// A spoilt header costs nothing: the name of the file says the same.
	seed := n.seed()
	var bad []span
	c.end = min(headerSize, int64(len(data)))
	for at := c.end; at < int64(len(data)); {
		payload, rows, synced, ok := readFrame(data[at:], seed)
		if !ok {
			if k := len(bad) - 1; k >= 0 && bad[k].to == at {
				bad[k].to++
			} else {
				bad = append(bad, span{at, at + 1})
			}
			at++
			continue
		}
		c.frames = append(c.frames, payload)
		c.rows += rows
		c.durable = max(c.durable, min(synced, at))
		at += frameSize + int64(len(payload))
		c.end = at
	}
	for _, s := range bad {
		if s.from < c.durable {
			c.corrupt = append(c.corrupt, s)
			c.end = max(c.end, min(s.to, c.durable))
		}
	}
	return c, nil
}

// readFrame reads the frame that data begins with.
func readFrame(data []byte, seed uint32) (payload []byte, rows int, durable int64, ok bool) {
	if len(data) < frameSize || crc32.Update(seed, castagnoli, data[:20]) != le.Uint32(data[20:]) {
		return nil, 0, 0, false
	}
	length := uint64(le.Uint32(data))
	if uint64(len(data)-frameSize) < length {
		return nil, 0, 0, false
	}
	payload = data[frameSize : frameSize+length : frameSize+length]
	if crc32.Update(seed, castagnoli, payload) != le.Uint32(data[16:]) {
		return nil, 0, 0, false
	}
	return payload, int(le.Uint32(data[4:])), int64(le.Uint64(data[8:])), true
}
