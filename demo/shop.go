package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yagura-sre/yagura/demo/kit"
	"github.com/yagura-sre/yagura/demo/sim"
)

// jst is the zone of the shop's customers.
var jst = time.FixedZone("JST", 9*60*60)

// Options say how a shop is opened. Endpoint alone is required.
type Options struct {
	Endpoint    string // of OTLP/HTTP: "http://127.0.0.1:4318"
	Token       string // an ingest token, if the endpoint wants one
	Environment string // deployment.environment.name; default "demo"
	// Rate is how many visits there are a minute at an average hour; default 5.
	Rate int
	// Seed decides what visitors do and how long things take; 0 is a seed like another.
	Seed uint64
	// Flaws that are on from the start, by id (see ParseFlaws).
	Flaws []string
	// Versions of the services, by name; the usual ones where it says nothing.
	Versions map[string]string

	clock sim.Clock // default the machine's
	size  scale     // default as the clock wants it
	hold  bool      // metrics are sent at the end
}

// usual are the services, in the order in which they start, and their versions.
var usual = []struct{ name, version string }{
	{"catalog", "1.8.3"}, {"inventory", "0.9.1"}, {"payment", "3.2.0"}, {"mailer", "1.0.2"}, {"storefront", "2.14.0"},
}

// Shop is the running shop.
type Shop struct {
	opt   Options
	world *kit.World
	size  scale
	flaws switches
	mail  *kit.Queue
	dir   string
	count atomic.Int64 // of ids

	storefront *storefront
	catalog    *catalog
	inventory  *inventory
	payment    *payment
	mailer     *mailer
	services   map[string]*kit.Service

	releasing sync.Mutex
}

// Open starts the shop. Nobody comes until Run.
func Open(ctx context.Context, o Options) (shop *Shop, err error) {
	if o.clock == nil {
		o.clock = sim.Real{}
	}
	if o.Environment == "" {
		o.Environment = "demo"
	}
	if o.Rate <= 0 {
		o.Rate = 5
	}
	shop = &Shop{opt: o, size: large, services: map[string]*kit.Service{}}
	rowCost := time.Duration(0)
	if o.clock.Virtual() {
		shop.size, rowCost = small, 60*time.Microsecond
	}
	if o.size != (scale{}) {
		shop.size = o.size
	}
	shop.flaws.set(o.Flaws, true)
	defer func() {
		if err != nil {
			err = errors.Join(err, shop.Close(context.WithoutCancel(ctx)))
			shop = nil
		}
	}()
	if shop.dir, err = os.MkdirTemp("", "teashop-"); err != nil {
		return shop, err
	}
	shop.world, err = kit.NewWorld(ctx, kit.Options{
		Clock: o.clock, Seed: o.Seed, Endpoint: o.Endpoint, Token: o.Token, Environment: o.Environment, RowCost: rowCost,
		Revision: revision(), Repository: "https://github.com/yagura-sre/yagura",
	})
	if err != nil {
		return shop, err
	}
	if o.hold {
		shop.world.HoldMetrics()
	}
	shop.mail = shop.world.NewQueue("mail", 500)
	if err = shop.build(ctx); err != nil {
		return shop, err
	}
	party := &outside{shop.world}
	for name, h := range map[string]http.Handler{bankHost: party.bank(), smtpHost: party.smtp()} {
		if _, err = shop.world.Serve(name+":80", h); err != nil {
			return shop, err
		}
	}
	kit.Consume(shop.mail, shop.mailer.Service, shop.mailer, (*mailer).deliver)
	return shop, nil
}

func (shop *Shop) build(ctx context.Context) (err error) {
	if shop.catalog, err = newCatalog(shop); err != nil {
		return fmt.Errorf("catalog: %w", err)
	}
	if shop.inventory, err = newInventory(shop); err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	if shop.payment, err = newPayment(shop); err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if shop.mailer, err = newMailer(shop); err != nil {
		return fmt.Errorf("mailer: %w", err)
	}
	if shop.storefront, err = newStorefront(shop); err != nil {
		return fmt.Errorf("storefront: %w", err)
	}
	for _, s := range []*kit.Service{shop.catalog.Service, shop.inventory.Service, shop.payment.Service, shop.mailer.Service, shop.storefront.Service} {
		shop.services[s.Name] = s
	}
	for _, u := range usual {
		version := u.version
		if v := shop.opt.Versions[u.name]; v != "" {
			version = v
		}
		if err := shop.services[u.name].Listen(ctx, version); err != nil {
			return err
		}
	}
	return nil
}

// revision is the commit that this program was built from, if it knows.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

func (shop *Shop) file(name string) string { return filepath.Join(shop.dir, name+".db") }

// id makes the next id of a kind.
func (shop *Shop) id(kind string) string {
	return fmt.Sprintf("%s-%06d", kind, shop.count.Add(1))
}

// Close ends what is under way and sends the last telemetry.
func (shop *Shop) Close(ctx context.Context) error {
	err := shop.closeServices(ctx)
	if shop.world != nil {
		err = errors.Join(err, shop.world.Close())
	}
	return err
}

func (shop *Shop) closeServices(ctx context.Context) error {
	var errs []error
	end := func(name string) {
		if s := shop.services[name]; s != nil {
			errs = append(errs, s.Close(ctx))
		}
	}
	end("storefront") // nobody comes in any more
	if shop.mail != nil {
		shop.mail.Close()
	}
	for _, u := range usual {
		if u.name != "storefront" {
			end(u.name)
		}
	}
	if shop.dir != "" {
		errs = append(errs, os.RemoveAll(shop.dir))
	}
	return errors.Join(errs...)
}

// Versions are what runs, by service.
func (shop *Shop) Versions() map[string]string {
	out := map[string]string{}
	for name, s := range shop.services {
		out[name] = s.Version()
	}
	return out
}

// Switch turns flaws on and off and releases the services whose code changes thereby,
// each with a new version. It tells what was released.
func (shop *Shop) Switch(ctx context.Context, on, off []string) (map[string]string, error) {
	shop.releasing.Lock()
	defer shop.releasing.Unlock()
	changed := append(shop.flaws.set(on, true), shop.flaws.set(off, false)...)
	released := map[string]string{}
	for _, f := range Flaws() {
		for _, id := range changed {
			if f.ID != id {
				continue
			}
			if id == "missing_index" {
				if err := shop.storefront.index(); err != nil {
					return released, err
				}
			}
			if released[f.Service] == "" {
				released[f.Service] = next(shop.services[f.Service].Version())
			}
		}
	}
	for _, u := range usual {
		if v := released[u.name]; v != "" {
			if err := shop.release(ctx, u.name, v); err != nil {
				return released, err
			}
		}
	}
	return released, nil
}

// Release starts a service anew, in a version or, when that is "", in the next one.
func (shop *Shop) Release(ctx context.Context, service, version string) error {
	shop.releasing.Lock()
	defer shop.releasing.Unlock()
	s := shop.services[service]
	if s == nil {
		return fmt.Errorf("there is no service %q", service)
	}
	if version == "" {
		version = next(s.Version())
	}
	return shop.release(ctx, service, version)
}

func (shop *Shop) release(ctx context.Context, service, version string) error {
	if service == "catalog" {
		shop.catalog.restart()
	}
	return shop.services[service].Release(ctx, version)
}

// next counts the last part of a version up.
func next(version string) string {
	i := strings.LastIndexByte(version, '.')
	n, err := strconv.Atoi(version[i+1:])
	if err != nil {
		return version + ".1"
	}
	return version[:i+1] + strconv.Itoa(n+1)
}
