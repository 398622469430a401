package clickhouse

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	ch "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// writeTimeout is how long an insert may take before it counts as lost, and is repeated.
const writeTimeout = 2 * time.Minute

// writeSettings make one part of one block: what would cut it into several is off, and so
// is what would answer before the rows are on disk.
var writeSettings = ch.Settings{
	"async_insert":                                       0,
	"wait_for_async_insert":                              1,
	"insert_deduplicate":                                 1,
	"max_insert_block_size":                              1 << 30,
	"min_insert_block_size_rows":                         1 << 30,
	"min_insert_block_size_bytes":                        1 << 40,
	"max_insert_threads":                                 1,
	"input_format_parallel_parsing":                      0,
	"deduplicate_blocks_in_dependent_materialized_views": 1,
	"exclude_materialize_skip_indexes_on_insert":         noIndexes,
	"max_partitions_per_insert_block":                    maxDays,
	"throw_on_max_partitions_per_insert_block":           1,
	"max_execution_time":                                 int(writeTimeout.Seconds()) - 5,
	// A frame that has other columns than the table is refused, never stored in part.
	"input_format_skip_unknown_fields":         0,
	"input_format_defaults_for_omitted_fields": 1,
	"distributed_foreground_insert":            1,
}

// maxDays is how many days a block may touch, and so how many parts it may make. A block
// of more is refused for good; its parts, which touch fewer, are taken.
const maxDays = 16

// Write stores a block of frames as one insert. See telemetry.Writer.
func (s *Store) Write(ctx context.Context, signal telemetry.Signal, token string, frames [][]byte) error {
	table, columns, err := target(signal)
	if err != nil {
		return err
	}
	if token == "" {
		return fault.Internalf("a block of %s without a token", signal)
	}
	body, err := blocks(signal, frames)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, i18n.F(
			"A stored block of %s cannot be read.", "保存待ちの %s のブロックを読み取れません。", signal))
	}
	if body == nil {
		return nil
	}
	settings := ch.Settings{"insert_deduplication_token": token}
	for k, v := range writeSettings {
		settings[k] = v
	}
	if err := s.pickShard(ctx, token, settings); err != nil {
		return s.explain(ctx, err)
	}
	ctx = ch.Context(ctx, ch.WithSettings(settings))
	query := fmt.Sprintf("INSERT INTO %s (%s)", ddl{s.opt.Database, s.opt.Cluster}.Table(table), columns)
	if err := s.writes.InsertFormat(ctx, "Native", query, body); err != nil {
		return s.explainWrite(ctx, signal, frames, err)
	}
	return nil
}

var (
	logColumns  = columnNames(newLogEncoder().input)
	spanColumns = columnNames(newSpanEncoder().input)
)

func columnNames(columns proto.Input) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

func target(signal telemetry.Signal) (table, columns string, err error) {
	switch signal {
	case telemetry.Logs:
		return "logs", logColumns, nil
	case telemetry.Spans:
		return "spans", spanColumns, nil
	}
	return "", "", fault.Internalf("ClickHouse does not store %s", signal)
}

// blocks joins the Native blocks of frames; nil if there is no row.
func blocks(signal telemetry.Signal, frames [][]byte) (io.Reader, error) {
	var parts []io.Reader
	for _, f := range frames {
		n, block, err := splitHeader(signal, f)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			parts = append(parts, bytes.NewReader(block))
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	return io.MultiReader(parts...), nil
}

// shardCount is how many shards the cluster has, once known.
type shardCount struct {
	sync.Mutex
	n uint64
}

// pickShard keeps a block on one shard of a cluster, the same however often it is
// repeated, because a shard knows only its own tokens.
func (s *Store) pickShard(ctx context.Context, token string, settings ch.Settings) error {
	if s.opt.Cluster == "" {
		return nil
	}
	s.shards.Lock()
	defer s.shards.Unlock()
	if s.shards.n == 0 {
		row := s.admin.QueryRow(ctx, "SELECT uniqExact(shard_num) FROM system.clusters WHERE cluster = {name:String}",
			ch.Named("name", s.opt.Cluster))
		var n uint64
		if err := row.Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("the server knows no cluster %q", s.opt.Cluster)
		}
		s.shards.n = n
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, token)
	settings["insert_shard_id"] = h.Sum64()%s.shards.n + 1
	return nil
}
