package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Env looks up an environment variable, as os.LookupEnv does.
type Env func(name string) (string, bool)

// Environment is the process's own.
func Environment(name string) (string, bool) { return os.LookupEnv(name) }

// Prefix begins the names of all variables.
const Prefix = "YAGURA_"

// places are where a file is looked for when none is named.
var places = []string{"yagura.yaml", "/etc/yagura/yagura.yaml"}

// Load reads the configuration: defaults, then the file, then the environment, then the
// flags, which are values by the paths of their settings ("otlp.grpc"). Path "" is
// $YAGURA_CONFIG, or yagura.yaml here or in /etc/yagura, or no file at all; one that is
// named must be there. The error is one fault with a line for each thing that is wrong.
func Load(path string, env Env, flags map[string]string) (Config, error) {
	c := Default()
	var found problems
	said := map[string]place{}
	named := path != ""
	if !named {
		path, named = env(Prefix + "CONFIG")
		named = named && path != ""
	}
	if named {
		found.file(&c, path, said)
	} else {
		for _, p := range places {
			if _, err := os.Stat(p); err == nil {
				found.file(&c, p, said)
				break
			}
		}
	}
	settings := Settings(&c)
	for _, s := range settings {
		if v, ok := env(s.Env); ok && v != "" {
			said[s.Path] = place{s.Env, 0}
			if err := s.set(v); err != nil {
				found.add(s.Env, 0, s.Path, textOf(err))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		i := slices.IndexFunc(settings, func(s Setting) bool { return s.Path == name })
		if i < 0 {
			panic("config: a flag for the setting " + name + ", which is not there")
		}
		flag := "--" + strings.NewReplacer(".", "-", "_", "-").Replace(name)
		if name == "auth.mode" {
			flag = "--no-auth" // the one setting whose flag has a name of its own
		}
		said[name] = place{flag, 0}
		if err := settings[i].set(flags[name]); err != nil {
			found.add(flag, 0, name, textOf(err))
		}
	}
	found.secrets(&c)
	if len(found) == 0 {
		// What could not be read would only be blamed twice.
		found.validate(c)
	}
	for i, p := range found {
		if p.name == "" {
			found[i].place = said[p.field]
		}
	}
	return c, found.fault()
}

// Setting is one value of a configuration.
type Setting struct {
	Path   string // engine.max_memory
	Env    string // YAGURA_ENGINE_MAX_MEMORY
	Doc    i18n.Text
	Secret bool
	value  reflect.Value
}

// Settings lists the values of c that have a name, in the order of the file. Lists of
// objects are only in the file.
func Settings(c *Config) []Setting {
	return settingsOf(reflect.ValueOf(c).Elem(), "")
}

func settingsOf(v reflect.Value, prefix string) (out []Setting) {
	for i := range v.NumField() {
		f, tag := v.Field(i), v.Type().Field(i).Tag
		path := prefix + tag.Get("yaml")
		switch {
		case f.Kind() == reflect.Struct:
			out = append(out, settingsOf(f, path+".")...)
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
		default:
			env := Prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
			out = append(out, Setting{path, env, i18n.T(tag.Get("en"), tag.Get("ja")), tag.Get("secret") != "", f})
		}
	}
	return out
}

// String is the value as it is written in a file.
func (s Setting) String() string { return fmt.Sprint(s.value.Interface()) }

func (s Setting) set(text string) error {
	if s.value.Kind() == reflect.Slice {
		items := []string{}
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		s.value.Set(reflect.ValueOf(items))
		return nil
	}
	return setScalar(s.value, text)
}

func setScalar(v reflect.Value, text string) error {
	switch v.Interface().(type) {
	case Size:
		n, err := ParseSize(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(n))
		return nil
	case Duration:
		d, err := ParseDuration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(d))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return bad("%q is not a whole number", "%q は整数として読み取れません", text)
		}
		v.SetInt(n)
	case reflect.Bool:
		b, err := strconv.ParseBool(strings.ToLower(text))
		if err != nil {
			return bad("%q is neither true nor false", "%q は true または false ではありません", text)
		}
		v.SetBool(b)
	default:
		panic("config: no way to set a " + v.Type().String())
	}
	return nil
}

func textOf(err error) i18n.Text {
	var b badValue
	if errors.As(err, &b) {
		return b.text
	}
	return i18n.T(err.Error(), err.Error())
}

// place is where a setting was said: a file and line, a variable, a flag.
type place struct {
	name string
	line int
}

// problem is one thing that is wrong, and where.
type problem struct {
	place
	field string
	text  i18n.Text
}

type problems []problem

func (p *problems) add(where string, line int, field string, text i18n.Text) {
	*p = append(*p, problem{place{where, line}, field, text})
}

func (p problem) in(l i18n.Lang) string {
	s := ""
	if p.name != "" {
		s = p.name + ": "
	}
	if p.line > 0 {
		s = fmt.Sprintf("%s:%d: ", p.name, p.line)
	}
	if p.field != "" {
		s += p.field + ": "
	}
	return s + p.text.In(l)
}

func (p problems) fault() error {
	if len(p) == 0 {
		return nil
	}
	var en, ja []string
	for _, one := range p {
		en, ja = append(en, one.in(i18n.En)), append(ja, one.in(i18n.Ja))
	}
	return fault.New(fault.Invalid, i18n.T(strings.Join(en, "\n"), strings.Join(ja, "\n")))
}

// secrets fills in what the *_file settings name.
func (p *problems) secrets(c *Config) {
	for _, s := range []struct {
		to         *string
		file, name string
	}{
		{&c.Engine.Password, c.Engine.PasswordFile, "engine.password"},
		{&c.Metrics.Token, c.Metrics.TokenFile, "metrics.token"},
		{&c.Auth.OIDC.ClientSecret, c.Auth.OIDC.ClientSecretFile, "auth.oidc.client_secret"},
		{&c.Database.DSN, c.Database.DSNFile, "database.dsn"},
	} {
		if s.file == "" {
			continue
		}
		if *s.to != "" {
			p.add("", 0, s.name+"_file", i18n.F("give either %[1]s or %[1]s_file, not both", "%[1]s と %[1]s_file は同時に指定できません", s.name))
			continue
		}
		b, err := os.ReadFile(s.file)
		switch {
		case err != nil:
			p.add("", 0, s.name+"_file", unreadable(err))
		case strings.TrimSpace(string(b)) == "":
			p.add("", 0, s.name+"_file", i18n.F("%s is empty", "%s が空です", s.file))
		default:
			*s.to = strings.TrimRight(string(b), "\r\n")
		}
	}
}

func unreadable(err error) i18n.Text {
	var path *fs.PathError
	name, cause := "", err
	if errors.As(err, &path) {
		name, cause = path.Path, path.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return i18n.F("there is no file %s", "ファイル %s が見つかりません", name)
	case errors.Is(err, fs.ErrPermission):
		return i18n.F("the file %s may not be read", "ファイル %s を読み取る権限がありません", name)
	}
	return i18n.F("the file %[1]s cannot be read: %[2]v", "ファイル %[1]s を読み取れません: %[2]v", name, cause)
}
