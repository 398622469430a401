package doctor

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/netguard"
)

// Status is how a check ended.
type Status string

// The ends of a check. A Warning works and should be seen to; with a Failure the server
// does not start, or not do what it is configured to.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Failure Status = "failure"
	Skipped Status = "skipped"
)

// Finding is what one check found.
type Finding struct {
	Check  string // "data_folder"
	Status Status
	Text   i18n.Text
	Mend   i18n.Text // what to do; empty when nothing is to be done
}

// Options say what is looked at.
type Options struct {
	Config config.Config
	Exe    string // path of the program, beside which the engine may lie
	Server string // a running server, whose clock is compared; "" is none
	Clock  clock.Clock
}

type doctor struct {
	Options
	http    *http.Client
	running bool // a Yagura runs on the data folder
	found   []Finding
}

// Examine makes all checks, one after the other; ctx ends them.
func Examine(ctx context.Context, opt Options) []Finding {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	d := &doctor{Options: opt}
	// The addresses are the operator's own, so they may be internal ones.
	d.http = netguard.New(netguard.Options{AnyAddress: true, Timeout: 5 * time.Second, Redirects: -1, MaxResponse: 64 << 10}).Client()
	checks := []func(context.Context){d.limits, d.ports, d.exposure, d.certificates, d.engine, d.metrics, d.database, d.identity, d.skew}
	if opt.Config.Role.Ingests() { // the others keep nothing on a disk
		checks = append([]func(context.Context){d.folder, d.disk, d.sync}, checks...)
	}
	for _, check := range checks {
		check(ctx)
	}
	return d.found
}

// Worst is the worst status of all.
func Worst(all []Finding) Status {
	worst := OK
	for _, f := range all {
		if f.Status == Failure || f.Status == Warning && worst == OK {
			worst = f.Status
		}
	}
	return worst
}

func (d *doctor) say(check string, s Status, text i18n.Text, mend ...i18n.Text) {
	f := Finding{Check: check, Status: s, Text: text}
	if len(mend) > 0 {
		f.Mend = mend[0]
	}
	d.found = append(d.found, f)
}

// fail says an error that is a fault by its own words, any other by what failed.
func (d *doctor) fail(check string, err error, what, mend i18n.Text) {
	if f := fault.Of(err); f.Code != fault.Internal {
		field := ""
		if f.Field != "" {
			field = f.Field + ": "
		}
		d.say(check, Failure, i18n.T(field+f.Text.En, field+f.Text.Ja), mend)
		return
	}
	d.say(check, Failure, what, mend)
}

var none = i18n.Text{}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }
