package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type teamsCmd struct{ remote }

func (c teamsCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	r, err := client.Do(api.ListTeamsWithResponse(s.ctx))
	if err != nil {
		return err
	}
	if c.JSON {
		return s.print(r.JSON200)
	}
	if len(r.JSON200.Items) == 0 {
		return s.nothing(i18n.T("There are no teams yet. Settings → Teams makes them.", "チームはまだありません。設定 → チームで追加できます。"))
	}
	t := newTable(s.all(i18n.T("TEAM", "チーム"), i18n.T("SLUG", "スラッグ"), i18n.T("MEMBERS", "メンバー"), i18n.T("LEADS", "リード"), i18n.T("PRODUCTS", "プロダクト"), i18n.T("ID", "ID"))...).numbers(2, 3, 4)
	for _, v := range r.JSON200.Items {
		t.row(oneLine(v.Name), v.Slug, i18n.Group(uint64(v.Members)), i18n.Group(uint64(v.Leads)), i18n.Group(uint64(v.Products)), v.ID)
	}
	return t.write(s.Stdout)
}

type ownersCmd struct {
	List   ownersListCmd   `cmd:"" default:"withargs" help:"${owners_list}"`
	Import ownersImportCmd `cmd:"" help:"${owners_import}"`
}

type ownersListCmd struct {
	remote
	Team     string `help:"${owners_team}" placeholder:"SLUG"`
	Unowned  bool   `help:"${owners_unowned}" xor:"state"`
	Problems bool   `help:"${owners_problems}" xor:"state"`
}

func (c ownersListCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	in := &client.ListOwnersParams{Team: &c.Team}
	switch {
	case c.Unowned:
		in.State = ptr(client.ListOwnersParamsState("unowned"))
	case c.Problems:
		in.State = ptr(client.ListOwnersParamsState("problems"))
	}
	r, err := client.Do(api.ListOwnersWithResponse(s.ctx, in))
	if err != nil {
		return err
	}
	if c.JSON {
		return s.print(r.JSON200)
	}
	if len(r.JSON200.Items) == 0 {
		return s.nothing(i18n.T("No such service.", "該当するサービスはありません。"))
	}
	t := newTable(s.all(i18n.T("SERVICE", "サービス"), i18n.T("TEAM", "チーム"), i18n.T("BY", "根拠"), i18n.T("PRODUCT", "プロダクト"), i18n.T("BY", "根拠"), i18n.T("DOES NOT AGREE", "不一致"))...)
	for _, v := range r.JSON200.Items {
		var team, teamBy, product, productBy string
		if v.Team != nil {
			team, teamBy = v.Team.Slug, string(*v.TeamFrom)
		}
		if v.Product != nil {
			product, productBy = v.Product.Slug, string(*v.ProductFrom)
		}
		var problems []string
		for _, p := range v.Problems {
			problems = append(problems, string(p))
		}
		t.row(oneLine(v.Service), team, teamBy, product, productBy, strings.Join(problems, " "))
	}
	return t.write(s.Stdout)
}

type ownersImportCmd struct {
	remote
	File    string `arg:"" help:"${owners_file}"`
	Name    string `help:"${owners_name}" placeholder:"NAME"`
	Create  bool   `help:"${owners_create}"`
	Preview bool   `help:"${owners_preview}"`
}

func (c ownersImportCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	var text []byte
	name := c.Name
	if c.File == "-" {
		text, err = io.ReadAll(io.LimitReader(s.Stdin, 4<<20))
	} else {
		text, err = os.ReadFile(c.File)
		if name == "" {
			name = filepath.Base(c.File)
		}
	}
	if err != nil {
		return fault.Field("FILE", i18n.F("The file cannot be read: %s", "ファイルを読み取れません: %s", err))
	}
	if name == "" {
		return fault.Field("--name", i18n.T("What is read from standard input needs a name.", "標準入力から読み込む場合は名前を指定してください。"))
	}
	r, err := client.Do(api.ImportOwnersWithResponse(s.ctx, client.ImportOwnersJSONRequestBody{Name: name, Text: string(text), Create: &c.Create, Preview: &c.Preview}))
	if err != nil {
		return err
	}
	v := r.JSON200
	if c.JSON {
		return s.print(v)
	}
	done := i18n.F("%s: %d statements about %d services were taken over.", "%s: %d 件の指定（サービス %d 件）を取り込みました。", name, v.Claims, len(v.Services))
	if !v.Done {
		done = i18n.F("%s: %d statements about %d services would be taken over.", "%s: %d 件の指定（サービス %d 件）が取り込み対象です。", name, v.Claims, len(v.Services))
	}
	lines := []string{s.text(done)}
	for _, l := range []struct {
		label i18n.Text
		names []string
	}{
		{i18n.T("made", "作成"), append(v.Teams, v.Products...)},
		{i18n.T("not there", "存在しない指定"), v.Unknown},
		{i18n.T("not used", "使用しない項目"), v.Left},
	} {
		if len(l.names) > 0 {
			lines = append(lines, "  "+s.text(l.label)+": "+oneLine(strings.Join(l.names, ", ")))
		}
	}
	_, err = fmt.Fprintln(s.Stdout, strings.Join(lines, "\n"))
	return err
}
