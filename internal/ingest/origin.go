package ingest

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
)

// foreign refuses what a web page sends that nobody allowed, where no token is asked for:
// a page whose origin is not listed, and, on a loopback port, one whose name was made
// to lead here (DNS rebinding). SDKs and Collectors send no Origin.
func (s *Service) foreign(req *http.Request) *refusal {
	if s.auth != nil {
		return nil
	}
	if origin := req.Header.Get("Origin"); origin != "" && !originListed(s.origins, origin) {
		return &refusal{reason: BadOrigin, code: fault.Forbidden, example: "Origin: " + cut(origin, 200)}
	}
	if isLoopback(s.HTTPAddr()) && !isLoopback(req.Host) {
		return &refusal{reason: BadOrigin, code: fault.Forbidden, example: "Host: " + cut(req.Host, 200)}
	}
	return nil
}

// originListed takes a list as CORS does: in any case, and with one * that stands for
// anything.
func originListed(list []string, origin string) bool {
	origin = strings.ToLower(origin)
	for _, l := range list {
		before, after, star := strings.Cut(strings.ToLower(l), "*")
		if origin == before && !star {
			return true
		}
		if star && len(origin) >= len(before)+len(after) && strings.HasPrefix(origin, before) && strings.HasSuffix(origin, after) {
			return true
		}
	}
	return false
}

// isLoopback says whether host or host:port names this machine to itself.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
