package tlsfile

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
)

// Plain is what a port with TLS answers to who speaks without: the beginning of what they
// sent, at most 4 KiB, to the bytes of an answer.
type Plain func(head []byte) []byte

// Listen speaks TLS on l. protos are what ALPN offers ("h2", "http/1.1"); plain answers
// those who do not speak it.
func (s *Source) Listen(l net.Listener, plain Plain, protos ...string) net.Listener {
	outer := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protos}
	var mu sync.Mutex
	made := map[*state]*tls.Config{} // the one that is served, so that sessions can be resumed
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		st := s.now.Load()
		mu.Lock()
		defer mu.Unlock()
		if made[st] == nil {
			clear(made)
			c := st.conf.Clone()
			c.NextProtos = protos
			made[st] = c
		}
		return made[st], nil
	}
	return &listener{l, outer, plain}
}

type listener struct {
	net.Listener
	conf  *tls.Config
	plain Plain
}

// Accept does not wait for anybody to speak: the handshake is made by who reads.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(&peeking{Conn: c, plain: l.plain}, l.conf), nil
}

var errPlain = errors.New("tlsfile: the client does not speak TLS")

// peeking looks at the first byte of a connection: that of a TLS record is 22, which no
// text begins with.
type peeking struct {
	net.Conn
	plain Plain
	known bool
}

func (c *peeking) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.known || n == 0 {
		return n, err
	}
	c.known = true
	const record = 22
	if b[0] == record {
		return n, err
	}
	c.answer(bytes.Clone(b[:n]))
	return 0, errPlain
}

// answer reads on until the head is whole, answers, and lets the other side read it: what
// lies unread when a connection is closed makes the kernel throw the answer away.
func (c *peeking) answer(head []byte) {
	_ = c.SetDeadline(clock.Real{}.Now().Add(2 * time.Second))
	buf := make([]byte, 4<<10)
	for len(head) < len(buf) && !bytes.Contains(head, []byte("\r\n\r\n")) {
		n, err := c.Conn.Read(buf[:len(buf)-len(head)])
		head = append(head, buf[:n]...)
		if err != nil {
			break
		}
	}
	if _, err := c.Conn.Write(c.plain(head)); err != nil {
		return // they went away
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, c.Conn, 256<<10)
	}
}

// Refuse answers HTTP/1 with a sentence, and HTTP/2 (gRPC) with its way to say the same.
func Refuse(sentence string) Plain {
	return func(head []byte) []byte {
		if bytes.HasPrefix(head, []byte("PRI * HTTP/2.0")) {
			return goAway(sentence)
		}
		return text("400 Bad Request", sentence)
	}
}

// Redirect sends browsers to the same address by https. Programs are refused: one that is
// redirected would show its token in the clear at every call, and nobody would notice.
func Redirect(sentence string) Plain {
	refuse := Refuse(sentence)
	return func(head []byte) []byte {
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil || req.Method != http.MethodGet && req.Method != http.MethodHead || req.Host == "" ||
			req.Header.Get("Authorization") != "" || strings.HasPrefix(req.URL.Path, "/api") || strings.ContainsAny(req.Host, "/\\@?# ") {
			return refuse(head)
		}
		return text("308 Permanent Redirect", sentence, "Location: https://"+req.Host+req.URL.RequestURI())
	}
}

func text(status, sentence string, header ...string) []byte {
	lines := append([]string{"HTTP/1.1 " + status, "Content-Type: text/plain; charset=utf-8",
		fmt.Sprintf("Content-Length: %d", len(sentence)+1), "Connection: close"}, header...)
	return []byte(strings.Join(lines, "\r\n") + "\r\n\r\n" + sentence + "\n")
}

// goAway is two frames of HTTP/2: empty settings, and GOAWAY for want of security
// (INADEQUATE_SECURITY), whose debug data clients show.
func goAway(sentence string) []byte {
	out := []byte{0, 0, 0, 4, 0, 0, 0, 0, 0}
	n := 8 + len(sentence)
	out = append(out, byte(n>>16), byte(n>>8), byte(n), 7, 0, 0, 0, 0, 0)
	out = append(out, 0, 0, 0, 0, 0, 0, 0, 0xc)
	return append(out, sentence...)
}
