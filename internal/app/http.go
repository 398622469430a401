package app

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/ingest/wal"
)

// StatusView is how this Yagura is doing.
type StatusView struct {
	Version   string        `json:"version"`
	StartedAt time.Time     `json:"started_at"`
	UptimeNS  int64         `json:"uptime_ns"`
	Healthy   bool          `json:"healthy" doc:"There is no problem of severity error."`
	Problems  []ProblemView `json:"problems" doc:"What a person should know or do, the worst first."`
	Engine    EngineView    `json:"engine"`
	WAL       []LaneView    `json:"wal" doc:"The write-ahead log, by signal."`
	Disk      DiskView      `json:"disk"`
	OTLP      OTLPView      `json:"otlp"`
	Role      config.Role   `json:"role" enum:"all,ingest,query,jobs" doc:"Of the process that answers."`
	Processes []ProcessView `json:"processes" doc:"All that share the database, this one included; empty where there can be one alone."`
}

// OTLPView is where senders send to.
type OTLPView struct {
	GRPC      string `json:"grpc" doc:"Host and port it listens on; 0.0.0.0 and [::] are every address of the machine, empty is off."`
	HTTP      string `json:"http" doc:"As grpc."`
	NeedToken bool   `json:"need_token" doc:"Senders must show an ingest token."`
	TLS       bool   `json:"tls" doc:"Both ports speak TLS."`
	NeedCert  bool   `json:"need_certificate" doc:"Senders must show a client certificate."`
}

// ProblemView is one thing that is not as it should be.
type ProblemView struct {
	Severity string `json:"severity" enum:"error,warning"`
	Text     string `json:"text" doc:"In the asker's language: what is the matter and what to do."`
}

// EngineView is the engine that holds logs and spans.
type EngineView struct {
	Kind      string    `json:"kind" enum:"embedded,remote"`
	Phase     string    `json:"phase" enum:"starting,ready,backoff,stopped"`
	PID       int       `json:"pid" doc:"0 when there is no process, or it is elsewhere."`
	Since     time.Time `json:"since" doc:"When this phase began."`
	Restarts  int       `json:"restarts"`
	LastError string    `json:"last_error"`
	RSSBytes  int64     `json:"rss_bytes"`
}

// LaneView is what of a signal is acknowledged and not yet in the engine.
type LaneView struct {
	Signal      string `json:"signal" enum:"logs,spans,metrics"`
	State       string `json:"state" enum:"ok,retrying,full"`
	Bytes       int64  `json:"bytes"`
	LimitBytes  int64  `json:"limit_bytes"`
	Blocks      int    `json:"blocks"`
	LagNS       int64  `json:"lag_ns" doc:"Age of the oldest block that is not in the engine."`
	Rows        uint64 `json:"rows" doc:"Acknowledged since the start."`
	Refused     uint64 `json:"refused" doc:"Told to come back, since the start."`
	Quarantined uint64 `json:"quarantined" doc:"Refused by the engine for good, since the start."`
	Retries     uint64 `json:"retries"`
	LastError   string `json:"last_error"`
}

// DiskView is the file system of the data folder.
type DiskView struct {
	FreeBytes  uint64 `json:"free_bytes"`
	TotalBytes uint64 `json:"total_bytes"`
}

// StorageView is what one day of one signal takes.
type StorageView struct {
	Day    string `json:"day" doc:"UTC." format:"date"`
	Signal string `json:"signal" enum:"logs,spans,metrics"`
	Rows   uint64 `json:"rows"`
	Bytes  uint64 `json:"bytes" doc:"On disk."`
	Parts  uint64 `json:"parts"`
}

func (a *App) registerStatus(to *api.API) {
	api.Register(to, api.Op{
		ID: "get-status", Method: http.MethodGet, Path: "/status", Tag: "status", Permission: authz.StatusRead,
		Summary: "How this Yagura is doing",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[StatusView], error) {
		v := a.status(ctx, api.Lang(ctx))
		v.add(api.Lang(ctx), a.jobProblems(ctx))
		return api.OK(v), nil
	})
	api.Register(to, api.Op{
		ID: "get-storage", Method: http.MethodGet, Path: "/status/storage", Tag: "status", Permission: authz.StatusRead,
		Summary: "What is stored, by day and signal, newest first",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[api.List[StorageView]], error) {
		days, err := a.store.Storage(ctx)
		if err != nil {
			return nil, err
		}
		items := make([]StorageView, 0, len(days))
		for _, d := range days {
			items = append(items, StorageView{d.Day, d.Signal.String(), d.Rows, d.Bytes, d.Parts})
		}
		return api.OK(api.ListOf(items, "")), nil
	})
}

// status is how all of it is doing, as this process sees it.
func (a *App) status(ctx context.Context, lang i18n.Lang) StatusView {
	v, _ := a.ownStatus()
	v.Healthy = true
	v.Problems = []ProblemView{}
	v.add(lang, a.ownProblems())
	a.processViews(ctx, &v, lang)
	slices.SortStableFunc(v.Problems, func(a, b ProblemView) int { return cmp.Compare(a.Severity, b.Severity) }) // error, warning
	return v
}

// ownStatus is how this process is doing, without what is the matter.
func (a *App) ownStatus() (StatusView, []wal.Stats) {
	now := a.Clock.Now()
	v := StatusView{
		Version: a.Version, StartedAt: a.started, UptimeNS: now.Sub(a.started).Nanoseconds(), Role: a.Config.Role,
		Engine: EngineView{Kind: "remote", Phase: string(engine.Ready), Since: a.started},
		WAL:    []LaneView{},
	}
	if a.ingest != nil {
		v.OTLP = OTLPView{GRPC: a.ingest.GRPCAddr(), HTTP: a.ingest.HTTPAddr(), NeedToken: a.TokenNeeded(),
			TLS: a.tls.otlp != nil, NeedCert: a.tls.otlp != nil && a.tls.otlp.ClientCerts()}
	}
	if a.engine != nil {
		st := a.engine.State()
		v.Engine = EngineView{Kind: "embedded", Phase: string(st.Phase), PID: st.PID, Since: st.Since,
			Restarts: st.Restarts, LastError: st.LastError, RSSBytes: st.Memory.Resident}
	} else if !a.hasTables() {
		v.Engine.Phase = string(engine.Starting)
	}
	if a.wal == nil {
		return v, nil
	}
	stats := a.wal.Stats()
	for _, s := range stats {
		lane := LaneView{Signal: s.Signal.String(), State: string(s.State), Bytes: s.Bytes, LimitBytes: s.Limit, Blocks: s.Blocks,
			LagNS: s.OldestAge.Nanoseconds(), Rows: s.AppendedRows, Refused: s.RefusedRows, Quarantined: s.QuarantinedRows, Retries: s.Retries}
		if s.LastError != nil {
			lane.LastError = s.LastError.Error()
		}
		v.WAL = append(v.WAL, lane)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(a.Config.DataDir, &fs); err == nil {
		v.Disk = DiskView{FreeBytes: fs.Bavail * uint64(fs.Bsize), TotalBytes: fs.Blocks * uint64(fs.Bsize)}
	}
	return v, stats
}

// hasTables says that the stores have what they need.
func (a *App) hasTables() bool {
	select {
	case <-a.prepared:
		return true
	default:
		return false
	}
}

// ownProblems is what is the matter with this process.
func (a *App) ownProblems() []problem {
	v, stats := a.ownStatus()
	all := append(findProblems(v, stats), tlsProblems(a.tls, a.Clock.Now())...)
	return append(all, a.ownProblem()...)
}

func (v *StatusView) add(lang i18n.Lang, problems []problem) {
	for _, p := range problems {
		v.Healthy = v.Healthy && p.severity != "error"
		v.Problems = append(v.Problems, ProblemView{p.severity, p.text.In(lang)})
	}
}

type problem struct {
	severity string
	text     i18n.Text
}

// findProblems says in sentences what the figures mean. Errors come first.
func findProblems(v StatusView, lanes []wal.Stats) (all []problem) {
	var warnings []problem
	if v.Engine.Phase != string(engine.Ready) {
		all = append(all, problem{"error", i18n.F(
			"The engine does not answer (%s). What arrives is kept in the write-ahead log; nothing can be searched until it is back. %s",
			"エンジンが応答していません（%s）。受信したデータはログ先行書き込み（WAL）に保持されていますが、復旧するまで検索できません。%s", v.Engine.Phase, v.Engine.LastError)})
	}
	for _, s := range lanes {
		switch {
		case s.State == wal.Full:
			all = append(all, problem{"error", i18n.F(
				"Senders of %s are being told to come back later, because the write-ahead log cannot take more (%s). Make room on the disk, or see why the engine does not keep up.",
				"%s の送信元に再送を依頼しています。WAL にこれ以上書き込めないためです（%s）。ディスクの空きを増やすか、エンジンが追いつかない原因を確認してください。", s.Signal, reason(s))})
		case s.State == wal.Retrying && s.OldestAge > 30*time.Second:
			warnings = append(warnings, problem{"warning", i18n.F(
				"%s wait in the write-ahead log for %s: the engine refuses them for now (%s). They are stored as soon as it takes them.",
				"%s が WAL で%s待機しています。エンジンが一時的に受け付けていません（%s）。受け付けられ次第、保存されます。", s.Signal, s.OldestAge.Round(time.Second), reason(s))})
		}
		if s.QuarantinedRows > 0 {
			warnings = append(warnings, problem{"warning", i18n.F(
				"%d rows of %s were refused by the engine for good and are in quarantine; the list below says why.",
				"%[2]s の %[1]d 行がエンジンに拒否され、隔離されています。理由は下の一覧にあります。", s.QuarantinedRows, s.Signal)})
		}
		if s.CorruptBytes > 0 {
			all = append(all, problem{"error", i18n.F(
				"%d bytes of %s that had been acknowledged were spoilt on the disk; they are in quarantine. Check the disk.",
				"受け付け済みの %[2]s のうち %[1]d バイトがディスク上で破損し、隔離されています。ディスクを点検してください。", s.CorruptBytes, s.Signal)})
		}
	}
	if d := v.Disk; d.TotalBytes > 0 && d.FreeBytes < d.TotalBytes/10 {
		warnings = append(warnings, problem{"warning", i18n.F(
			"The disk of the data folder has %d %% left. When it is full, nothing more is accepted.",
			"データフォルダーのディスクの空きが残り %d %% です。満杯になると受信できなくなります。", d.FreeBytes*100/d.TotalBytes)})
	}
	return append(all, warnings...)
}

func reason(s wal.Stats) string {
	if s.LastError == nil {
		return "-"
	}
	return s.LastError.Error()
}
