package clickhouse

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

func TestStore(t *testing.T) {
	telemetrytest.Run(t, func(t *testing.T) telemetrytest.Store { return settling{newStore(t)} })
}

// settling is a store that lays its rows out anew: in granules of a few rows, with every
// index, so that an index that leaves out too much is found out.
type settling struct{ *Store }

func (s settling) Settle(ctx context.Context) error {
	ctx = ch.Context(ctx, ch.WithSettings(ch.Settings{"enable_full_text_index": 1}))
	d := ddl{Database: s.opt.Database}
	for _, table := range []string{"logs", "spans"} {
		var create string
		if err := s.admin.QueryRow(ctx, "SHOW CREATE TABLE "+d.Table(table)).Scan(&create); err != nil {
			return err
		}
		fine := d.Table(table + "_fine")
		create = strings.Replace(create, d.Table(table), fine, 1)
		create = strings.Replace(create, "index_granularity = 8192", "index_granularity = 4", 1)
		if !strings.Contains(create, fine) || !strings.Contains(create, "index_granularity = 4") {
			return fmt.Errorf("not as it is thought to be: %s", create)
		}
		for _, q := range []string{
			create,
			"INSERT INTO " + fine + " SELECT * FROM " + d.Table(table),
			"OPTIMIZE TABLE " + fine + " FINAL",
			"EXCHANGE TABLES " + d.Table(table) + " AND " + fine,
		} {
			if err := s.admin.Exec(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
	}
	return nil
}

// TestIndexed: what is asked for most is answered by the indexes.
func TestIndexed(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	odd := telemetrytest.NewOdd(3, start)
	frame, err := s.EncodeLogs(nil, odd.Logs(400))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(ctx, telemetry.Logs, "a", [][]byte{frame}); err != nil {
		t.Fatal(err)
	}
	if frame, err = s.EncodeSpans(nil, odd.Spans(400)); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(ctx, telemetry.Spans, "b", [][]byte{frame}); err != nil {
		t.Fatal(err)
	}
	if err := (settling{s}).Settle(ctx); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
		for text, index := range map[string]string{
			"unobtainium": "text_index", `"日付変更線"`: "text_index", "ticket.id:u77": "attribute_index", "attributes.ticket.id:u77": "attribute_index",
		} {
			node, err := telemetry.ParseFilter(signal, text)
			if err != nil {
				t.Fatal(err)
			}
			q := &statement{}
			q.text("EXPLAIN indexes = 1 SELECT count()")
			if err := newSelection(signal, telemetry.Query{Filter: node}).condition(q, minTime, maxTime); err != nil {
				t.Fatal(err)
			}
			var plan strings.Builder
			if err := s.answer(ctx, q, func(r driver.Rows) error {
				var line string
				err := r.Scan(&line)
				plan.WriteString(line + "\n")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(plan.String(), index) {
				t.Errorf("%s of %s: %s is not used:\n%s", text, signal, index, plan.String())
			}
			// A granule in a hundred is looked at in vain.
			all := regexp.MustCompile(`Granules: (\d+)/(\d+)`).FindAllStringSubmatch(plan.String(), -1)
			if len(all) == 0 {
				t.Fatalf("%s of %s: no granules in\n%s", text, signal, plan.String())
			}
			left, _ := strconv.Atoi(all[len(all)-1][1])
			of, _ := strconv.Atoi(all[0][2])
			if of < 50 || left > of/10 {
				t.Errorf("%s of %s looks at %d of %d granules:\n%s", text, signal, left, of, plan.String())
			}
		}
	}
}
