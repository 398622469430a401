package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Render writes c as a documented file, with secrets left out. Of Default it is the
// example that the guide shows.
func Render(c Config, lang i18n.Lang) string {
	var b strings.Builder
	comment(&b, "", i18n.T(
		"Configuration of Yagura. These are the defaults: keep only what you change.\n"+
			"Each setting is also an environment variable: engine.max_memory is YAGURA_ENGINE_MAX_MEMORY; lists are separated by commas.\n"+
			"Sizes: 512MiB, 2GiB, 500MB. Durations: 30s, 10m, 1h30m, 30d, 2w.",
		"Yagura の設定ファイル。記載されている値は既定値です。変更する項目だけを残してください。\n"+
			"各設定は環境変数でも指定できます。例: engine.max_memory は YAGURA_ENGINE_MAX_MEMORY。リストはカンマ区切りです。\n"+
			"サイズ: 512MiB、2GiB、500MB。時間: 30s、10m、1h30m、30d、2w。").In(lang))
	render(&b, reflect.ValueOf(c), "", lang)
	return b.String()
}

func comment(b *strings.Builder, indent, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(indent + "# " + line + "\n")
	}
}

func render(b *strings.Builder, v reflect.Value, indent string, lang i18n.Lang) {
	for i := range v.NumField() {
		f, tag := v.Field(i), v.Type().Field(i).Tag
		if indent == "" {
			b.WriteByte('\n')
		}
		if doc := i18n.T(tag.Get("en"), tag.Get("ja")).In(lang); doc != "" {
			comment(b, indent, doc)
		}
		b.WriteString(indent + tag.Get("yaml") + ":")
		if f.Kind() == reflect.Struct {
			b.WriteByte('\n')
			render(b, f, indent+"  ", lang)
			continue
		}
		b.WriteString(" " + written(f, tag.Get("secret") != "") + "\n")
	}
}

func written(v reflect.Value, secret bool) string {
	switch x := v.Interface().(type) {
	case Size, Duration, int, bool, Role:
		return fmt.Sprint(x)
	case string:
		if secret && x != "" {
			x = "***"
		}
		return flow(x)
	case []string:
		items := make([]string, len(x))
		for i, s := range x {
			items[i] = flow(s)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case []RedactionRule:
		items := make([]string, len(x))
		for i, r := range x {
			items[i] = "{id: " + flow(r.ID) + ", keys: " + written(reflect.ValueOf(r.Keys), false) + ", pattern: " + flow(r.Pattern) + "}"
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	panic("config: no way to write a " + v.Type().String())
}

// flow writes a text so that it is read back as the same text.
func flow(s string) string {
	if s != "" && plain.MatchString(strings.NewReplacer(":", "", "/", "").Replace(s)) && strings.Trim(s, "-.0123456789") != "" && !strings.HasSuffix(s, ":") {
		return s
	}
	b, err := yaml.MarshalWithOptions(s, yaml.JSON())
	if err != nil {
		panic(err) // a string can always be written
	}
	return strings.TrimSpace(string(b))
}
