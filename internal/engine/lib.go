package engine

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// libName is the library's file name, the same on Linux and macOS.
const libName = "libchdb.so"

// systemLib is where packages install the library.
const systemLib = "/usr/lib/yagura/" + libName

// FindLib finds the engine's library: the configured path if there is one, else beside
// the program, in ../lib of it, or where packages install it.
func FindLib(configured, exe string) (string, error) {
	if configured != "" {
		if isFile(configured) {
			return filepath.Abs(configured)
		}
		return "", fault.New(fault.Unavailable, i18n.F(
			"The engine library is not at %s, which the configuration names. Run `make engine` to fetch it, or correct the path.",
			"設定で指定された %s にエンジンのライブラリがありません。`make engine` で取得するか、パスを修正してください。", configured))
	}
	var places []string
	if exe != "" {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		places = append(places, filepath.Join(dir, libName), filepath.Join(dir, "..", "lib", libName))
	}
	places = append(places, systemLib)
	for _, p := range places {
		if isFile(p) {
			return filepath.Abs(p)
		}
	}
	return "", fault.New(fault.Unavailable, i18n.F(
		"The engine library %s was not found. Looked at: %s. Run `make engine` to fetch it, or set YAGURA_ENGINE_LIB to its path.",
		"エンジンのライブラリ %s が見つかりません。確認した場所: %s。`make engine` で取得するか、環境変数 YAGURA_ENGINE_LIB でパスを指定してください。",
		libName, strings.Join(places, ", ")))
}

func isFile(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.Mode().IsRegular()
}
