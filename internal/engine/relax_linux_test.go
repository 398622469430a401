package engine

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What is mapped and unchanged is given up and comes back as it is in the file; what was
// changed stays.
func TestGiveUp(t *testing.T) {
	const size = 4 << 20
	file := filepath.Join(t.TempDir(), "program")
	content := bytes.Repeat([]byte("program "), size/8)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	read, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	// As the loader does with relocations: changed, and then closed to writing.
	changed, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	copy(changed[size/2:], "relocated")
	if err := syscall.Mprotect(changed, syscall.PROT_READ); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read, content) { // touches every page
		t.Fatal("not what was written")
	}
	given, err := giveUp(file)
	if err != nil || given < size {
		t.Errorf("%d bytes were given up, %v", given, err)
	}
	if again, err := giveUp(file); err != nil || again != 0 {
		t.Errorf("%d bytes were given up again, %v", again, err)
	}
	if !bytes.Equal(read, content) {
		t.Error("what came back is not what is in the file")
	}
	if string(changed[size/2:size/2+9]) != "relocated" {
		t.Error("what was changed is lost")
	}
}
