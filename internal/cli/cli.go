// Package cli is the command line: the server's commands, and those that ask a running
// server through the API's client.
//
// Output for people is tables, in the language of LANG or --lang; --json is for programs
// and is the same in every language. Exit status: 0 done, 1 it failed, 2 the command
// line was wrong.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Process is what a program gets from outside.
type Process struct {
	Args           []string // without the program's name
	Lookup         func(name string) (string, bool)
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Exe            string // path of this program
	Version        string
}

func (p Process) env(name string) string {
	v, _ := p.Lookup(name)
	return v
}

// commands is the command line. Help texts are in texts.go, in both languages.
type commands struct {
	Lang string `help:"${lang}" enum:",ja,en" default:"" placeholder:"ja|en"`

	Serve     serveCmd     `cmd:"" help:"${serve}" group:"server"`
	Demo      demoCmd      `cmd:"" help:"${demo}" group:"server"`
	Doctor    doctorCmd    `cmd:"" help:"${doctor}" group:"server"`
	Health    healthCmd    `cmd:"" help:"${health}" group:"server"`
	Restore   restoreCmd   `cmd:"" help:"${restore}" group:"server"`
	Services  servicesCmd  `cmd:"" help:"${services}" group:"ask"`
	Logs      logsCmd      `cmd:"" help:"${logs}" group:"ask"`
	Spans     spansCmd     `cmd:"" help:"${spans}" group:"ask"`
	Trace     traceCmd     `cmd:"" help:"${trace}" group:"ask"`
	Explain   explainCmd   `cmd:"" help:"${explain}" group:"ask"`
	Metrics   metricsCmd   `cmd:"" help:"${metrics}" group:"ask"`
	MCP       mcpCmd       `cmd:"" name:"mcp" help:"${mcp}" group:"ask"`
	Release   releaseCmd   `cmd:"" help:"${release}" group:"ask"`
	Teams     teamsCmd     `cmd:"" help:"${teams}" group:"ask"`
	Owners    ownersCmd    `cmd:"" help:"${owners}" group:"ask"`
	Check     checkCmd     `cmd:"" help:"${check}" group:"other"`
	Backup    backupCmd    `cmd:"" help:"${backup}" group:"other"`
	Retention retentionCmd `cmd:"" help:"${retention}" group:"other"`
	Archive   archiveCmd   `cmd:"" help:"${archive}" group:"other"`
	Rebuild   rebuildCmd   `cmd:"" help:"${rebuild}" group:"other"`
	OpenAPI   openapiCmd   `cmd:"" name:"openapi" help:"${openapi}" group:"other"`
	Version   versionCmd   `cmd:"" help:"${version}" group:"other"`
	Engine    engineCmd    `cmd:"" hidden:"" passthrough:""`
}

// session is what a command runs with.
type session struct {
	Process
	ctx  context.Context
	lang i18n.Lang
}

func (s *session) text(t i18n.Text) string { return t.In(s.lang) }

// Main runs a command line and gives the exit status.
func Main(ctx context.Context, p Process) int {
	lang := language(p)
	s := &session{Process: p, ctx: ctx, lang: lang}
	var c commands
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("yagura"), kong.Description(s.text(about)),
		kong.Writers(p.Stdout, p.Stderr),
		kong.Exit(func(code int) { exit = code }),
		kong.Vars(helpTexts(lang)),
		kong.Help(printHelp(lang)),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "server", Title: groupServer.In(lang)}, {Key: "ask", Title: groupAsk.In(lang)}, {Key: "other", Title: groupOther.In(lang)},
		}),
	)
	if err != nil {
		_, _ = fmt.Fprintln(p.Stderr, err)
		return 1
	}
	args := p.Args
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 { // help was printed
		return exit
	}
	if err != nil {
		_, _ = fmt.Fprintf(p.Stderr, "yagura: %s\n%s\n", clean(s.text(mistake(err, args))), s.text(i18n.T(`See "yagura --help".`, "「yagura --help」を参照してください。")))
		return 2
	}
	if err := parsed.Run(s); err != nil {
		s.complain(err)
		return 1
	}
	return 0
}

// complain says what went wrong to a person.
func (s *session) complain(err error) {
	if errors.Is(err, errUnwell) || errors.Is(err, context.Canceled) && s.ctx.Err() != nil {
		return // it is said already, or they pressed Ctrl-C and know
	}
	msg := err.Error()
	var f *fault.Error
	var p *client.Problem
	var unreached *url.Error
	switch {
	case errors.As(err, &p):
		msg = p.Error()
		if p.Status == http.StatusUnauthorized {
			msg += "\n  " + s.text(i18n.T("Give an API token (Settings → Tokens) by --token or YAGURA_TOKEN.", "API トークン（設定 → トークンで作成）を --token または YAGURA_TOKEN で指定してください。"))
		}
	case errors.As(err, &unreached):
		msg = s.text(i18n.F("The server does not answer (%s). Is it running there? --server or YAGURA_SERVER names another address.",
			"サーバーに接続できません（%s）。起動しているか確認してください。--server または YAGURA_SERVER で接続先を指定できます。", unreached.Err))
	case errors.As(err, &f):
		msg = s.text(f.Text)
		if f.Field != "" {
			msg = f.Field + ": " + msg
		}
		if f.Code == fault.Internal {
			msg += "\n  " + err.Error() // there is no other log to look into
		}
	}
	_, _ = fmt.Fprintf(s.Stderr, "yagura: %s\n", clean(msg))
}

// language is what --lang says, else the first of the environment's variables that is set.
func language(p Process) i18n.Lang {
	for i, a := range p.Args {
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			return i18n.Parse(v)
		}
		if a == "--lang" && i+1 < len(p.Args) {
			return i18n.Parse(p.Args[i+1])
		}
	}
	for _, name := range []string{"YAGURA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := p.env(name); v != "" {
			return i18n.Parse(v)
		}
	}
	return i18n.En
}

type versionCmd struct{}

func (versionCmd) Run(s *session) error {
	_, err := fmt.Fprintln(s.Stdout, s.Version)
	return err
}
