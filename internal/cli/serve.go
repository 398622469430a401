package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/yagura-sre/yagura/internal/app"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type serveCmd struct {
	Config   string `help:"${config}" type:"path" placeholder:"FILE"`
	Role     string `help:"${role}" placeholder:"all|ingest|query|jobs"`
	DataDir  string `help:"${data_dir}" placeholder:"DIR"`
	Listen   string `help:"${listen}" placeholder:"127.0.0.1:7700"`
	OTLPGRPC string `help:"${otlp_grpc}" name:"otlp-grpc" placeholder:"127.0.0.1:4317"`
	OTLPHTTP string `help:"${otlp_http}" name:"otlp-http" placeholder:"127.0.0.1:4318"`
	NoAuth   bool   `help:"${no_auth}" name:"no-auth"`
}

// load is the configuration with the flags over it.
func (c serveCmd) load(s *session) (config.Config, error) {
	flags := map[string]string{}
	for path, value := range map[string]string{
		"role": c.Role, "data_dir": c.DataDir, "listen": c.Listen, "otlp.grpc": c.OTLPGRPC, "otlp.http": c.OTLPHTTP,
	} {
		if value != "" {
			flags[path] = value
		}
	}
	if c.NoAuth {
		flags["auth.mode"] = "none"
	}
	return config.Load(c.Config, s.Lookup, flags)
}

// closeWithin is how long a stop may take before what is left stays in the log.
const closeWithin = 30 * time.Second

// open starts the server; run it until stop.
func (c serveCmd) open(s *session) (a *app.App, stop func() error, err error) {
	cfg, err := c.load(s)
	if err != nil {
		return nil, nil, err
	}
	return start(s, cfg, 0)
}

// start starts a server as it is configured. metricsPast is how old data points may be;
// 0 as old as usual.
func start(s *session, cfg config.Config, metricsPast time.Duration) (a *app.App, stop func() error, err error) {
	if cfg.DataDir, err = filepath.Abs(cfg.DataDir); err != nil {
		return nil, nil, err
	}
	if cfg.Language != "" {
		s.lang = i18n.Parse(cfg.Language)
	}
	limitMemory(cfg)
	log := newLog(s, cfg.Log)
	a, err = app.New(s.ctx, app.Options{Config: cfg, Version: s.Version, Exe: s.Exe, Log: log, MetricsPast: metricsPast})
	if err != nil {
		return nil, nil, err
	}
	return a, func() error {
		// A second signal must not wait for the first one's patience.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), closeWithin)
		defer cancel()
		return a.Close(ctx)
	}, nil
}

// limitMemory tells the garbage collector how much the machine or container has beside the
// engine, so that under a flood it collects more often rather than be killed. GOMEMLIMIT
// says otherwise.
func limitMemory(c config.Config) {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return
	}
	left := config.TotalMemory()
	if c.Engine.URL == "" {
		left -= c.Engine.Memory()
	}
	debug.SetMemoryLimit(max(512<<20, left/10*8))
}

func newLog(s *session, c config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // config has checked it
	opt := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(s.Stderr, opt))
	}
	return slog.New(slog.NewTextHandler(s.Stderr, opt))
}

func (c serveCmd) Run(s *session) error {
	a, stop, err := c.open(s)
	if err != nil {
		return err
	}
	if err := greet(s, a); err != nil {
		return errors.Join(err, stop())
	}
	<-s.ctx.Done()
	return stop()
}

// greet says where everything is and how to send the first data.
func greet(s *session, a *app.App) error {
	role := a.Config.Role
	say := func(t i18n.Text) { _, _ = fmt.Fprintln(s.Stdout, s.text(t)) }
	if role == config.RoleAll {
		say(i18n.F("\n  Yagura %s is running.\n", "\n  Yagura %s が起動しました。\n", s.Version))
	} else {
		say(i18n.F("\n  Yagura %[1]s is running with the role %[2]s.\n", "\n  Yagura %[1]s が起動しました（役割: %[2]s）。\n", s.Version, role))
	}
	if role.Serves() {
		setup, err := a.SetupURL(s.ctx)
		if err != nil {
			return err
		}
		say(i18n.F("  Open       %s", "  画面        %s", a.URL()))
		if setup != "" {
			say(i18n.F("  Set up     %s  (once, within 24 h: makes you the administrator)", "  初期設定    %s （一度だけ、24 時間以内：最初の管理者を作ります）", setup))
		}
	} else {
		say(i18n.F("  Health     %s/healthz, /readyz", "  死活監視    %s/healthz, /readyz", a.ListenURL()))
	}
	if role.Ingests() {
		grpc, http := a.OTLP()
		say(i18n.F("  OTLP       gRPC %s · HTTP %s\n  Data       %s", "  OTLP        gRPC %s ・ HTTP %s\n  データ      %s", grpc, http, a.Config.DataDir))
		say(i18n.F("\n  Send data from any OpenTelemetry SDK:\n\n    export OTEL_SERVICE_NAME=my-service\n    export OTEL_EXPORTER_OTLP_ENDPOINT=%s\n    export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
			"\n  OpenTelemetry SDK からの送り方：\n\n    export OTEL_SERVICE_NAME=my-service\n    export OTEL_EXPORTER_OTLP_ENDPOINT=%s\n    export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", http))
		if a.TokenNeeded() {
			say(i18n.T("    export OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer <a token from Settings → Tokens>\"",
				"    export OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer <設定 → トークンで作ったトークン>\""))
		}
	}
	say(i18n.T("\n  Stop with Ctrl-C.\n", "\n  Ctrl-C で停止します。\n"))
	return nil
}

type openapiCmd struct{}

func (openapiCmd) Run(s *session) error {
	_, err := s.Stdout.Write(app.Document(s.Version))
	return err
}

// engineCmd is the engine's child process, started by the server alone.
type engineCmd struct {
	Args []string `arg:"" optional:""`
}

func (c engineCmd) Run(s *session) error {
	cfg, err := engine.ParseArgs(c.Args)
	if err != nil {
		return err
	}
	cfg.Parent = s.Stdin // its end is the end of the server
	return engine.Main(s.ctx, cfg)
}
