package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// SecretPrefix begins the names of the variables that a reference may name. Others hold
// what administrators of Yagura must not get at: the database's password, the machine's
// own credentials.
const SecretPrefix = "YAGURA_SECRET_"

const secretMax = 64 << 10

// SecretStore resolves references to secrets, which is all that is stored of one:
// "file:/run/secrets/slack" or "env:YAGURA_SECRET_SLACK". They are read each time, so
// that a secret can be renewed without a restart.
type SecretStore struct {
	Folders []string // those that files may be in
	Env     Env
}

var envRef = regexp.MustCompile(`^` + SecretPrefix + `[A-Z0-9_]{1,100}$`)

// Check says whether a reference can be one; field names the input. Whether there is a
// secret is found out when it is used.
func (s SecretStore) Check(field, ref string) error {
	kind, name, _ := strings.Cut(ref, ":")
	switch {
	case kind == "env" && envRef.MatchString(name):
		return nil
	case kind == "env":
		return fault.Field(field, i18n.F(
			"The variable's name must begin with %[1]s, as others are none of Yagura's: env:%[1]sSLACK.",
			"環境変数名は %[1]s で始まる必要があります。例: env:%[1]sSLACK", SecretPrefix))
	case kind == "file" && s.within(filepath.Clean(name)):
		return nil
	case kind == "file":
		return fault.Field(field, i18n.F(
			"The file must be in one of the folders for secrets (%[1]s); secrets.folders changes them.",
			"ファイルはシークレット用のフォルダー（%[1]s）に置いてください。フォルダーは secrets.folders で変更できます。", strings.Join(s.Folders, ", ")))
	}
	return fault.Field(field, i18n.F(
		"A secret is not written here but named: file:/run/secrets/name or env:%[1]sNAME.",
		"シークレットは直接入力せず、file:/run/secrets/名前 または env:%[1]s名前 の形式で参照を指定してください。", SecretPrefix))
}

func (s SecretStore) within(path string) bool {
	if !filepath.IsAbs(path) {
		return false
	}
	for _, folder := range s.Folders {
		rel, err := filepath.Rel(filepath.Clean(folder), path)
		if err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, "../") {
			return true
		}
	}
	return false
}

// Resolve reads the secret. Its errors never hold any of it.
func (s SecretStore) Resolve(ref string) (string, error) {
	if err := s.Check("secret", ref); err != nil {
		return "", err
	}
	kind, name, _ := strings.Cut(ref, ":")
	value := ""
	if kind == "env" {
		value, _ = s.Env(name)
	} else {
		// A link must not lead out of the folders. Links within them are how orchestrators
		// renew secrets.
		path, err := filepath.EvalSymlinks(name)
		if err != nil {
			return "", unreadableSecret(ref, err)
		}
		resolved := s
		resolved.Folders = nil
		for _, f := range s.Folders {
			if real, err := filepath.EvalSymlinks(f); err == nil {
				resolved.Folders = append(resolved.Folders, real)
			}
		}
		if !resolved.within(path) {
			return "", unreadableSecret(ref, errors.New("a link leads out of the folders for secrets"))
		}
		f, err := os.Open(path)
		if err != nil {
			return "", unreadableSecret(ref, err)
		}
		defer func() { _ = f.Close() }() // it was only read
		b, err := io.ReadAll(io.LimitReader(f, secretMax+1))
		if err != nil || len(b) > secretMax {
			return "", unreadableSecret(ref, errors.Join(err, errors.New("not a file of 64 KiB at most")))
		}
		value = string(b)
	}
	if value = strings.TrimRight(value, "\r\n"); value == "" {
		return "", fault.New(fault.Unavailable, i18n.F("There is no secret in %s, or it is empty.", "シークレット %s が存在しないか、空です。", ref))
	}
	return value, nil
}

func unreadableSecret(ref string, err error) error {
	return fault.Wrap(err, fault.Unavailable, i18n.F("The secret %s cannot be read.", "シークレット %s を読み取れません。", ref))
}
