package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// SessionCookie is the name of the cookie that a signed-in browser holds.
const SessionCookie = "yagura_session"

// CSRFHeader must be 1 on every call that changes something and comes with a cookie: a
// form or an image on a foreign page cannot set it.
const CSRFHeader = "X-Yagura-CSRF"

// policy: nothing but our own files. The UI's components set style attributes, hence
// unsafe-inline for styles alone; pictures may be data or blobs (canvas exports).
const policy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func (a *API) secure(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		// Answers belong to one reader; an operation with an ETag overrides it.
		h.Set("Cache-Control", "no-store")
		h.Add("Vary", "Accept-Language")
	}
	if a.Secure(r) && !isLoopback(r.Host) { // not for localhost, which is other programs' too
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// Secure says that the browser reached us over TLS, ours or that of the proxy at the
// public URL: cookies are then marked Secure.
func (a *API) Secure(r *http.Request) bool {
	return r.TLS != nil || a.public != nil && a.public.Scheme == "https" && !isLoopback(r.Host)
}

// guard answers only hosts that are ours when everybody is the administrator. A page on
// evil.example may make its name point to 127.0.0.1 and call us with the visitor's
// browser; the Host header then still says evil.example.
func (a *API) guard(next http.Handler) http.Handler {
	if !a.opt.NoAuth {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) && (a.public == nil || !strings.EqualFold(r.Host, a.public.Host)) {
			a.WriteError(w, r, fault.New(fault.Forbidden, i18n.F(
				"Sign-in is switched off, so only this machine's own addresses (localhost, 127.0.0.1) are answered, not %q.",
				"サインインが無効のため、このマシン自身のアドレス（localhost、127.0.0.1）以外（%q）へのアクセスは受け付けません。", r.Host)))
			return
		}
		// Nor what a foreign page embeds or calls: it could not read the answer, but would
		// make us work, and learn from how long that takes. A link to a page may be followed.
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" && (isAPI(r) || r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document") {
			a.WriteError(w, r, fault.New(fault.Forbidden, i18n.T(
				"Sign-in is switched off, so calls from pages of other sites are not answered.",
				"サインインが無効のため、別のサイトのページからの呼び出しは受け付けません。")))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isAPI(r *http.Request) bool {
	return r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/")
}

// isLoopback says that a Host header names this machine itself.
func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// checkOrigin refuses what a foreign page makes a visitor's browser send. Bearer tokens
// are never sent by a browser on its own, so calls with one pass.
func (a *API) checkOrigin(r *http.Request, p authz.Principal) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if p.Kind == authz.KindToken {
		return nil
	}
	if err := a.origins.Check(r); err != nil {
		return fault.Wrap(err, fault.Forbidden, i18n.T(
			"This call came from a page of another site. Set public_url if Yagura is behind a proxy.",
			"別のサイトのページからの呼び出しのため拒否しました。プロキシ経由で公開している場合は public_url を設定してください。"))
	}
	if p.Kind == authz.KindUser && r.Header.Get(CSRFHeader) != "1" {
		return fault.New(fault.Forbidden, i18n.T(
			"Calls that change something with a session need the header X-Yagura-CSRF: 1.",
			"セッションで変更を行う呼び出しには X-Yagura-CSRF: 1 ヘッダーが必要です。"))
	}
	return nil
}
