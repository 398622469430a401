package app

import (
	"context"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/yagura-sre/yagura/internal/code"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/netguard"
)

func (a *App) openCode(_, _ context.Context) error {
	allow, err := prefixes(a.Config.Code.AllowNetworks)
	if err != nil {
		return err
	}
	a.code = code.NewService(code.Options{
		DB: a.db, Clock: a.Clock, Log: a.Log.With("room", "code"), Audit: a.people, Releases: a.releases, Secret: a.secrets().Resolve,
		// An archive of source is larger than what others answer, and takes longer.
		HTTP:    netguard.New(netguard.Options{Allow: allow, MaxResponse: 1 << 30, Timeout: 2 * time.Minute}).Client(),
		Folders: a.Config.Code.Folders, Cache: filepath.Join(a.Config.DataDir, "code"),
	})
	return nil
}

// prefixes are networks, which the configuration has checked.
func prefixes(networks []string) (out []netip.Prefix, err error) {
	for _, n := range networks {
		p, err := config.ParsePrefix(n)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
