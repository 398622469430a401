package app

import (
	"context"
	"net"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/tlsfile"
)

// certificates are what the ports show; nil is in the clear.
type certificates struct {
	ui, otlp *tlsfile.Source
}

// openTLS reads the certificates, and follows their files.
func (a *App) openTLS(_, background context.Context) (err error) {
	c := a.Config
	for _, one := range []struct {
		to    **tlsfile.Source
		files tlsfile.Files
	}{
		{&a.tls.ui, tlsfile.Files{Cert: c.TLS.Cert, Key: c.TLS.Key, Field: "tls"}},
		{&a.tls.otlp, tlsfile.Files{Cert: c.OTLP.TLS.Cert, Key: c.OTLP.TLS.Key, ClientCA: c.OTLP.TLS.ClientCA, Field: "otlp.tls"}},
	} {
		if one.files.Cert == "" {
			continue
		}
		source, err := tlsfile.Open(one.files, a.Clock, a.Log)
		if err != nil {
			return err
		}
		*one.to = source
		a.background(func() { source.Watch(background) })
	}
	return nil
}

// listenTLS is l with the UI's TLS, if there is.
func (a *App) listenTLS(l net.Listener) net.Listener {
	if a.tls.ui == nil {
		return l
	}
	return a.tls.ui.Listen(l, tlsfile.Redirect("This port speaks TLS: use https."), "h2", "http/1.1")
}

func scheme(s *tlsfile.Source) string {
	if s == nil {
		return "http"
	}
	return "https"
}

// expiresSoon is when a certificate's end is told of: most are renewed a month before.
const expiresSoon = 14 * 24 * time.Hour

// tlsProblems are what is wrong with the certificates.
func tlsProblems(c certificates, now time.Time) (all []problem) {
	for _, one := range []struct {
		setting string
		source  *tlsfile.Source
	}{{"tls", c.ui}, {"otlp.tls", c.otlp}} {
		if one.source == nil {
			continue
		}
		end := one.source.Info().NotAfter
		switch left := end.Sub(now); {
		case left <= 0:
			all = append(all, problem{"error", i18n.F(
				"The certificate of %s expired at %s: browsers and senders refuse it. Replace the files; they are taken up by themselves.",
				"%s の証明書の有効期限が %s に切れており、ブラウザーや送信元に拒否されます。ファイルを更新してください（自動で反映されます）。", one.setting, end.UTC().Format(time.RFC3339))})
		case left < expiresSoon:
			all = append(all, problem{"warning", i18n.F(
				"The certificate of %[1]s expires in %[2]d days. Replace the files; they are taken up by themselves.",
				"%[1]s の証明書の有効期限まであと %[2]d 日です。ファイルを更新してください（自動で反映されます）。", one.setting, int(left/(24*time.Hour)))})
		}
		if err := one.source.Err(); err != nil {
			text := fault.Of(err).Text
			all = append(all, problem{"warning", i18n.T(
				"The TLS files of "+one.setting+" have changed and cannot be used; the certificate of before stays. "+text.En,
				one.setting+" の TLS ファイルが変更されましたが使用できないため、以前の証明書を使い続けています。"+text.Ja)})
		}
	}
	return all
}
