// Package web serves the browser interface that is built into the binary.
//
// The interface is built by npm into dist, which is not in version control. Where it has
// not been built, a placeholder page that says so is embedded alone, so that go build
// works on a fresh clone without Node.js.
//
// Invariants: a file under assets/ has a hash in its name and never changes, so browsers
// may keep it for good; everything else is revalidated by ETag on each load. A path that
// is no file and looks like a page gets index.html, because the browser routes it.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// The glob matches dist.placeholder always and dist when it has been built.
//
//go:embed all:dist*
var embedded embed.FS

// Built says whether the interface itself is in the binary, not only the placeholder.
func Built() bool {
	_, err := fs.Stat(embedded, "dist/index.html")
	return err == nil
}

// Handler serves the interface at /. It answers GET and HEAD alone.
func Handler() http.Handler {
	dir := "dist.placeholder"
	if Built() {
		dir = "dist"
	}
	sub, err := fs.Sub(embedded, dir)
	if err != nil {
		panic(err) // a constant path: cannot happen
	}
	return New(sub)
}

// file is one file as it is sent, with its encodings.
type file struct {
	mime     string
	etag     string
	raw      []byte
	br, gzip []byte // nil where there is none
}

type handler struct{ files map[string]*file }

// New serves the files of a built interface. It reads all of them at once; fsys must
// hold an index.html.
func New(fsys fs.FS) http.Handler {
	h := &handler{files: map[string]*file{}}
	read := func(name string) []byte {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil
		}
		return b
	}
	// The file system is embedded: walking it cannot fail.
	_ = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".br") {
			return nil
		}
		raw := read(name)
		sum := sha256.Sum256(raw)
		h.files[name] = &file{
			mime: mimeOf(name),
			etag: hex.EncodeToString(sum[:8]),
			raw:  raw,
			br:   read(name + ".br"),
			gzip: read(name + ".gz"),
		}
		return nil
	})
	return h
}

// mimeOf knows our own types, because the system's table may be missing or wrong.
func mimeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	f := h.files[name]
	if f == nil {
		// A missing asset is an error; a page of the application is index.html.
		if strings.HasPrefix(name, "assets/") || h.files["index.html"] == nil {
			http.NotFound(w, r)
			return
		}
		name, f = "index.html", h.files["index.html"]
	}
	f.send(w, r, strings.HasPrefix(name, "assets/"))
}

func (f *file) send(w http.ResponseWriter, r *http.Request, immutable bool) {
	head := w.Header()
	head.Set("Content-Type", f.mime)
	head.Set("X-Content-Type-Options", "nosniff")
	if immutable {
		head.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		head.Set("Cache-Control", "no-cache")
	}
	body, tag := f.raw, f.etag
	if f.br != nil || f.gzip != nil {
		head.Set("Vary", "Accept-Encoding")
	}
	switch accepts := r.Header.Get("Accept-Encoding"); {
	case f.br != nil && takes(accepts, "br"):
		head.Set("Content-Encoding", "br")
		body, tag = f.br, tag+"-br"
	case f.gzip != nil && takes(accepts, "gzip"):
		head.Set("Content-Encoding", "gzip")
		body, tag = f.gzip, tag+"-gz"
	}
	head.Set("ETag", `"`+tag+`"`)
	// The zero time keeps Last-Modified out: embedded files have none.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// takes says whether an Accept-Encoding header names the encoding without refusing it.
func takes(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			q := strings.ReplaceAll(params, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
