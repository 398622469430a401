package app

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/process"
)

// ProcessView is one of the processes that share a database.
type ProcessView struct {
	ID        string        `json:"id"`
	Role      config.Role   `json:"role" enum:"all,ingest,query,jobs"`
	Host      string        `json:"host"`
	PID       int           `json:"pid"`
	Version   string        `json:"version"`
	URL       string        `json:"url" doc:"Where the other processes reach it."`
	Self      bool          `json:"self" doc:"It is the one that answers."`
	State     string        `json:"state" enum:"alive,silent,stopped" doc:"silent: it went away without a word; stopped: in good order, with something left in its write-ahead log."`
	StartedAt time.Time     `json:"started_at"`
	SeenAt    time.Time     `json:"seen_at"`
	WAL       []LaneView    `json:"wal" doc:"Its write-ahead log, by signal; empty where it takes no telemetry."`
	Disk      *DiskView     `json:"disk,omitempty" doc:"The file system of its data folder."`
	Problems  []ProblemView `json:"problems"`
}

// detail is what a process says of itself in its row. Other versions read it: fields are
// added, never given another meaning.
type detail struct {
	WAL      []LaneView      `json:"wal,omitempty"`
	OTLP     *OTLPView       `json:"otlp,omitempty"`
	Disk     *DiskView       `json:"disk,omitempty"`
	Settled  int64           `json:"settled,omitempty"` // Unix nanoseconds: all that arrived before is stored
	Problems []detailProblem `json:"problems,omitempty"`
}

type detailProblem struct {
	Severity string `json:"severity"`
	En       string `json:"en"`
	Ja       string `json:"ja"`
}

// detail is what this process says of itself, and whether its log holds something.
func (a *App) detail() (b []byte, leaves bool) {
	var d detail
	if a.ingest != nil {
		v, stats := a.ownStatus()
		d.WAL, d.OTLP, d.Disk, d.Settled = v.WAL, &v.OTLP, &v.Disk, a.ownSettled().UnixNano()
		for _, s := range stats {
			leaves = leaves || s.Blocks > 0
		}
	}
	for _, p := range a.ownProblems() {
		d.Problems = append(d.Problems, detailProblem{p.severity, p.text.En, p.text.Ja})
	}
	b, err := json.Marshal(d)
	if err != nil {
		a.Log.Error("this process cannot say how it is", "error", err)
		return []byte("{}"), leaves
	}
	return b, leaves
}

// processViews adds the processes beside this one to its status.
func (a *App) processViews(ctx context.Context, v *StatusView, lang i18n.Lang) {
	v.Processes = []ProcessView{}
	p := a.peers.Load()
	if p == nil {
		return
	}
	all, now, err := p.of.List(ctx)
	if err != nil {
		v.add(lang, []problem{{"error", i18n.F("The database does not say which processes there are: %s", "プロセスの一覧をデータベースから取得できません: %s", err)}})
		return
	}
	v.add(lang, roleProblems(all, now))
	for _, one := range all {
		var d detail
		_ = json.Unmarshal(one.Detail, &d) // of another version: then it shows less
		view := ProcessView{ID: one.ID, Role: one.Role, Host: one.Host, PID: one.PID, Version: one.Version, URL: one.URL,
			Self: one.ID == p.of.Self().ID, State: "alive", StartedAt: one.Started, SeenAt: one.Seen, WAL: d.WAL, Disk: d.Disk, Problems: []ProblemView{}}
		if view.WAL == nil {
			view.WAL = []LaneView{}
		}
		switch {
		case !one.Left.IsZero():
			view.State = "stopped"
		case !one.Alive:
			view.State = "silent"
		}
		var own []problem
		for _, x := range d.Problems {
			if one.Alive {
				own = append(own, problem{x.Severity, i18n.T(x.En, x.Ja)})
			}
		}
		if err := p.failed(one.ID); err != nil && one.Alive {
			own = append(own, problem{"warning", i18n.F(
				"This process cannot be asked at %[1]s (%[2]s): live tails miss what it takes. Let the processes reach each other there, or set advertise.",
				"%[1]s に接続できないため（%[2]s）、このプロセスが受信したデータはライブテールに表示されません。プロセス間で接続できるようにするか、advertise を設定してください。", one.URL, err)})
		}
		own = append(own, goneProblems(view, lang)...)
		for _, x := range own {
			view.Problems = append(view.Problems, ProblemView{x.severity, x.text.In(lang)})
			if !view.Self {
				v.add(lang, []problem{{x.severity, i18n.T(string(one.Role)+" "+one.Host+": "+x.text.En, string(one.Role)+" "+one.Host+"："+x.text.Ja)}})
			}
		}
		v.Processes = append(v.Processes, view)
		if a.ingest == nil && one.Role.Ingests() {
			v.WAL = mergeLanes(v.WAL, view.WAL)
			if d.OTLP != nil && one.Alive && v.OTLP.GRPC == "" && v.OTLP.HTTP == "" {
				v.OTLP = *d.OTLP
			}
			if d.Disk != nil && one.Alive && (v.Disk.TotalBytes == 0 || d.Disk.FreeBytes < v.Disk.FreeBytes) {
				v.Disk = *d.Disk
			}
		}
	}
}

// goneProblems is what is the matter with a process that does not run.
func goneProblems(v ProcessView, _ i18n.Lang) []problem {
	var blocks int
	for _, l := range v.WAL {
		blocks += l.Blocks
	}
	switch {
	case v.State == "stopped":
		return []problem{{"warning", i18n.F(
			"It stopped with %d blocks in its write-ahead log. Start it again on the same data folder, so that they are stored; what is there cannot be searched until then.",
			"WAL に %d ブロックを残して停止しています。同じデータフォルダーで再起動すると保存されます。それまで検索できません。", blocks)}}
	case v.State == "silent" && v.Role.Ingests():
		return []problem{{"error", i18n.F(
			"It has not been heard of since %s. What it acknowledged is in the write-ahead log of its data folder: start it again there. If the folder is lost, forget the process.",
			"%s から応答がありません。受け付け済みのデータはデータフォルダーの WAL に残っています。同じフォルダーで再起動してください。フォルダーが失われている場合は、このプロセスを一覧から削除してください。", v.SeenAt.UTC().Format(time.RFC3339))}}
	}
	return nil
}

// upgradeTime is how long processes of different versions may stand beside each other
// before that is told of.
const upgradeTime = time.Hour

// roleProblems is what is missing among the processes.
func roleProblems(all []process.Process, now time.Time) (found []problem) {
	ingests, serves, works := false, false, false
	versions := map[string]bool{}
	var newest time.Time
	for _, p := range all {
		if !p.Alive {
			continue
		}
		ingests, serves, works = ingests || p.Role.Ingests(), serves || p.Role.Serves(), works || p.Role.Works()
		versions[p.Version] = true
		if p.Started.After(newest) {
			newest = p.Started
		}
	}
	if !ingests {
		found = append(found, problem{"error", i18n.T("No process takes telemetry. Start one with --role ingest.", "テレメトリーを受信するプロセスがありません。--role ingest のプロセスを起動してください。")})
	}
	if !works {
		found = append(found, problem{"error", i18n.T("No process runs jobs: nothing is dropped after its retention, and no notification is sent. Start one with --role jobs.",
			"ジョブを実行するプロセスがないため、保持期間を過ぎたデータの削除も通知の送信も行われません。--role jobs のプロセスを起動してください。")})
	}
	if !serves {
		found = append(found, problem{"warning", i18n.T("No process serves the UI. Start one with --role query.", "画面と API を提供するプロセスがありません。--role query のプロセスを起動してください。")})
	}
	if len(versions) > 1 && now.Sub(newest) > upgradeTime {
		found = append(found, problem{"warning", i18n.F("Processes of %d versions run beside each other. Finish the upgrade.", "%d 種類のバージョンのプロセスが混在しています。アップグレードを完了してください。", len(versions))})
	}
	return found
}

// mergeLanes adds the write-ahead log of a process to those of others: sums, the worst
// state, the oldest block.
func mergeLanes(all, more []LaneView) []LaneView {
	worse := []string{"ok", "retrying", "full"}
	all = slices.Clone(all)
	for _, l := range more {
		i := slices.IndexFunc(all, func(x LaneView) bool { return x.Signal == l.Signal })
		if i < 0 {
			all = append(all, l)
			continue
		}
		x := &all[i]
		if slices.Index(worse, l.State) > slices.Index(worse, x.State) {
			x.State = l.State
		}
		x.Bytes += l.Bytes
		x.LimitBytes += l.LimitBytes
		x.Blocks += l.Blocks
		x.LagNS = max(x.LagNS, l.LagNS)
		x.Rows += l.Rows
		x.Refused += l.Refused
		x.Quarantined += l.Quarantined
		x.Retries += l.Retries
		x.LastError = cmp.Or(x.LastError, l.LastError)
	}
	return all
}

// registerProcesses adds what can be done with processes.
func (a *App) registerProcesses(to *api.API) {
	api.Register(to, api.Op{
		ID: "forget-process", Method: http.MethodDelete, Path: "/processes/{id}", Tag: "status", Permission: authz.JobsRun,
		Summary:     "Forget a process that is not coming back",
		Description: "One that runs is not forgotten. What is in the write-ahead log of a forgotten process is stored if it is started again after all.",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"100"`
	}) (*struct{}, error) {
		p := a.peers.Load()
		if p == nil {
			return nil, fault.New(fault.NotFound, i18n.F("There is no process %q.", "プロセス %q はありません。", in.ID))
		}
		return nil, p.of.Forget(ctx, in.ID)
	})
}

// allSettled is the time before which everything that arrived anywhere is stored. Of a
// process that is silent it is what that said last: later rows may still be in its log.
func (a *App) allSettled(ctx context.Context) (time.Time, error) {
	at := a.Clock.Now()
	if a.ingest != nil {
		at = a.ownSettled()
	}
	p := a.peers.Load()
	if p == nil {
		return at, nil
	}
	all, _, err := p.of.List(ctx)
	for _, one := range all {
		var d detail
		if !one.Role.Ingests() || one.ID == p.of.Self().ID {
			continue
		}
		_ = json.Unmarshal(one.Detail, &d) // without it nothing is settled
		if t := time.Unix(0, d.Settled); t.Before(at) {
			at = t
		}
	}
	return at, err
}
