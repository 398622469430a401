package mcp

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// TestToolsAreDescribed lists the tools as an agent does and holds them to the promises
// of doc.go.
func TestToolsAreDescribed(t *testing.T) {
	ctx := t.Context()
	there, here := sdk.NewInMemoryTransports()
	if _, err := NewServer(Options{}).Connect(ctx, there, nil); err != nil {
		t.Fatal(err)
	}
	agent, err := sdk.NewClient(&sdk.Implementation{Name: "test"}, nil).Connect(ctx, here, nil)
	if err != nil {
		t.Fatal(err)
	}
	list, err := agent.ListTools(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Tools) != len(tools) {
		t.Errorf("%d tools, want %d: two have one name", len(list.Tools), len(tools))
	}
	for _, tool := range list.Tools {
		if tool.Annotations == nil || !tool.Annotations.ReadOnlyHint {
			t.Errorf("%s does not say that it only reads", tool.Name)
		}
		if len(tool.Description) < 30 || tool.InputSchema == nil || tool.OutputSchema == nil {
			t.Errorf("%s: %q, schemas %v %v", tool.Name, tool.Description, tool.InputSchema, tool.OutputSchema)
		}
	}
}

func TestSmall(t *testing.T) {
	for in, want := range map[float64]float64{0: 0, 1234567: 1234567, 123.456: 123, 12.3456: 12.3, 0.00123456: 0.00123, -98.765: -98.8, math.Inf(1): math.Inf(1)} {
		if got := round(in); got != want {
			t.Errorf("round(%v) = %v, want %v", in, got, want)
		}
	}
	long := strings.Repeat("櫓", 500)
	if got := i18n.Short(long, 100); utf8.RuneCountInString(got) != 100 || !utf8.ValidString(got) {
		t.Errorf("short gives %d characters", utf8.RuneCountInString(got))
	}
	var points [][]*float64
	for i := range 1000 {
		x, y := float64(i*1000), float64(i%10)
		points = append(points, []*float64{&x, &y})
		if i == 500 {
			points = append(points, []*float64{&x, nil})
		}
	}
	s := series(&client.MetricSeriesRecord{Points: points})
	if len(s.Points) != queryPoints || *s.Min != 0 || *s.Max != 9 || *s.Mean != 4.5 || *s.Last != 9 {
		t.Errorf("series: %d points, %v %v %v %v", len(s.Points), *s.Min, *s.Max, *s.Mean, *s.Last)
	}
	many := map[string]string{"z": strings.Repeat("x", 81), "empty": ""}
	for i := range 20 {
		many[fmt.Sprint("k", i)] = "v"
	}
	if got := few(many); len(got) != 8 || got["z"] != "" {
		t.Errorf("few: %v", got)
	}
}

func TestLinks(t *testing.T) {
	a := &asker{ui: "https://y.example.com"}
	got := a.link([]string{"services", "a/b", "endpoint"}, period{Since: "6h"}.page("endpoint", "GET /x+y", "q", "")...)
	if want := "https://y.example.com/services/a%2Fb/endpoint?endpoint=GET%20%2Fx%2By&from=-6h&to=now"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
