package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func site() http.Handler {
	return New(fstest.MapFS{
		"index.html":             {Data: []byte("<html>app</html>")},
		"color-scheme.js":        {Data: []byte("scheme")},
		"assets/main-abc.js":     {Data: []byte("plain")},
		"assets/main-abc.js.gz":  {Data: []byte("gzipped")},
		"assets/main-abc.js.br":  {Data: []byte("brotli")},
		"assets/style-def.css":   {Data: []byte("css")},
		"assets/style-def.css.x": {Data: []byte("?")},
	})
}

func get(t *testing.T, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	site().ServeHTTP(w, r)
	return w
}

func TestPagesGetTheIndex(t *testing.T) {
	for _, p := range []string{"/", "/logs", "/traces/0af7651916cd43dd8448eb211c80319c", "/../../etc/passwd"} {
		w := get(t, "GET", p)
		if w.Code != 200 || w.Body.String() != "<html>app</html>" {
			t.Errorf("%s: %d %q", p, w.Code, w.Body)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-cache" {
			t.Errorf("%s: Cache-Control %q", p, got)
		}
	}
}

func TestMissingAssetIsNotThePage(t *testing.T) {
	if w := get(t, "GET", "/assets/old-123.js"); w.Code != 404 {
		t.Errorf("got %d, want 404", w.Code)
	}
}

func TestEncodings(t *testing.T) {
	for accept, want := range map[string][2]string{
		"":                    {"", "plain"},
		"gzip":                {"gzip", "gzipped"},
		"gzip, deflate, br":   {"br", "brotli"},
		"br;q=0, gzip":        {"gzip", "gzipped"},
		"br; q=0, gzip;q=0.0": {"", "plain"},
	} {
		w := get(t, "GET", "/assets/main-abc.js", "Accept-Encoding", accept)
		if w.Header().Get("Content-Encoding") != want[0] || w.Body.String() != want[1] {
			t.Errorf("%q: got %q %q, want %q", accept, w.Header().Get("Content-Encoding"), w.Body, want)
		}
		if ct := w.Header().Get("Content-Type"); !strings.HasPrefix(ct, "text/javascript") {
			t.Errorf("%q: Content-Type %q", accept, ct)
		}
		if cc := w.Header().Get("Cache-Control"); !strings.Contains(cc, "immutable") {
			t.Errorf("%q: Cache-Control %q", accept, cc)
		}
	}
}

func TestETagRevalidates(t *testing.T) {
	tag := get(t, "GET", "/color-scheme.js").Header().Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	if w := get(t, "GET", "/color-scheme.js", "If-None-Match", tag); w.Code != 304 {
		t.Errorf("got %d, want 304", w.Code)
	}
	gz := get(t, "GET", "/assets/main-abc.js", "Accept-Encoding", "gzip").Header().Get("ETag")
	plain := get(t, "GET", "/assets/main-abc.js").Header().Get("ETag")
	if gz == plain {
		t.Errorf("the encodings share the ETag %s", gz)
	}
}

func TestOnlyReads(t *testing.T) {
	if w := get(t, "POST", "/"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w := get(t, "HEAD", "/"); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d, %d bytes", w.Code, w.Body.Len())
	}
}

// What is embedded always has a page, built or not.
func TestEmbeddedHasAPage(t *testing.T) {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), "Yagura") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}
