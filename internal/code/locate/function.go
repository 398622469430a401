package locate

import (
	"path"
	"regexp"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// byFunction looks for where a function is defined.
func (s search) byFunction(c Clue) []Candidate {
	name := simple(c.Function)
	if len(name) < 3 { // main loops and single letters are everywhere
		return nil
	}
	pkg := packageOf(c.Function)
	var out []Candidate
	for _, p := range s.tree.Paths() {
		if !isCode(p) {
			continue
		}
		text, ok := s.tree.Read(p)
		if !ok || !strings.Contains(text, name) {
			continue
		}
		line := definition(strings.Split(text, "\n"), name, p)
		if line == 0 {
			continue
		}
		cand := Candidate{Path: p, Line: line, Trust: Possible, score: 2,
			Reason: i18n.F("A function of the name %q is defined here.", "%q という名前の関数がここで定義されています。", name)}
		dir := strings.Split(path.Dir(p), "/")
		n := commonTail(pkg, dir)
		if n == 0 && len(pkg) > 1 { // the last may be a class
			n = commonTail(pkg[:len(pkg)-1], dir)
		}
		if n > 0 {
			cand.score += 4 * n
			cand.Trust = Likely
			if n >= 2 || n == len(pkg) || n == len(dir) {
				cand.Trust = Sure
			}
			cand.Reason = i18n.F("%q is defined here, in a folder named as its package.", "%q がここで定義されており、フォルダーがパッケージ名と一致します。", name)
		} else if stem := strings.TrimSuffix(path.Base(p), path.Ext(p)); len(pkg) > 0 && strings.EqualFold(stem, pkg[len(pkg)-1]) {
			cand.score += 4 // com.acme.Foo.bar in Foo.java, Foo#bar in foo.rb
			cand.Trust = Likely
			cand.Reason = i18n.F("%q is defined here, in a file named as its class.", "%q がここで定義されており、ファイル名がクラス名と一致します。", name)
		}
		if test(p) {
			cand.score -= 3
		}
		out = append(out, cand)
	}
	return out
}

// simple is a function's own name: pkg.(*T).Method.func1 is Method.
func simple(function string) string {
	f := strings.TrimSpace(function)
	if i := strings.IndexByte(f, '['); i > 0 { // type parameters
		f = f[:i]
	}
	f = strings.TrimSuffix(strings.TrimSuffix(f, "()"), "-fm") // -fm is a method as a value, in Go
	names := strings.FieldsFunc(f, func(r rune) bool { return strings.ContainsRune(".#:/\\$ ()*<>", r) })
	for i := len(names) - 1; i >= 0; i-- {
		switch n := names[i]; {
		case anonymous.MatchString(n), n == "block", n == "in", n == "async", n == "new", n == "lambda", n == "anonymous", n == "Object", n == "Function", n == "module":
		default:
			return n
		}
	}
	return ""
}

// What compilers and runtimes call a function without a name.
var anonymous = regexp.MustCompile(`^(func\d+|gowrap\d+|init|\d+|lambda|__[a-z]+__|closure|\{closure\}|-)$`)

// packageOf are the parts of a name before the function's, as folders would be called.
func packageOf(function string) []string {
	f := strings.NewReplacer("(*", "", ")", "", "::", "/", "\\", "/", "#", "/").Replace(strings.TrimSpace(function))
	slash := strings.LastIndexByte(f, '/')
	name := simple(function)
	// github.com/acme/shop/internal/orders.(*Service).Place: a dot is in the first part too.
	head, tail := "", f
	if slash >= 0 {
		head, tail = f[:slash], f[slash+1:]
	}
	var out []string
	for p := range strings.SplitSeq(head, "/") {
		if p != "" {
			out = append(out, p)
		}
	}
	for p := range strings.SplitSeq(tail, ".") {
		if p == name {
			break
		}
		if p != "" && !anonymous.MatchString(p) {
			out = append(out, p)
		}
	}
	// In Go the receiver is not a folder; elsewhere the class may be a file. The package
	// alone is tried too, by commonTail over what is left when a class is dropped.
	if strings.Contains(function, "(*") || strings.Count(tail, ".") > 1 && strings.Contains(head, ".") {
		if len(out) > 1 {
			out = out[:len(out)-1]
		}
	}
	return out
}

// definition is the line on which a function is defined in a file, 0 if it is not.
func definition(lines []string, name, file string) int {
	if name == "" {
		return 0
	}
	for i, line := range lines {
		at := strings.Index(line, name)
		if at < 0 || len(line) > 2000 {
			continue
		}
		if defines(line, name, at, path.Ext(file)) {
			return i + 1
		}
	}
	return 0
}

// defines says that a line is where a name is defined, and not where it is called.
func defines(line, name string, at int, ext string) bool {
	if at > 0 && word(line[at-1]) || at+len(name) < len(line) && word(line[at+len(name)]) {
		rest := strings.Index(line[at+1:], name) // a longer name stood before it
		return rest >= 0 && defines(line, name, at+1+rest, ext)
	}
	before, after := strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+len(name):])
	switch ext {
	case ".go":
		return strings.HasPrefix(line, "func ") && (strings.HasPrefix(after, "(") || strings.HasPrefix(after, "["))
	case ".py":
		return strings.HasSuffix(before, "def")
	case ".rb":
		return strings.HasSuffix(before, "def") || strings.HasSuffix(before, "def self.")
	case ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".vue", ".svelte":
		switch {
		case strings.HasSuffix(before, "function"), strings.HasSuffix(before, "function*"):
			return true
		case strings.HasSuffix(before, "const"), strings.HasSuffix(before, "let"), strings.HasSuffix(before, "var"), strings.HasSuffix(before, "exports."), strings.HasSuffix(before, "prototype."):
			return strings.Contains(after, "=>") || strings.Contains(after, "function")
		case strings.HasPrefix(after, "(") && strings.HasSuffix(after, "{"): // a method; not: if (call()) {
			return before == "" || modifiers.MatchString(before)
		case before == "" && strings.HasPrefix(after, ":"): // a method of an object
			return strings.Contains(after, "=>") || strings.Contains(after, "function")
		}
		return false
	case ".java", ".kt", ".kts", ".scala", ".cs", ".swift", ".groovy":
		if strings.HasSuffix(before, "fun") || strings.HasSuffix(before, "def") || strings.HasSuffix(before, "func") {
			return true
		}
		return strings.HasPrefix(after, "(") && before != "" && !strings.HasSuffix(before, ".") && !strings.ContainsAny(before, "=(;") &&
			!strings.HasPrefix(before, "return") && !strings.HasSuffix(before, "new") && !strings.HasSuffix(after, ";")
	case ".php":
		return strings.HasSuffix(before, "function")
	case ".rs":
		return strings.HasSuffix(before, "fn")
	case ".ex", ".exs":
		return strings.HasSuffix(before, "def") || strings.HasSuffix(before, "defp")
	}
	return false
}

var modifiers = regexp.MustCompile(`^((public|private|protected|static|async|override|readonly|get|set|export|default)\s*)+$|^@\S+\s*$`)

func word(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

var codeExt = map[string]bool{}

func init() {
	for _, e := range strings.Fields(".go .py .rb .js .jsx .ts .tsx .mjs .cjs .vue .svelte .java .kt .kts .scala .cs .swift .groovy .php .rs .ex .exs .erb .sql .xml .graphql .prisma .cpp .cc .c .h .m .dart .lua .pl .clj .fs .vb") {
		codeExt[e] = true
	}
}

func isCode(p string) bool { return codeExt[strings.ToLower(path.Ext(p))] }
