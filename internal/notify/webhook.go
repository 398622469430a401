package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Headers of a webhook. The signature is "v1=" and the hex HMAC-SHA256 of the timestamp, a
// dot and the body, with the destination's secret.
const (
	HeaderDelivery  = "X-Yagura-Delivery"
	HeaderTimestamp = "X-Yagura-Timestamp"
	HeaderSignature = "X-Yagura-Signature"
)

// webhookBody is the JSON that a webhook receives.
type webhookBody struct {
	ID       string          `json:"id"` // the same when it is sent again
	Kind     string          `json:"kind"`
	Key      string          `json:"key"`
	Severity Severity        `json:"severity"`
	Time     time.Time       `json:"time"`
	Title    string          `json:"title"`
	Text     string          `json:"text"`
	Fields   []webhookField  `json:"fields"`
	Links    []webhookLink   `json:"links"`
	Data     json.RawMessage `json:"data,omitempty"`
}

type webhookField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type webhookLink struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// Sign is the signature of a webhook's body at a time, in Unix seconds.
func Sign(secret string, timestamp int64, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(strconv.FormatInt(timestamp, 10) + "."))
	m.Write(body)
	return "v1=" + hex.EncodeToString(m.Sum(nil))
}

func (s *Service) sendWebhook(ctx context.Context, d Destination, dl Delivery, secret func(string) (string, error)) error {
	key, err := secret(d.Settings.Secret)
	if err != nil {
		return err
	}
	m, lang := dl.Message, d.Lang
	b := webhookBody{ID: dl.ID, Kind: m.Kind, Key: m.Key, Severity: m.Severity, Time: m.Time.UTC(), Title: m.Title.In(lang), Text: m.Text.In(lang),
		Fields: []webhookField{}, Links: []webhookLink{}, Data: m.Data}
	for _, f := range m.Fields {
		b.Fields = append(b.Fields, webhookField{f.Name.In(lang), f.Value.In(lang)})
	}
	for _, l := range m.Links {
		b.Links = append(b.Links, webhookLink{l.Text.In(lang), s.link(l.URL)})
	}
	body, err := json.Marshal(b)
	if err != nil {
		return permanent{err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Settings.URL, bytes.NewReader(body))
	if err != nil {
		return permanent{err}
	}
	at := s.Clock.Now().Unix()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(HeaderDelivery, dl.ID)
	r.Header.Set(HeaderTimestamp, strconv.FormatInt(at, 10))
	r.Header.Set(HeaderSignature, Sign(key, at, body))
	resp, err := s.Guard.Client().Do(r)
	if err != nil {
		return refusal(err)
	}
	defer func() { _ = resp.Body.Close() }() // what it says more does not matter
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
	return s.answer(resp, string(said))
}

// answer judges an HTTP answer.
func (s *Service) answer(resp *http.Response, said string) error {
	code := resp.StatusCode
	if code >= 200 && code < 300 {
		return nil
	}
	said = cut(strings.Join(strings.Fields(strings.ToValidUTF8(said, "?")), " "), 200)
	f := fault.New(fault.Unavailable, i18n.F("%[1]s answered %[2]d: %[3]s", "%[1]s が %[2]d を返しました: %[3]s", resp.Request.URL.Host, code, said))
	switch {
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		f.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), s.Clock)
		return f
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code >= 500:
		return f
	}
	return permanent{f}
}

// retryAfter reads the header: seconds, or a date. It is believed up to an hour.
func retryAfter(v string, c clock.Clock) time.Duration {
	var d time.Duration
	if n, err := strconv.Atoi(v); err == nil {
		d = time.Duration(min(max(n, 0), 3600)) * time.Second
	} else if t, err := http.ParseTime(v); err == nil {
		d = t.Sub(c.Now())
	}
	return min(max(d, 0), time.Hour)
}

// refusal makes what the guard refused permanent, and says who may allow it.
func refusal(err error) error {
	if fault.Is(err, fault.Forbidden) {
		return permanent{fault.Wrap(err, fault.Forbidden, i18n.F(
			"%s notify.allow_networks in the configuration allows internal addresses.",
			"%s 内部アドレスへの送信は、設定の notify.allow_networks で許可できます。", fault.Of(err).Text))}
	}
	return err
}
