package api

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/yagura-sre/yagura/internal/clock"
)

// File is what a download answers with.
type File struct {
	Name string // offered to the reader to keep it under
	Type string // its media type
	// Write makes it, piece by piece. An error cuts the answer off, so that nobody takes
	// the part for the whole.
	Write func(ctx context.Context, w io.Writer) error
}

// Download adds an operation that answers with a file, which is sent as it is made and may
// be of any size. Open checks the input and may still refuse it as any operation may.
func Download[I any](a *API, op Op, types []string, open func(ctx context.Context, in *I) (File, error)) {
	h := a.declare(op)
	content := map[string]*huma.MediaType{}
	for _, t := range types {
		content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	h.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: content}}
	huma.Register(a.huma, h, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		f, err := open(ctx, in)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			_, w := humago.Unwrap(hc)
			w.Header().Set("Content-Type", f.Type)
			w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
			w.Header().Set("Cache-Control", "no-store")
			if err := f.Write(ctx, &patientWriter{w: w, control: http.NewResponseController(w)}); err != nil {
				a.opt.Log.WarnContext(ctx, "a download was cut off", "file", f.Name, "error", err)
				panic(http.ErrAbortHandler)
			}
		}}, nil
	})
}

// patientWriter gives the reader time for every piece, however long the whole takes.
type patientWriter struct {
	w       io.Writer
	control *http.ResponseController
}

func (p *patientWriter) Write(b []byte) (int, error) {
	// The network keeps the machine's time, whatever clock the API has.
	now := clock.Real{}.Now()
	_ = p.control.SetReadDeadline(time.Time{})
	_ = p.control.SetWriteDeadline(now.Add(time.Minute))
	n, err := p.w.Write(b)
	if err != nil {
		err = fmt.Errorf("the reader is gone: %w", err)
	}
	return n, err
}
