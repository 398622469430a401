//go:build crashtest

package face

import (
	"bytes"

	"github.com/ebitengine/purego"
)

// The texts on which an engine built for the tests of crashes dies: when it reads them,
// and when it has stored them.
var (
	fatal     = []byte("kill-the-engine-now")
	fatalLate = []byte("kill-the-engine-after-storing")
)

// fuse watches the rows of an insert.
type fuse struct {
	tail []byte
	late bool
}

func (f *fuse) pass(piece []byte) {
	f.tail = append(f.tail, piece...)
	if bytes.Contains(f.tail, fatal) {
		crash()
	}
	f.late = f.late || bytes.Contains(f.tail, fatalLate)
	f.tail = bytes.Clone(f.tail[max(0, len(f.tail)-64):])
}

func (f *fuse) done() {
	if f.late {
		crash()
	}
}

// crash runs foreign code at an address where there is none, as an engine with an error
// in it would.
func crash() { purego.SyscallN(1) }
