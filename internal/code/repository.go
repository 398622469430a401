package code

import (
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Kind is where a repository is.
type Kind string

// The kinds.
const (
	GitHub Kind = "github" // on github.com, or a GitHub Enterprise Server
	Local  Kind = "local"  // a clone on this machine, bare or not
)

// Repository is where source is.
type Repository struct {
	ID   string
	Name string
	Kind Kind
	// Address is https://github.com/owner/name, or the clone's folder.
	Address string
	Branch  string // "" is the default one
	Secret  string // reference to a token, for GitHub; "" for what everybody may read
	Checked time.Time
	Problem string // why it could not be read when it was checked; "" if it could
	Changed time.Time
}

// Binding says what a service is built from.
type Binding struct {
	Service    string
	Repository string // its id
	Folder     string // in a repository of several services: this one's; "" is the whole
	Changed    time.Time
}

var branchForm = regexp.MustCompile(`^[A-Za-z0-9._/@+-]{0,200}$`)

// validate checks and tidies what a person gave. folders are where clones may lie.
func (r *Repository) validate(folders []string) error {
	r.Name, r.Address, r.Branch, r.Secret = strings.TrimSpace(r.Name), strings.TrimSpace(r.Address), strings.TrimSpace(r.Branch), strings.TrimSpace(r.Secret)
	switch r.Kind {
	case GitHub:
		r.Address = strings.TrimSuffix(strings.TrimSuffix(r.Address, "/"), ".git")
		u, err := url.Parse(r.Address)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || len(strings.Split(strings.Trim(u.Path, "/"), "/")) != 2 {
			return fault.Field("address", i18n.F("%q is no repository of GitHub; write https://github.com/owner/name.", "%q は GitHub のリポジトリではありません。https://github.com/owner/name の形式で指定してください。", r.Address))
		}
	case Local:
		clean := filepath.Clean(r.Address)
		if !filepath.IsAbs(clean) || !inFolders(clean, folders) {
			if len(folders) == 0 {
				return fault.Field("address", i18n.T("No folder may be read: name those with clones under code.folders in the configuration.",
					"読み取りを許可されたフォルダーがありません。設定ファイルの code.folders にクローンのあるフォルダーを指定してください。"))
			}
			return fault.Field("address", i18n.F("%q lies in none of the folders of code.folders (%s).", "%q は code.folders のフォルダー（%s）の中にありません。", r.Address, strings.Join(folders, ", ")))
		}
		r.Address, r.Secret = clean, ""
	default:
		return fault.Field("kind", i18n.T("It is github or local.", "github または local を指定してください。"))
	}
	if r.Name == "" {
		r.Name = path.Base(filepath.ToSlash(r.Address))
	}
	if len(r.Name) > 100 {
		return fault.Field("name", i18n.T("A name has at most 100 bytes.", "名前は 100 バイト以内にしてください。"))
	}
	if !branchForm.MatchString(r.Branch) {
		return fault.Field("branch", i18n.F("%q is no name of a branch.", "%q はブランチ名として使えません。", r.Branch))
	}
	return nil
}

// inFolders says that a path is one of the folders or lies below one, also when links are
// followed.
func inFolders(p string, folders []string) bool {
	real, err := filepath.EvalSymlinks(p)
	if err != nil {
		real = p // it may not be there yet; reading it will say so
	}
	for _, f := range folders {
		if e, err := filepath.EvalSymlinks(f); err == nil {
			f = e
		}
		rel, err := filepath.Rel(f, real)
		if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// owner and name of a repository on GitHub.
func (r Repository) slug() (owner, name string) {
	u, err := url.Parse(r.Address)
	if err != nil {
		return "", ""
	}
	owner, name, _ = strings.Cut(strings.Trim(u.Path, "/"), "/")
	return owner, name
}

// link is the page that shows a line; "" where there is none.
func (r Repository) link(commit, file string, line int) string {
	if r.Kind != GitHub {
		return ""
	}
	parts := strings.Split(file, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return r.Address + "/blob/" + url.PathEscape(commit) + "/" + strings.Join(parts, "/") + "#L" + strconv.Itoa(line)
}

// validate tidies a binding.
func (b *Binding) validate() error {
	b.Service = strings.TrimSpace(b.Service)
	b.Folder = strings.Trim(path.Clean("/"+filepath.ToSlash(strings.TrimSpace(b.Folder))), "/")
	if b.Service == "" || len(b.Service) > 256 {
		return fault.Field("service", i18n.T("Name the service, in at most 256 bytes.", "サービス名を 256 バイト以内で指定してください。"))
	}
	if len(b.Folder) > 500 {
		return fault.Field("folder", i18n.T("A folder has at most 500 bytes.", "フォルダーは 500 バイト以内で指定してください。"))
	}
	return nil
}
