package clickhouse

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"golang.org/x/sync/singleflight"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Options say which ClickHouse, and how much of it a question may use.
type Options struct {
	// URL is http:// or https:// with host and port. With Dial it is only a name.
	URL string
	// Dial reaches the engine when there is no address: the embedded one's socket.
	Dial func(context.Context) (net.Conn, error)
	// Database is made by Migrate. "" is "yagura".
	Database       string
	User, Password string
	// Cluster is the name of a cluster of the server's config: the tables are then
	// replicated and distributed over it. "" is one server.
	Cluster string

	MaxQuery  time.Duration // the longest that a question may take; 0 is 30 s
	MaxMemory int64         // bytes that a question may use; 0 is 1 GiB
	MaxResult int64         // bytes that an answer may have; 0 is 512 MiB
	MaxConns  int           // questions at once; 0 is 8. Inserts have half as many of their own

	// Settings of the engine's own for questions, "use_query_condition_cache": "0". What
	// bounds a question is not theirs to change.
	Settings map[string]string

	Clock clock.Clock  // nil is the machine's
	Log   *slog.Logger // nil is slog's default
}

// Store is a ClickHouse with Yagura's tables. It is safe for concurrent use.
type Store struct {
	Codec
	opt    Options
	admin  driver.Conn // schema and upkeep
	reads  driver.Conn
	writes driver.Conn
	shards shardCount
	bulk   bulk
	first  firstMinute
	kept   keptNotes
	// smallPieces is, in tests, how many rows a piece of an archive has at most.
	smallPieces uint64
	// lookups are those of single traces, under way.
	lookups singleflight.Group
}

var (
	_ telemetry.Reader = (*Store)(nil)
	_ telemetry.Writer = (*Store)(nil)
)

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// Open prepares connections; it makes none, so that a server can start before its engine.
// Migrate must have succeeded before the store is read or written.
func Open(opt Options) (*Store, error) {
	if opt.Database == "" {
		opt.Database = "yagura"
	}
	for _, name := range []string{opt.Database, opt.Cluster} {
		if name != "" && !identifier.MatchString(name) {
			return nil, fault.New(fault.Invalid, i18n.F(
				"%q cannot be the name of a ClickHouse database or cluster: use letters, digits and _.",
				"%q は ClickHouse のデータベース名・クラスター名に使えません。英数字と _ を使ってください。", name))
		}
	}
	if opt.MaxQuery <= 0 {
		opt.MaxQuery = 30 * time.Second
	}
	if opt.MaxMemory <= 0 {
		opt.MaxMemory = 1 << 30
	}
	if opt.MaxResult <= 0 {
		opt.MaxResult = 512 << 20
	}
	if opt.MaxConns <= 0 {
		opt.MaxConns = 8
	}
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.URL == "" {
		opt.URL = "http://engine:8123"
	}
	s := &Store{opt: opt}
	var err error
	if s.admin, err = connect(opt, "", 2, ch.Settings{}, adminTimeout); err != nil {
		return nil, err
	}
	if s.reads, err = connect(opt, opt.Database, opt.MaxConns, readSettings(opt), opt.MaxQuery+10*time.Second); err != nil {
		return nil, err
	}
	s.writes, err = connect(opt, opt.Database, max(opt.MaxConns/2, 2), ch.Settings{}, writeTimeout)
	return s, err
}

// adminTimeout is how long a statement of schema or upkeep may be without an answer.
const adminTimeout = time.Hour

// readSettings hold for every question. What a person may ask is bounded here, once.
func readSettings(opt Options) ch.Settings {
	all := ch.Settings{}
	for name, value := range opt.Settings {
		all[name] = value
	}
	maps.Copy(all, ch.Settings{
		"readonly":                                     2, // nothing is changed, but settings of the question itself
		"max_execution_time":                           int(opt.MaxQuery.Seconds()),
		"timeout_overflow_mode":                        "throw",
		"max_memory_usage":                             opt.MaxMemory,
		"max_result_bytes":                             opt.MaxResult,
		"result_overflow_mode":                         "throw",
		"max_query_size":                               4 << 20,
		"max_ast_elements":                             200_000,
		"max_expanded_ast_elements":                    500_000,
		"precise_float_parsing":                        1, // filters compare numbers as Go does
		"cancel_http_readonly_queries_on_client_close": 1,
		// Spill rather than fail when a grouping is large.
		"max_bytes_before_external_group_by": opt.MaxMemory / 2,
		"max_bytes_before_external_sort":     opt.MaxMemory / 2,
	})
	return all
}

// connect makes a pool of connections of its own, so that questions, inserts and upkeep do
// not wait for each other.
func connect(opt Options, database string, conns int, settings ch.Settings, timeout time.Duration) (driver.Conn, error) {
	u, err := url.Parse(opt.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, i18n.F(
			"%q is not an address of ClickHouse's HTTP interface. Write http://host:8123 or https://host:8443.",
			"%q は ClickHouse の HTTP インターフェースのアドレスではありません。http://ホスト:8123 または https://ホスト:8443 の形で指定してください。", opt.URL))
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "8123", "https": "8443"}[u.Scheme]
	}
	o := &ch.Options{
		Protocol:        ch.HTTP,
		Addr:            []string{net.JoinHostPort(u.Hostname(), port)},
		HttpUrlPath:     u.Path,
		Auth:            ch.Auth{Database: database, Username: opt.User, Password: opt.Password},
		Settings:        settings,
		DialTimeout:     10 * time.Second,
		ReadTimeout:     timeout,
		MaxOpenConns:    conns,
		MaxIdleConns:    conns,
		ConnMaxLifetime: time.Hour,
		TransportFunc: func(t *http.Transport) (http.RoundTripper, error) {
			return plainBlocks{t}, nil
		},
	}
	if u.Scheme == "https" {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if opt.Dial != nil {
		o.DialContext = func(ctx context.Context, _ string) (net.Conn, error) { return opt.Dial(ctx) }
	}
	c, err := ch.Open(o)
	if err != nil {
		return nil, fmt.Errorf("open ClickHouse: %w", err)
	}
	return c, nil
}

// Ping says whether ClickHouse answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.explain(ctx, s.admin.Ping(ctx))
}

// Close ends the connections. What is running is cut off.
func (s *Store) Close() error {
	var first error
	for _, c := range []driver.Conn{s.reads, s.writes, s.admin} {
		if c != nil {
			if err := c.Close(); err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}
