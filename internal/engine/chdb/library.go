package chdb

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// calls are the functions of the library that are used here, by their C names. Pointers
// to the library's own memory are uintptr: Go's collector must not look at them.
type calls struct {
	setSignalHandlersEnabled func(on int32)
	version                  func() uintptr
	connect                  func(argc int32, argv **byte) uintptr
	closeConn                func(conn uintptr)
	shutdown                 func() int32

	query func(conn uintptr, q *byte, qn uintptr, f *byte, fn uintptr,
		names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, n uintptr) uintptr
	streamQuery func(conn uintptr, q *byte, qn uintptr, f *byte, fn uintptr,
		names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, n uintptr) uintptr
	fetch         func(conn, stream uintptr) uintptr
	cancelQuery   func(conn, stream uintptr)
	destroyResult func(result uintptr)
	classify      func(conn uintptr, q *byte, qn uintptr, db *byte, dbn uintptr, out *analysis) int32

	streamInsert func(conn uintptr, q *byte, qn uintptr, f *byte, fn uintptr,
		names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, n uintptr) uintptr
	streamAppend  func(stream uintptr, data *byte, n uintptr) int32
	streamDone    func(stream uintptr) uintptr
	cancelInsert  func(stream uintptr)
	insertError   func(stream uintptr) uintptr
	destroyInsert func(stream uintptr)

	buffer       func(result uintptr) uintptr
	length       func(result uintptr) uintptr
	rowsRead     func(result uintptr) uint64
	storageRows  func(result uintptr) uint64
	storageBytes func(result uintptr) uint64
	rowsWritten  func(result uintptr) uint64
	bytesWritten func(result uintptr) uint64
	resultError  func(result uintptr) uintptr
}

// Library is a loaded libchdb. A process has at most one.
type Library struct{ c calls }

var load struct {
	sync.Mutex
	path string
	lib  *Library
}

// Load opens the library at path and switches its signal handlers off. Loading the same
// path again gives the same library; another path is an error, for the engine inside is
// one per process.
func Load(path string) (*Library, error) {
	load.Lock()
	defer load.Unlock()
	if load.lib != nil {
		if load.path != path {
			return nil, fmt.Errorf("libchdb is already loaded from %s", load.path)
		}
		return load.lib, nil
	}
	h, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	l := &Library{}
	for _, f := range []struct {
		ptr  any
		name string
	}{
		{&l.c.setSignalHandlersEnabled, "chdb_set_signal_handlers_enabled"},
		{&l.c.version, "chdb_version"},
		{&l.c.connect, "chdb_connect"},
		{&l.c.closeConn, "chdb_close_conn"},
		{&l.c.shutdown, "chdb_shutdown"},
		{&l.c.query, "chdb_query_with_params_n"},
		{&l.c.streamQuery, "chdb_stream_query_with_params_n"},
		{&l.c.fetch, "chdb_stream_fetch_result"},
		{&l.c.cancelQuery, "chdb_stream_cancel_query"},
		{&l.c.destroyResult, "chdb_destroy_query_result"},
		{&l.c.classify, "chdb_classify_query_n"},
		{&l.c.streamInsert, "chdb_stream_insert_with_params_n"},
		{&l.c.streamAppend, "chdb_stream_append"},
		{&l.c.streamDone, "chdb_stream_done"},
		{&l.c.cancelInsert, "chdb_stream_cancel_insert"},
		{&l.c.insertError, "chdb_stream_insert_error"},
		{&l.c.destroyInsert, "chdb_destroy_insert_stream"},
		{&l.c.buffer, "chdb_result_buffer"},
		{&l.c.length, "chdb_result_length"},
		{&l.c.rowsRead, "chdb_result_rows_read"},
		{&l.c.storageRows, "chdb_result_storage_rows_read"},
		{&l.c.storageBytes, "chdb_result_storage_bytes_read"},
		{&l.c.rowsWritten, "chdb_result_rows_written"},
		{&l.c.bytesWritten, "chdb_result_bytes_written"},
		{&l.c.resultError, "chdb_result_error"},
	} {
		sym, err := purego.Dlsym(h, f.name)
		if err != nil {
			return nil, fmt.Errorf("%s is not a libchdb this version can use: %w", path, err)
		}
		purego.RegisterFunc(f.ptr, sym)
	}
	l.c.setSignalHandlersEnabled(0)
	load.lib, load.path = l, path
	return l, nil
}

// Version is the library's own version, for example 26.7.0.
func (l *Library) Version() string { return cString(l.c.version()) }

// Shutdown stops the engine's threads. Every Conn must be closed before. It is for good:
// the process cannot connect again. An error after a clean stop is known to happen and
// loses nothing.
func (l *Library) Shutdown() error {
	if st := l.c.shutdown(); st != 0 {
		return fmt.Errorf("chdb_shutdown answered %d", st)
	}
	return nil
}

// argv lays strings out as a C program's arguments.
func argv(args []string) (int32, []*byte) {
	p := make([]*byte, len(args)+1)
	for i, a := range args {
		b := append([]byte(a), 0)
		p[i] = &b[0]
	}
	return int32(len(args)), p
}

// pinned is a list of strings laid out as C wants lists: pointers and lengths.
type pinned struct {
	ptrs []*byte
	lens []uintptr
}

func pin(s []string) pinned {
	p := pinned{ptrs: make([]*byte, len(s)+1), lens: make([]uintptr, len(s)+1)}
	for i, v := range s {
		p.ptrs[i], p.lens[i] = bytesOf(v), uintptr(len(v))
	}
	return p
}

// zero is what an empty string points to: the library reads a null pointer as "no string".
var zero [1]byte

func bytesOf(s string) *byte {
	if s == "" {
		return &zero[0]
	}
	return unsafe.StringData(s)
}

// cString copies a NUL-terminated string of the library; "" for a null pointer.
func cString(p uintptr) string {
	if p == 0 {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(foreign(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(foreign(p)), n))
}

// foreign makes a pointer of an address in the library's memory. It goes through memory
// because a direct conversion looks to go vet like one of Go's own addresses.
func foreign(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

func keep(v ...any) { runtime.KeepAlive(v) }
