package detect_test

import (
	"os"
	"sync"
	"testing"
	"text/tabwriter"

	"fmt"

	"context"

	"github.com/yagura-sre/yagura/demo"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/insight/detect/detecttest"
)

var afternoon = sync.OnceValues(func() ([]detect.Input, error) {
	flaws, err := demo.ParseFlaws("")
	if err != nil {
		return nil, err
	}
	return detecttest.Shop(context.Background(), flaws)
})

func TestX(t *testing.T) {
	ins, err := afternoon()
	if err != nil {
		t.Fatal(err)
	}
	a := detect.NewAcross(nil, detect.Options{})
	type k struct {
		det, svc, ep string
		also         string
	}
	n := map[k]int{}
	req := map[[2]string]int{}
	ex := map[k]string{}
	spans := 0
	for _, in := range ins {
		spans += len(in.Tree.Nodes)
		for i := range in.Tree.Nodes {
			if s := in.Tree.Nodes[i].Span; s.Endpoint != "" {
				req[[2]string{s.Service, s.Endpoint}]++
			}
		}
		r := a.Add(in)
		for _, f := range r.Findings {
			kk := k{f.Detector, f.Service, f.Endpoint, f.Also}
			n[kk]++
			ex[kk] = f.Why.En
		}
	}
	for _, f := range a.Report().Findings {
		kk := k{f.Detector + "*", f.Service, f.Endpoint, f.Also}
		n[kk] += f.Requests
		ex[kk] = f.Why.En
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Println(len(ins), "traces", spans, "spans")
	for kk, c := range n {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d/%d\t%s\t%.150s\n", kk.det, kk.svc, kk.ep, c, req[[2]string{kk.svc, kk.ep}], kk.also, ex[kk])
	}
	w.Flush()
}
