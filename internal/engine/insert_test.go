package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

// block is a plain Native block of n rows (id, body) with ids from first on.
func block(t testing.TB, first, n int) []byte {
	t.Helper()
	var id proto.ColUInt64
	var body proto.ColStr
	svc := new(proto.ColStr).LowCardinality()
	for i := range n {
		id.Append(uint64(first + i))
		body.Append("the body of row " + strconv.Itoa(first+i) + ", 接続エラー")
		svc.Append("svc-" + strconv.Itoa(i%5))
	}
	in := proto.Input{{Name: "id", Data: &id}, {Name: "body", Data: &body}, {Name: "svc", Data: svc}}
	for _, c := range in {
		if p, ok := c.Data.(proto.Preparable); ok {
			if err := p.Prepare(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var buf proto.Buffer
	if err := (proto.Block{Columns: len(in), Rows: n}).EncodeBlock(&buf, 0, in); err != nil {
		t.Fatal(err)
	}
	return buf.Buf
}

const rowsTable = `CREATE TABLE rows (id UInt64, body String, svc LowCardinality(String)) ENGINE = MergeTree ORDER BY id
	SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1`

// post sends rows as the body of an INSERT.
func post(ctx context.Context, cl *http.Client, db, token string, body io.Reader) (status int, text string, err error) {
	args := url.Values{"query": {"INSERT INTO rows (id, body, svc) FORMAT Native"}, "database": {db}}
	if token != "" {
		args.Set("insert_deduplication_token", token)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://engine/?"+args.Encode(), body)
	if err != nil {
		return 0, "", err
	}
	res, err := cl.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header.Get("X-ClickHouse-Summary") + string(b), err
}

func count(t testing.TB, sup *engine.Supervisor, db string) string {
	t.Helper()
	return strings.TrimSpace(enginetest.Exec(t, sup, "SELECT count(), uniqExact(id) FROM "+db+".rows", nil))
}

func TestInsertIsStoredOnce(t *testing.T) {
	sup := enginetest.Start(t)
	cl := enginetest.Client(sup)
	for name, parts := range map[string][][]byte{
		"one block":    {block(t, 0, 1000)},
		"three blocks": {block(t, 0, 500), block(t, 500, 300), block(t, 800, 200)},
	} {
		t.Run(name, func(t *testing.T) {
			db := enginetest.Database(t, sup)
			enginetest.Exec(t, sup, rowsTable, url.Values{"database": {db}})
			// A view in the same insert must be as exact as the table.
			enginetest.Exec(t, sup, "CREATE TABLE per_svc (svc String, n AggregateFunction(count)) ENGINE = AggregatingMergeTree ORDER BY svc SETTINGS non_replicated_deduplication_window = 10000", url.Values{"database": {db}})
			enginetest.Exec(t, sup, "CREATE MATERIALIZED VIEW v TO per_svc AS SELECT svc, countState() AS n FROM rows GROUP BY svc", url.Values{"database": {db}})
			body := bytes.Join(parts, nil)
			for range 3 {
				if st, text, err := post(t.Context(), cl, db, "log-1-rows", bytes.NewReader(body)); st != 200 || err != nil {
					t.Fatal(st, text, err)
				}
			}
			if got := count(t, sup, db); got != "1000\t1000" {
				t.Errorf("after three sends of one token: %s", got)
			}
			if got := enginetest.Exec(t, sup, "SELECT sum(n) FROM (SELECT countMerge(n) AS n FROM per_svc GROUP BY svc)", url.Values{"database": {db}}); got != "1000\n" {
				t.Errorf("the view counts %s", got)
			}
			if st, text, err := post(t.Context(), cl, db, "log-2-rows", bytes.NewReader(body)); st != 200 || err != nil {
				t.Fatal(st, text, err)
			}
			if got := count(t, sup, db); got != "2000\t1000" {
				t.Errorf("another token is another insert: %s", got)
			}
		})
	}
}

// What did not come whole is not inserted, and the client learns it.
func TestInsertRefusals(t *testing.T) {
	sup := enginetest.Start(t)
	cl := enginetest.Client(sup)
	db := enginetest.Database(t, sup)
	enginetest.Exec(t, sup, rowsTable, url.Values{"database": {db}})
	good := block(t, 0, 5000)

	st, text, err := post(t.Context(), cl, db, "cut", bytes.NewReader(good[:len(good)/2]))
	if err != nil || st == 200 || !strings.HasPrefix(text, "Code: ") {
		t.Errorf("half a block: %d %s %v", st, text, err)
	}
	st, text, err = post(t.Context(), cl, db, "junk", io.MultiReader(bytes.NewReader(good), strings.NewReader("junk that is no block")))
	if err != nil || st == 200 {
		t.Errorf("junk after a block: %d %s %v", st, text, err)
	}
	broken := io.MultiReader(bytes.NewReader(good), failingReader{})
	if st, text, err = post(t.Context(), cl, db, "broken", broken); err == nil {
		t.Errorf("a body that breaks off: %d %s", st, text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	go func() {
		_, _ = pw.Write(good)
		cancel()
		_ = pw.CloseWithError(context.Canceled) // the client's transport waits for its body
	}()
	if st, text, err = post(ctx, cl, db, "cancelled", pr); err == nil {
		t.Errorf("a client that leaves: %d %s", st, text)
	}
	eventually(t, "no insert is left", func() bool {
		return enginetest.Exec(t, sup, "SELECT count() FROM system.processes WHERE query_kind = 'Insert'", nil) == "0\n"
	})
	if got := count(t, sup, db); got != "0\t0" {
		t.Errorf("rows of refused inserts are there: %s", got)
	}
	// A large body to a table that does not exist: the client reads the error, not a broken pipe.
	big := make([]byte, 20<<20)
	if st, text, err = post(t.Context(), cl, "default", "", bytes.NewReader(big)); err != nil || st != 404 || !strings.Contains(text, "Code: 60.") {
		t.Errorf("unknown table: %d %.200s %v", st, text, err)
	}
	for _, none := range []io.Reader{http.NoBody, io.MultiReader()} {
		if st, text, err = post(t.Context(), cl, db, "", none); err != nil || st != 200 {
			t.Errorf("no rows: %d %s %v", st, text, err)
		}
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// kill -9 in the middle of inserts: what was acknowledged is there, and sending
// everything again stores every row once.
func TestKillWhileInserting(t *testing.T) {
	sup := enginetest.Own(t, nil)
	cl := enginetest.Client(sup)
	enginetest.Exec(t, sup, rowsTable, nil)
	const size = 2000
	var acked []int
	send := func(seq int) bool {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		st, _, err := post(ctx, cl, "default", fmt.Sprintf("log-%d-rows", seq), bytes.NewReader(block(t, seq*size, size)))
		return err == nil && st == 200
	}
	seq := 0
	for round := range 3 {
		pid := sup.State().PID
		restarts := sup.State().Restarts
		// On a loaded machine nothing may be acknowledged for a while: the kill waits for some.
		var timer *time.Timer
		for first := seq; ; seq++ {
			if timer == nil && seq-first == 4 {
				timer = time.AfterFunc(time.Duration(50+100*round)*time.Millisecond, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
			}
			if !send(seq) {
				break
			}
			acked = append(acked, seq)
		}
		if timer == nil {
			t.Fatalf("round %d: block %d was refused before the kill", round, seq)
		}
		timer.Stop()
		if sup.State().Phase == engine.Ready && sup.State().PID == pid && sup.State().Restarts == restarts {
			eventually(t, "the death is noticed", func() bool { return sup.State().PID != pid })
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if err := sup.WaitReady(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		if st := sup.State(); st.Restarts <= restarts || st.PID == pid || !strings.Contains(st.LastError, "killed") || st.LastEnd.IsZero() {
			t.Errorf("state after the kill: %+v", st)
		}
		got := enginetest.Exec(t, sup, fmt.Sprintf("SELECT countIf(n != %d), count() FROM (SELECT intDiv(id, %d) AS b, count() AS n FROM rows GROUP BY b)", size, size), nil)
		var partial, blocks int
		if _, err := fmt.Sscan(got, &partial, &blocks); err != nil {
			t.Fatal(err)
		}
		if partial != 0 || blocks < len(acked) {
			t.Fatalf("round %d: %d acknowledged blocks, %d stored, %d of them in part", round, len(acked), blocks, partial)
		}
	}
	if len(acked) < 10 {
		t.Fatalf("only %d blocks were acknowledged, the test shows nothing", len(acked))
	}
	for i := 0; i <= seq; i++ { // the replay
		if !send(i) {
			t.Fatalf("replay of %d failed", i)
		}
	}
	want := (seq + 1) * size
	if got := count(t, sup, "default"); got != fmt.Sprintf("%d\t%d", want, want) {
		t.Errorf("after the replay: %s, want %d", got, want)
	}
	t.Logf("%d blocks acknowledged over %d restarts", len(acked), sup.State().Restarts)
}
