package chdb_test

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/yagura-sre/yagura/internal/engine/chdb"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

var dir string

func TestMain(m *testing.M) {
	d, err := os.MkdirTemp("", "yagura-chdb-")
	if err != nil {
		panic(err)
	}
	dir = d
	code := m.Run()
	_ = os.RemoveAll(d)
	os.Exit(code)
}

func connect(t testing.TB) *chdb.Conn {
	t.Helper()
	l, err := chdb.Load(enginetest.Lib(t))
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Connect("--path="+dir, "--async_insert=0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestLoadRefusesOtherFiles(t *testing.T) {
	exe, _ := os.Executable()
	connect(t)
	if _, err := chdb.Load(exe); err == nil {
		t.Error("a second library is accepted")
	}
}

func TestConn(t *testing.T) {
	c := connect(t)
	r, err := c.Query("SELECT {a:String}, {b:UInt8}", "TabSeparated", []chdb.Param{{Name: "a", Value: "x"}, {Name: "b", Value: "7"}})
	if err != nil || string(r.Bytes()) != "x\t7\n" {
		t.Fatalf("%s %v", r.Bytes(), err)
	}
	r.Close()
	r.Close() // twice does no harm

	var e *chdb.Error
	if _, err := c.Query("SELECT * FROM nosuch", "Null", nil); !errors.As(err, &e) || e.Code != 60 {
		t.Errorf("%v", err)
	}
	rows, err := c.Stream("SELECT number FROM numbers(200000)", "RowBinary", nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for {
		b, err := rows.Next()
		if err != nil {
			t.Fatal(err)
		}
		if b == nil {
			break
		}
		n += len(b)
	}
	if b, err := rows.Next(); b != nil || err != nil {
		t.Errorf("after the end: %v %v", b, err)
	}
	rows.Close()
	rows.Close()
	if n != 200000*8 {
		t.Errorf("%d bytes", n)
	}
	// A stream left in the middle leaves the session usable.
	rows, err = c.Stream("SELECT number FROM numbers(100000000000)", "RowBinary", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(); err != nil {
		t.Fatal(err)
	}
	rows.Close()
	if err := c.Exec("SELECT 1"); err != nil {
		t.Error(err)
	}
	for q, want := range map[string]struct {
		n  int
		cl chdb.Class
	}{
		"SELECT 1": {1, chdb.ReadOnly}, "SELECT 1; SELECT 2": {2, chdb.ReadOnly}, "SELECT FROM WHERE": {0, chdb.Unknown},
		"CREATE TABLE x (a Int8) ENGINE = Memory": {1, chdb.Mutating}, "SELECT 1 INTO OUTFILE 'x'": {1, chdb.Control}, "": {0, chdb.Unknown},
	} {
		if n, cl, err := c.Classify(q); n != want.n || cl != want.cl || err != nil {
			t.Errorf("%s: %d %d %v", q, n, cl, err)
		}
	}
}

func TestInsert(t *testing.T) {
	c := connect(t)
	if err := c.Exec("CREATE TABLE ins (a UInt64) ENGINE = MergeTree ORDER BY a"); err != nil {
		t.Fatal(err)
	}
	put := func(data string, finish bool) error {
		ins, err := c.Insert("INSERT INTO ins", "TabSeparated", nil)
		if err != nil {
			return err
		}
		defer ins.Close()
		if err := ins.Append([]byte(data)); err != nil {
			return err
		}
		if !finish {
			return nil
		}
		_, err = ins.Done()
		return err
	}
	if err := put("1\n2\n", true); err != nil {
		t.Error(err)
	}
	if err := put("3\n", false); err != nil { // closed without Done
		t.Error(err)
	}
	var e *chdb.Error
	if err := put("4\nx\n", true); !errors.As(err, &e) || e.Code != 27 {
		t.Errorf("%v", err)
	}
	if _, err := c.Insert("INSERT INTO nosuch", "Native", nil); !errors.As(err, &e) || e.Code != 60 {
		t.Errorf("%v", err)
	}
	r, err := c.Query("SELECT groupArray(a) FROM ins", "TabSeparated", nil)
	if err != nil || string(r.Bytes()) != "[1,2]\n" {
		t.Errorf("%s %v", r.Bytes(), err)
	}
	r.Close()
}

func TestParseError(t *testing.T) {
	for text, want := range map[string]int{
		"Code: 60. DB::Exception: Unknown table (UNKNOWN_TABLE)\n": 60,
		"Code: 0. x": chdb.StdException, "Code: x": chdb.StdException, "Code: 60": chdb.StdException, "boom": chdb.StdException, "": chdb.StdException,
	} {
		if e := chdb.ParseError(text); e.Code != want {
			t.Errorf("%q: %+v", text, e)
		}
	}
}

// BenchmarkInsert is engine's BenchmarkInsert without the HTTP face: the difference of
// the two in cpu-s/Mrow is what the face costs.
func BenchmarkInsert(b *testing.B) {
	c := connect(b)
	if err := c.Exec(`CREATE OR REPLACE TABLE rows (id UInt64, body String, svc LowCardinality(String)) ENGINE = MergeTree ORDER BY id
		SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1`); err != nil {
		b.Fatal(err)
	}
	const size = 20000
	var id proto.ColUInt64
	var body proto.ColStr
	svc := new(proto.ColStr).LowCardinality()
	for i := range size {
		id.Append(uint64(i))
		body.Append(fmt.Sprintf("the body of row %d, 接続エラー", i))
		svc.Append(fmt.Sprintf("svc-%d", i%5))
	}
	if err := svc.Prepare(); err != nil {
		b.Fatal(err)
	}
	in := proto.Input{{Name: "id", Data: &id}, {Name: "body", Data: &body}, {Name: "svc", Data: svc}}
	var buf proto.Buffer
	if err := (proto.Block{Columns: len(in), Rows: size}).EncodeBlock(&buf, 0, in); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(buf.Buf)))
	before, rows := used(b), 0
	for b.Loop() {
		if err := c.Exec(fmt.Sprintf("SET insert_deduplication_token = 't-%d'", rows)); err != nil {
			b.Fatal(err)
		}
		ins, err := c.Insert("INSERT INTO rows", "Native", nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := ins.Append(buf.Buf); err != nil {
			b.Fatal(err)
		}
		if _, err := ins.Done(); err != nil {
			b.Fatal(err)
		}
		ins.Close()
		rows += size
	}
	b.ReportMetric((used(b)-before)/float64(rows)*1e6, "cpu-s/Mrow")
}

func used(t testing.TB) float64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
