package cli

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/netguard"
)

type healthCmd struct {
	Config string `help:"${config}" type:"path" placeholder:"FILE"`
	Ready  bool   `help:"${health_ready}"`
}

// Run asks the server of this machine's configuration, as a container's health check
// does: there need be no curl in the image, and nobody need repeat the address.
func (c healthCmd) Run(s *session) error {
	cfg, err := config.Load(c.Config, s.Lookup, nil)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme, path := "http", "/healthz"
	if cfg.TLS.Cert != "" {
		scheme = "https"
	}
	if c.Ready {
		path = "/readyz"
	}
	// The certificate is for the name that people use, not for this machine's loopback;
	// nothing secret is sent.
	conf := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}
	out := netguard.New(netguard.Options{AnyAddress: true, Timeout: 4 * time.Second, Redirects: -1, MaxResponse: 4 << 10, TLS: conf}).Client()
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+path, nil)
	if err != nil {
		return err
	}
	resp, err := out.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fault.New(fault.Unavailable, i18n.F("The server answers %s.", "サーバーの応答: %s", resp.Status))
	}
	_, err = fmt.Fprintln(s.Stdout, "ok")
	return err
}
