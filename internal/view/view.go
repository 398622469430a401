package view

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Pages are those whose views can be saved.
var Pages = []string{"services", "map", "errors", "logs", "traces", "metrics", "sql", "databases"}

const (
	maxName   = 100
	maxNote   = 1000
	maxSearch = 256 << 10 // a statement in SQL stands in it, with its letters escaped
	maxOwn    = 500       // views of one person
)

// View is a saved view.
type View struct {
	ID   string
	Page string
	Name string
	// Search are the page's search parameters: "filter=level>=error&from=-1h".
	Search  string
	Note    string
	Shared  bool
	OwnerID string
	Owner   string // the owner's name when it was saved
	Changed time.Time
}

// never are parameters that are no part of a view: whoever opens it would get another's.
var never = []string{"token", "next", "row", "span", "paused", "tail"}

func (v *View) validate() error {
	v.Name, v.Note = strings.TrimSpace(v.Name), strings.TrimSpace(v.Note)
	switch {
	case !slices.Contains(Pages, v.Page):
		return fault.Field("page", i18n.F("No views are kept of a page %q; there are %s.", "ページ %q のビューは保存できません。保存できるページ: %s", v.Page, strings.Join(Pages, ", ")))
	case v.Name == "":
		return fault.Field("name", i18n.T("Give the view a name.", "ビューの名前を入力してください。"))
	case utf8.RuneCountInString(v.Name) > maxName:
		return fault.Field("name", i18n.F("At most %d characters.", "%d 文字以内で入力してください。", maxName))
	case utf8.RuneCountInString(v.Note) > maxNote:
		return fault.Field("note", i18n.F("At most %d characters.", "%d 文字以内で入力してください。", maxNote))
	case len(v.Search) > maxSearch:
		return fault.Field("search", i18n.F("At most %d bytes.", "%d バイト以内にしてください。", maxSearch))
	}
	q, err := url.ParseQuery(strings.TrimPrefix(v.Search, "?"))
	if err != nil {
		return fault.Field("search", i18n.T("These are not the search parameters of an address.", "URL のクエリパラメーターとして読み取れません。"))
	}
	for _, k := range never {
		q.Del(k)
	}
	v.Search = q.Encode()
	return nil
}

// key tells names apart as people do: not by case or width.
func (v *View) key() string { return filter.Fold(v.Name) }

func (v *View) space() string {
	if v.Shared {
		return "shared"
	}
	return "own " + v.OwnerID
}
