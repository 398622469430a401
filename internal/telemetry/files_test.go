package telemetry

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// file asks for a download.
func (h *house) file(t *testing.T, path string, params ...string) *httptest.ResponseRecorder {
	t.Helper()
	v := url.Values{}
	for _, p := range params {
		key, value, _ := strings.Cut(p, "=")
		v.Set(key, value) // the last one counts
	}
	r := httptest.NewRequest("GET", api.Base+path+"?"+v.Encode(), nil)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

func manyLogs(n int) (logs []Log) {
	for i := range n {
		l := someLog
		l.ID, l.Time, l.Body = uint64(i+1), now.Add(-time.Minute).UnixNano()+int64(i/3), "line "+strconv.Itoa(i)
		logs = append(logs, l)
	}
	return logs
}

func TestExportHoldsEveryRowOnceInOrder(t *testing.T) {
	h := newHouse(t)
	h.logs = manyLogs(exportPage + 77)
	w := h.file(t, "/logs/export", "order=oldest")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/x-ndjson" || !strings.Contains(w.Header().Get("Content-Disposition"), `filename=logs-20261122-090000.ndjson`) {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	n := 0
	for lines := bufio.NewScanner(w.Body); lines.Scan(); n++ {
		var r LogRecord
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil || r.Body != "line "+strconv.Itoa(n) {
			t.Fatalf("line %d: %v %+v", n, err, r)
		}
	}
	if n != len(h.logs) {
		t.Errorf("%d rows of %d", n, len(h.logs))
	}
	if few := h.file(t, "/logs/export", "limit=5"); strings.Count(few.Body.String(), "\n") != 5 {
		t.Errorf("%s", few.Body)
	}
}

func TestExportAsCSV(t *testing.T) {
	h := newHouse(t)
	h.logs = manyLogs(1)
	h.logs[0].Body = "=cmd|' /C calc'!A0 \"引用\",\nnext"
	h.logs[0].Attrs = []Attr{{"amount", "-5"}, {"note", "-x"}}
	w := h.file(t, "/logs/export", "format=csv", "columns=time,body,amount,note,nobody")
	body := w.Body.String()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || !strings.HasPrefix(body, "\ufeff") {
		t.Fatalf("%v: %q", err, body)
	}
	want := [][]string{{"time", "body", "amount", "note", "nobody"}, {"2026-11-22T08:59:00Z", "'=cmd|' /C calc'!A0 \"引用\",\nnext", "-5", "'-x", ""}}
	if len(rows) != 2 || !slices.Equal(rows[0], want[0]) || !slices.Equal(rows[1], want[1]) {
		t.Errorf("%q", rows)
	}
	if w := h.file(t, "/spans/export", "format=csv"); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "\ufefftime,duration,service") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if w := h.file(t, "/logs/export", "filter=level>"); w.Code != 422 {
		t.Errorf("a filter that cannot be read: %d", w.Code)
	}
}

// A file that cannot be finished must not look finished.
func TestAnExportThatFailsIsCutOff(t *testing.T) {
	h := newHouse(t)
	h.logs = manyLogs(3)
	h.err = fault.New(fault.Unavailable, i18n.T("gone", "停止"))
	defer func() {
		if recover() == nil {
			t.Error("the answer was ended as if it were whole")
		}
	}()
	h.file(t, "/logs/export")
}

func TestAroundALog(t *testing.T) {
	h := newHouse(t)
	h.logs = manyLogs(50)
	for i := range h.logs {
		h.logs[i].Instance = "i" + strconv.Itoa(i%2)
	}
	at := h.logs[20]
	around := func(params ...string) (out []string) {
		t.Helper()
		var body api.List[LogRecord]
		h.get(t, 200, "/logs/around", &body, append([]string{
			"time=" + UTC(at.Time).Format(time.RFC3339Nano), "id=" + strconv.FormatUint(at.ID, 10), "service=" + at.Service, "env=" + at.Env,
		}, params...)...)
		for _, r := range body.Items {
			out = append(out, strings.TrimPrefix(r.Body, "line "))
		}
		return out
	}
	if got := around("before=2", "after=3"); !slices.Equal(got, []string{"18", "19", "20", "21", "22", "23"}) {
		t.Error(got)
	}
	if got := around("before=1", "after=1", "instance=i0"); !slices.Equal(got, []string{"18", "20", "22"}) {
		t.Error(got)
	}
	if got := around("before=0", "after=0"); !slices.Equal(got, []string{"20"}) {
		t.Error(got)
	}
	if got := around("before=100", "after=100"); len(got) != 50 {
		t.Error(len(got))
	}
	for _, bad := range []string{"id=x", "time=yesterday"} {
		if w := h.file(t, "/logs/around", "service=a", "time=now", "id=1", bad); w.Code != 422 {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}
