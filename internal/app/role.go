package app

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/ingest/wal"
	"github.com/yagura-sre/yagura/internal/process"
)

// step is one of New's.
type step struct {
	name string
	open func(ctx, background context.Context) error
}

// steps are what a process of a role is made of, in the order in which it opens. A folder
// is owned by those who have a write-ahead log, or stores, in it.
func (a *App) steps() (all []step) {
	role := a.Config.Role
	add := func(needed bool, name string, open func(ctx, background context.Context) error) {
		if needed {
			all = append(all, step{name, open})
		}
	}
	add(true, "own telemetry", a.openSelf)
	add(role.Ingests(), "data folder", a.openFolder)
	add(true, "state", a.openState)
	add(a.Config.Shared(), "processes", a.openProcesses)
	add(true, "jobs", a.openJobs)
	add(true, "engine", a.openEngine)
	add(true, "telemetry store", a.openStore)
	add(true, "owners", a.openOwners)
	add(true, "retention", a.openRetention)
	add(true, "metrics store", a.openMetrics)
	add(role.Ingests(), "write-ahead log", a.openLog)
	add(true, "TLS", a.openTLS)
	add(role.Ingests(), "ingest", a.openIngest)
	add(true, "releases", a.openReleases)
	add(true, "code", a.openCode)
	add(true, "chat", a.openChat)
	add(true, "notify", a.openNotify)
	add(true, "errors", a.openErrors)
	add(true, "backups", a.openBackup)
	add(true, "API", a.openAPI)
	add(true, "metrics port", a.openMetricsPort)
	add(role.Ingests(), "receivers", a.openReceivers)
	add(true, "end of own telemetry", a.closeSelf)
	add(role.Works(), "notifications", a.openDispatch)
	add(role.Serves(), "Slack", a.openSlack)
	add(true, "upkeep", a.openUpkeep)
	add(a.Config.Shared(), "heartbeat", a.openHeartbeat)
	return all
}

// Ready says whether this process can do what its role is for, and if not, why.
func (a *App) Ready() error {
	if a.Config.Role == config.RoleIngest {
		return a.takes()
	}
	select {
	case <-a.prepared:
	default:
		if err := a.prepareErr.Load(); err != nil {
			return *err
		}
		return errors.New("the engine is starting")
	}
	if a.engine != nil {
		if st := a.engine.State(); st.Phase != engine.Ready {
			return fmt.Errorf("the engine is in phase %s", st.Phase)
		}
	}
	return nil
}

// takes says whether telemetry can be taken. The stores may be away: the log has room.
func (a *App) takes() error {
	if a.ingest == nil || !a.open.Load() {
		return errors.New("the receivers are not open yet")
	}
	for _, s := range a.wal.Stats() {
		if s.State == wal.Full {
			return fmt.Errorf("the write-ahead log of %s is full", s.Signal)
		}
	}
	return nil
}

// readiness is what a balancer is told: what Ready says and, of processes that share a
// database, whether that answers.
func (a *App) readiness(ctx context.Context) error {
	if err := a.Ready(); err != nil || !a.Config.Shared() || a.Config.Role == config.RoleIngest {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return a.db.Ping(ctx)
}

// mountHealth serves what a balancer asks, in every role.
func (a *App) mountHealth(to *api.API) {
	to.Mount("GET /healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") }))
	to.Mount("GET /readyz", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.readiness(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ready")
	}))
}

// elsewhere answers a person who came to a process that serves no pages.
func (a *App) elsewhere(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	where := "a process with the role query"
	if a.Config.PublicURL != "" {
		where = a.Config.PublicURL
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = fmt.Fprintf(w, "This Yagura has the role %[1]s. Its pages and API are at %[2]s.\nこの Yagura の役割は %[1]s です。画面と API は %[2]s にあります。\n", a.Config.Role, where)
}

// openProcesses makes this process one of several.
func (a *App) openProcesses(context.Context, context.Context) error {
	self := process.Process{Role: a.Config.Role, Host: hostname(), PID: os.Getpid(), Version: a.Version, Started: a.started}
	if a.Config.Role.Ingests() {
		var err error
		if self.ID, err = folderID(a.Config.DataDir); err != nil {
			return err
		}
	}
	if self.ID == "" {
		self.ID = id.New()
	}
	a.self = self
	// After everything but the database is closed: then it shows what the log still holds.
	a.onClose("heartbeat", func(ctx context.Context) error {
		if a.processes == nil {
			return nil
		}
		<-a.beaten
		return a.processes.Leave(ctx)
	})
	return nil
}

// openHeartbeat tells the others of this process, now that it has an address.
func (a *App) openHeartbeat(ctx, background context.Context) error {
	a.self.URL = a.advertised()
	a.processes = process.New(process.Options{DB: a.db, Clock: a.Clock, Log: a.Log.With("room", "process"), Self: a.self, Detail: a.detail})
	if err := a.processes.Beat(ctx); err != nil {
		return err
	}
	a.peers.Store(newPeers(a.processes, a.Clock, a.Log))
	a.beaten = make(chan struct{})
	a.background(func() {
		defer close(a.beaten)
		a.processes.Run(background)
	})
	return nil
}

func hostname() string {
	host, err := os.Hostname()
	if err != nil {
		return "?"
	}
	return host
}

// folderID names a data folder, and so the process that owns it, over restarts.
func folderID(dir string) (string, error) {
	path := filepath.Join(dir, "process")
	b, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(b))) > 0 {
		return strings.TrimSpace(string(b)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	fresh := id.New()
	return fresh, os.WriteFile(path, []byte(fresh+"\n"), 0o600)
}

// place keeps the ids that processes give to rows at the same time apart.
func (a *App) place() uint16 {
	if a.Config.Role != config.RoleIngest {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(a.self.ID)) // a hash takes everything
	return uint16(h.Sum32()%(id.Places-1)) + 1
}

// advertised is where other processes reach this one.
func (a *App) advertised() string {
	if a.Config.Advertise != "" {
		return strings.TrimSuffix(a.Config.Advertise, "/")
	}
	host, port, err := net.SplitHostPort(a.listener.Addr().String())
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ownAddress()
	}
	return scheme(a.tls.ui) + "://" + net.JoinHostPort(host, port)
}

// ownAddress is an address of this machine that others may reach: its first that is
// neither loopback nor link-local, an IPv4 one before others.
func ownAddress() string {
	best := "127.0.0.1"
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return best
	}
	for _, addr := range addrs {
		n, ok := addr.(*net.IPNet)
		if !ok || !n.IP.IsGlobalUnicast() {
			continue
		}
		if n.IP.To4() != nil {
			return n.IP.String()
		}
		if best == "127.0.0.1" {
			best = n.IP.String()
		}
	}
	return best
}
