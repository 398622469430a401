package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// remote are the flags of every command that asks a server.
type remote struct {
	Server string `help:"${server}" env:"YAGURA_SERVER" default:"http://127.0.0.1:7700" placeholder:"URL"`
	Token  string `help:"${token}" env:"YAGURA_TOKEN" placeholder:"yag_..."`
	JSON   bool   `help:"${json}" name:"json"`
	UTC    bool   `help:"${utc}" name:"utc"`
}

func (r remote) open(s *session) (*client.ClientWithResponses, error) {
	if !strings.HasPrefix(r.Server, "http://") && !strings.HasPrefix(r.Server, "https://") {
		return nil, fault.Field("--server", i18n.F("%q is no address; write http://host:7700.", "%q はアドレスではありません。http://host:7700 のように指定してください。", r.Server))
	}
	return client.Open(r.Server, r.Token, string(s.lang))
}

// print is for programs: JSON, indented, as the API has it.
func (s *session) print(v any) error {
	e := json.NewEncoder(s.Stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// at renders a time of a row.
func (r remote) at(t time.Time) string {
	if r.UTC {
		return t.UTC().Format("2006-01-02 15:04:05.000Z")
	}
	return t.Local().Format("2006-01-02 15:04:05.000")
}

// period are the flags of commands that look at a range of time.
type period struct {
	Since string `help:"${since}" default:"1h" placeholder:"1h"`
	From  string `help:"${from}" placeholder:"TIME"`
	To    string `help:"${to}" placeholder:"TIME"`
	Env   string `help:"${only_env}" placeholder:"NAME"`
}

// bounds are what the API takes: --from wins over --since.
func (p period) bounds() (from, to *string) {
	begin, end := p.From, p.To
	if begin == "" {
		begin = "-" + strings.TrimPrefix(p.Since, "-")
	}
	if end == "" {
		end = "now"
	}
	return &begin, &end
}

func ptr[T any](v T) *T { return &v }

type servicesCmd struct {
	remote
	period
}

func (c servicesCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	from, to := c.bounds()
	r, err := client.Do(api.ListServicesWithResponse(s.ctx, &client.ListServicesParams{From: from, To: to, Env: &c.Env, Steps: ptr(int64(1))}))
	if err != nil {
		return err
	}
	if c.JSON {
		return s.print(r.JSON200)
	}
	if len(r.JSON200.Items) == 0 {
		return s.nothing(i18n.T("No service sent anything in this range. \"yagura serve\" prints how to send; --since 24h looks further back.",
			"この期間にデータを送ったサービスはありません。送り方は yagura serve の起動時に表示されます。--since 24h でさらに遡れます。"))
	}
	t := newTable(s.all(
		i18n.T("SERVICE", "サービス"), i18n.T("ENV", "環境"), i18n.T("REQUESTS", "リクエスト"), i18n.T("ERRORS", "エラー"), i18n.T("RATE", "エラー率"),
		i18n.T("P50", "P50"), i18n.T("P95", "P95"), i18n.T("P99", "P99"), i18n.T("LOGS", "ログ"), i18n.T("LAST SEEN", "最終受信"))...).numbers(2, 3, 4, 5, 6, 7, 8)
	for _, v := range r.JSON200.Items {
		p := func(ns int64) string {
			if v.Requests.Count == 0 {
				return "-"
			}
			return duration(float64(ns))
		}
		t.row(oneLine(v.Service), oneLine(v.Env), i18n.Group(uint64(v.Requests.Count)), i18n.Group(uint64(v.Requests.Errors)), percent(uint64(v.Requests.Errors), uint64(v.Requests.Count)),
			p(v.Requests.P50Ns), p(v.Requests.P95Ns), p(v.Requests.P99Ns), i18n.Group(uint64(v.Logs)), c.at(v.LastSeen))
	}
	return t.write(s.Stdout)
}

// all renders texts in the session's language.
func (s *session) all(texts ...i18n.Text) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = s.text(t)
	}
	return out
}

// nothing tells a person why the output is empty; on standard error, so that a pipe sees
// an empty answer.
func (s *session) nothing(t i18n.Text) error {
	_, err := fmt.Fprintln(s.Stderr, s.text(t))
	return err
}

var nothingFound = i18n.T("Nothing found. --since 24h looks further back; the filter * selects everything.",
	"見つかりませんでした。--since 24h でさらに遡れます。フィルター * はすべてを選びます。")
