package code

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Folder is where in a repository of several services one of them may be.
type Folder struct {
	Path   string
	Reason i18n.Text
	score  int
}

// manifests are files that stand where a program begins.
var manifests = map[string]bool{"go.mod": true, "package.json": true, "pom.xml": true, "build.gradle": true, "build.gradle.kts": true, "Gemfile": true, "pyproject.toml": true,
	"requirements.txt": true, "Cargo.toml": true, "composer.json": true, "Dockerfile": true, "main.go": true, "mix.exs": true, "catalog-info.yaml": true}

// folders are where a service may be: those of its name, best those that a program begins
// in.
func folders(paths []string, service string) []Folder {
	want := fold(service)
	begins := map[string]string{}
	all := map[string]bool{}
	for _, p := range paths {
		dir := path.Dir(p)
		if manifests[path.Base(p)] && begins[dir] == "" {
			begins[dir] = path.Base(p)
		}
		for d := dir; d != "." && !all[d]; d = path.Dir(d) {
			all[d] = true
		}
	}
	var out []Folder
	for d := range all {
		name := fold(path.Base(d))
		f := Folder{Path: d}
		switch {
		case name == want:
			f.score = 10
			f.Reason = i18n.T("The folder is called as the service.", "フォルダー名がサービス名と一致します。")
		case len(name) >= 3 && (strings.HasPrefix(want, name) || strings.HasSuffix(want, name)) && begins[d] != "":
			f.score = 4
			f.Reason = i18n.T("The service's name begins or ends with the folder's.", "サービス名がフォルダー名で始まるか終わります。")
		default:
			continue
		}
		if m := begins[d]; m != "" {
			f.score += 5
			f.Reason.En += " It has a " + m + "."
			f.Reason.Ja += m + " があります。"
		}
		f.score -= strings.Count(d, "/")
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Folder) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.Path, b.Path))
	})
	return out[:min(len(out), 5)]
}

// fold makes names that people write in several ways the same.
func fold(s string) string {
	s = strings.ToLower(s)
	s = strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(s)
	for _, suffix := range []string{"service", "svc", "api", "server", "app"} {
		if rest := strings.TrimSuffix(s, suffix); len(rest) >= 3 {
			s = rest
		}
	}
	return s
}
