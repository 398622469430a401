package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// mailMessage gives a message the form of a mail: text, and the same as HTML.
func (s *Service) mailMessage(d Destination, dl Delivery) (*mail.Msg, error) {
	m, lang := dl.Message, d.Lang
	// Base64 suits Japanese: quoted-printable would make it three times as long.
	msg := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingB64))
	if err := msg.From(d.Settings.From); err != nil {
		return nil, err
	}
	if err := msg.To(d.Settings.To...); err != nil {
		return nil, err
	}
	title := strings.Join(strings.Fields(m.Title.In(lang)), " ") // a line: headers must not be broken into
	msg.Subject(cut("["+"Yagura"+"] "+title, 200))
	msg.SetDateWithValue(m.Time)
	_, domain, _ := strings.Cut(d.Settings.From, "@")
	msg.SetMessageIDWithValue(dl.ID + "@" + strings.Trim(domain, "> "))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Yagura-Delivery", dl.ID)
	msg.SetUserAgent("Yagura")

	var text, page strings.Builder
	text.WriteString(title + "\n\n")
	fmt.Fprintf(&page, "<!doctype html><html lang=%q><body style=\"font-family:sans-serif\"><h2>%s</h2>", string(lang), html.EscapeString(title))
	if body := strings.TrimSpace(m.Text.In(lang)); body != "" {
		text.WriteString(body + "\n\n")
		page.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(body), "\n", "<br>") + "</p>")
	}
	if len(m.Fields) > 0 {
		page.WriteString("<table>")
		for _, f := range m.Fields {
			fmt.Fprintf(&text, "%s: %s\n", f.Name.In(lang), f.Value.In(lang))
			fmt.Fprintf(&page, "<tr><th align=\"left\">%s</th><td>%s</td></tr>", html.EscapeString(f.Name.In(lang)), html.EscapeString(f.Value.In(lang)))
		}
		page.WriteString("</table>")
	}
	for _, l := range m.Links {
		u := s.link(l.URL)
		fmt.Fprintf(&text, "\n%s: %s", l.Text.In(lang), u)
		fmt.Fprintf(&page, "<p><a href=%q>%s</a></p>", html.EscapeString(u), html.EscapeString(l.Text.In(lang)))
	}
	text.WriteString("\n")
	page.WriteString("</body></html>")
	msg.SetBodyString(mail.TypeTextPlain, text.String())
	msg.AddAlternativeString(mail.TypeTextHTML, page.String())
	return msg, nil
}

func (s *Service) sendMail(ctx context.Context, d Destination, dl Delivery, secret func(string) (string, error)) error {
	set := d.Settings
	msg, err := s.mailMessage(d, dl)
	if err != nil {
		return permanent{err}
	}
	conf := s.tlsConfig(set.Host)
	opts := []mail.Option{mail.WithPort(set.Port), mail.WithTimeout(sendTimeout), mail.WithTLSConfig(conf), mail.WithoutNoop()}
	dial := s.Guard.DialContext
	switch set.TLS {
	case Implicit:
		opts = append(opts, mail.WithSSL())
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := s.Guard.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			t := tls.Client(c, conf)
			if err := t.HandshakeContext(ctx); err != nil {
				_ = c.Close() // the handshake's error says more
				return nil, err
			}
			return t, nil
		}
	case Plain:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	opts = append(opts, mail.WithDialContextFunc(dial))
	if set.User != "" {
		password, err := secret(set.Password)
		if err != nil {
			return err
		}
		opts = append(opts, mail.WithSMTPAuthCustom(&signIn{user: set.User, password: password, host: set.Host}))
	}
	client, err := mail.NewClient(set.Host, opts...)
	if err != nil {
		return permanent{err}
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return mailFault(set, err)
	}
	return nil
}

// signIn takes the way that the server offers. The library's own choice does not know that
// a connection which we opened is encrypted.
type signIn struct {
	user, password, host string
	smtp.Auth
}

// Start begins the chosen way; only over TLS, as the ways send the password itself.
func (a *signIn) Start(server *smtp.ServerInfo) (string, []byte, error) {
	switch {
	case slices.Contains(server.Auth, "PLAIN"):
		a.Auth = smtp.PlainAuth("", a.user, a.password, a.host, false)
	case slices.Contains(server.Auth, "LOGIN"):
		a.Auth = smtp.LoginAuth(a.user, a.password, a.host, false)
	case slices.Contains(server.Auth, "CRAM-MD5"):
		a.Auth = smtp.CRAMMD5Auth(a.user, a.password)
	default:
		return "", nil, fault.New(fault.Unavailable, i18n.F("%s offers no way to sign in that Yagura knows (PLAIN, LOGIN, CRAM-MD5).",
			"%s は Yagura が対応する認証方式（PLAIN、LOGIN、CRAM-MD5）を提供していません。", a.host))
	}
	return a.Auth.Start(server)
}

// mailFault says what a mail server refused, and whether it may take it later: its codes
// of 5xx are final.
func mailFault(set Settings, err error) error {
	if fault.Is(err, fault.Forbidden) {
		return refusal(err)
	}
	code, said := 0, ""
	var answer *textproto.Error
	var failed *mail.SendError
	switch {
	case errors.As(err, &answer):
		code, said = answer.Code, answer.Msg
	case errors.As(err, &failed):
		code, said = failed.ErrorCode(), failed.Error()
	}
	if code == 0 {
		return err
	}
	f := fault.Wrap(err, fault.Unavailable, i18n.F("%[1]s answered %[2]d: %[3]s", "%[1]s が %[2]d を返しました: %[3]s",
		set.Host, code, cut(strings.Join(strings.Fields(strings.ToValidUTF8(said, "?")), " "), 200)))
	// 535 and its like are a wrong password, which an administrator may mend meanwhile.
	if code >= 500 && code != 530 && code != 534 && code != 535 && code != 538 {
		return permanent{f}
	}
	return f
}

func (s *Service) tlsConfig(host string) *tls.Config {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.TLS != nil {
		conf = s.TLS.Clone()
	}
	conf.ServerName = host
	return conf
}
