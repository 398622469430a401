package rss

import (
	"errors"
	"os"
	"runtime"
	"testing"
)

func TestParse(t *testing.T) {
	m, err := parse([]byte("903773 54964 44375 1345 0 80346 0\n"), 4096)
	if err != nil || m.Resident != 54964*4096 || m.Private != (54964-44375)*4096 {
		t.Errorf("%+v %v", m, err)
	}
	for _, bad := range []string{"", "1 2", "a b c", "1 2 c"} {
		if _, err := parse([]byte(bad), 4096); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// What a process allocates and touches shows as private.
func TestSelfGrows(t *testing.T) {
	before, err := Self()
	if errors.Is(err, ErrUnknown) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	b := make([]byte, size)
	for i := 0; i < size; i += os.Getpagesize() {
		b[i] = 1
	}
	after, err := Self()
	if err != nil || after.Private-before.Private < size*9/10 || after.Resident < after.Private {
		t.Errorf("%+v, then %+v, %v", before, after, err)
	}
	runtime.KeepAlive(b)
	if m, err := Of(os.Getpid()); err != nil || m.Resident < size {
		t.Errorf("%+v %v", m, err)
	}
	if _, err := Of(1 << 30); err == nil || errors.Is(err, ErrUnknown) {
		t.Errorf("a process that is not: %v", err)
	}
}
