package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/yagura-sre/yagura/internal/app/doctor"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type doctorCmd struct {
	Config  string `help:"${config}" type:"path" placeholder:"FILE"`
	DataDir string `help:"${data_dir}" placeholder:"DIR"`
	Server  string `help:"${doctor_server}" placeholder:"URL"`
	JSON    bool   `help:"${json}" name:"json"`
}

// errUnwell ends a command with status 1 when everything has been said.
var errUnwell = errors.New("there is something to mend")

// Run makes the checks. A warning is no failure: the exit status is for scripts that ask
// whether the server can start.
func (c doctorCmd) Run(s *session) error {
	found := c.examine(s)
	if c.JSON {
		if err := s.print(findingsOf(found)); err != nil {
			return err
		}
	} else if err := c.show(s, found); err != nil {
		return err
	}
	if doctor.Worst(found) == doctor.Failure {
		return errUnwell
	}
	return nil
}

func (c doctorCmd) examine(s *session) []doctor.Finding {
	flags := map[string]string{}
	if c.DataDir != "" {
		flags["data_dir"] = c.DataDir
	}
	cfg, err := config.Load(c.Config, s.Lookup, flags)
	if err == nil {
		cfg.DataDir, err = filepath.Abs(cfg.DataDir)
	}
	if err != nil {
		f := doctor.Finding{Check: "config", Status: doctor.Failure, Text: i18n.T(err.Error(), err.Error()),
			Mend: i18n.T("Correct it; docs/guide/en/run.md says where each setting is described.", "設定を修正してください。各設定の説明は docs/guide/ja/run.md を参照してください。")}
		if known := fault.Of(err); known.Code != fault.Internal {
			f.Text = known.Text
		}
		return []doctor.Finding{f}
	}
	found := []doctor.Finding{{Check: "config", Status: doctor.OK, Text: i18n.T("The configuration can be read and fits together.", "設定を読み取れ、矛盾もありません。")}}
	return append(found, doctor.Examine(s.ctx, doctor.Options{Config: cfg, Exe: s.Exe, Server: c.Server})...)
}

var marks = map[doctor.Status]string{doctor.OK: "✓", doctor.Warning: "!", doctor.Failure: "✗", doctor.Skipped: "-"}

func (c doctorCmd) show(s *session, found []doctor.Finding) error {
	var b strings.Builder
	n := map[doctor.Status]int{}
	for _, f := range found {
		n[f.Status]++
		for i, line := range strings.Split(clean(s.text(f.Text)), "\n") {
			mark := marks[f.Status]
			if i > 0 {
				mark = " "
			}
			fmt.Fprintf(&b, "%s %s\n", mark, line)
		}
		if mend := s.text(f.Mend); mend != "" {
			fmt.Fprintf(&b, "    → %s\n", clean(mend))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", s.text(i18n.F("%[1]d good, %[2]d to see to, %[3]d to mend.", "正常 %[1]d 件、注意 %[2]d 件、要対応 %[3]d 件。", n[doctor.OK], n[doctor.Warning], n[doctor.Failure])))
	_, err := fmt.Fprint(s.Stdout, b.String())
	return err
}

// findingWire is a finding for programs: in English, as all output of --json is the same
// in every language.
type findingWire struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Text   string `json:"text"`
	Mend   string `json:"mend,omitempty"`
}

type findingsWire struct {
	Status string        `json:"status"`
	Checks []findingWire `json:"checks"`
}

func findingsOf(found []doctor.Finding) findingsWire {
	out := findingsWire{Status: string(doctor.Worst(found)), Checks: []findingWire{}}
	for _, f := range found {
		out.Checks = append(out.Checks, findingWire{f.Check, string(f.Status), f.Text.En, f.Mend.En})
	}
	return out
}
