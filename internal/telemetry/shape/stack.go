package shape

import "strings"

// A frame of a stack trace, read from one line or two.
type frame struct {
	function string
	file     string // the last parts of its path
	own      bool   // of the service, not of a library or the language
}

func (f frame) String() string {
	fn := strings.TrimSpace(f.function)
	switch {
	case fn == "":
		return cut(f.file, maxName)
	case f.file == "":
		return cut(fn, maxName)
	}
	return cut(fn+" ("+f.file+")", maxName)
}

// maxFrames is how many lines of a stack trace are read.
const maxFrames = 400

// OwnFrame is the topmost frame of the service's own code in a stack trace, without line
// numbers and addresses; the topmost of all if none is its own, "" if none can be read. It
// reads those of Go, Java and its kin, Python, Ruby, Node.js, PHP and .NET.
func OwnFrame(stack string) string {
	f, ok := ownFrame(stack)
	if !ok {
		return ""
	}
	return f.String()
}

func ownFrame(stack string) (best frame, ok bool) {
	stack = clip(stack, 64<<10)
	python := strings.Contains(stack, "Traceback (most recent call last)") || strings.Contains(stack, "  File \"")
	stack = afterPanic(stack)
	var before string // the line before, for Go
	n := 0
	for line := range strings.Lines(stack) {
		if n++; n > maxFrames && !python {
			break
		}
		line = strings.TrimRight(line, "\r\n")
		f, is := readFrame(line, before, python)
		before = line
		if !is {
			continue
		}
		if python { // the most recent call is the last
			if f.own || !ok || !best.own {
				best, ok = f, true
			}
			continue
		}
		if f.own {
			return f, true
		}
		if !ok {
			best, ok = f, true
		}
	}
	return best, ok
}

// afterPanic leaves out what Go ran because of a panic, which stands above it: whoever
// recovered it did not cause it. Of several the last is the first that happened.
func afterPanic(stack string) string {
	i := strings.LastIndex(stack, "\npanic(")
	if i < 0 {
		return stack
	}
	rest := stack[i+1:]
	for range 2 { // the call, and where it is
		_, below, ok := strings.Cut(rest, "\n")
		if !ok {
			return stack
		}
		rest = below
	}
	if !strings.Contains(rest, ".go:") {
		return stack
	}
	return rest
}

func readFrame(line, before string, python bool) (frame, bool) {
	t := strings.TrimSpace(line)
	switch {
	case python:
		if strings.HasPrefix(t, `File "`) {
			return pythonFrame(t)
		}
	case strings.HasPrefix(t, "at "):
		return atFrame(t[3:])
	case strings.HasPrefix(t, "#") && len(t) > 2 && digit(t[1]):
		return phpFrame(t)
	case len(line) > 0 && (line[0] == '\t' || line[0] == ' ') && strings.Contains(t, ".go:"):
		return goFrame(strings.TrimSpace(before), t)
	case strings.Contains(t, ".rb:") || strings.Contains(t, ":in `") || strings.Contains(t, ":in '"):
		return rubyFrame(t)
	case strings.IndexByte(t, '@') >= 0 && strings.Contains(t, ".js:"): // Firefox, Safari
		fn, at, _ := strings.Cut(t, "@")
		return jsFrame(fn, at)
	}
	return frame{}, false
}

// tail is the last two parts of a path, with long numbers and hashes masked.
func tail(path string) string {
	path = strings.ReplaceAll(path, `\`, "/")
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	i := strings.LastIndexByte(path, '/')
	if i > 0 {
		if j := strings.LastIndexByte(path[:i], '/'); j >= 0 {
			path = path[j+1:]
		} else {
			path = strings.TrimPrefix(path, "/")
		}
	}
	return unnumbered(path)
}

// unnumbered takes what a build or a run puts into a name: addresses, hashes, counters.
func unnumbered(s string) string {
	if !hasDigit(s) {
		return s
	}
	m := masker{}
	from := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && (alpha(s[i]) || digit(s[i])) {
			continue
		}
		part := s[from:i]
		if isID(part) || len(part) >= 3 && strings.Trim(part, "0123456789") == "" {
			part = "?"
		}
		m.out.text(part)
		if i < len(s) {
			m.out.put(s[i])
		}
		from = i + 1
	}
	return string(m.out)
}

func containsAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

func prefixed(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// pythonFrame reads: File "/app/shop/pay.py", line 12, in charge
func pythonFrame(t string) (frame, bool) {
	path, rest, ok := strings.Cut(t[len(`File "`):], `"`)
	if !ok {
		return frame{}, false
	}
	f := frame{file: tail(path)}
	if _, fn, ok := strings.Cut(rest, " in "); ok {
		f.function = fn
	}
	f.own = !containsAny(path, "site-packages/", "dist-packages/", "/lib/python", `\lib\`, `\Lib\`, "<frozen", "<string>", "<stdin>", "importlib")
	return f, true
}

// atFrame reads what follows "at" in Java, .NET and JavaScript.
func atFrame(t string) (frame, bool) {
	open := strings.LastIndexByte(t, '(')
	if open > 0 && strings.HasSuffix(t, ")") {
		in := t[open+1 : len(t)-1]
		if javaPlace(in) {
			return javaFrame(t[:open], in), true
		}
		if strings.Count(in, ":") >= 2 || in == "<anonymous>" || in == "native" || strings.HasPrefix(in, "index ") {
			return jsFrame(t[:open], in)
		}
	}
	if i := strings.Index(t, ") in "); i > 0 { // .NET with a file
		file, _, _ := strings.Cut(t[i+5:], ":line ")
		return netFrame(t[:i+1], file), true
	}
	if open > 0 && strings.HasSuffix(t, ")") {
		return netFrame(t, ""), true
	}
	if strings.Count(t, ":") >= 2 {
		return jsFrame("", t)
	}
	return frame{}, false
}

func javaPlace(in string) bool {
	if in == "Native Method" || in == "Unknown Source" {
		return true
	}
	file, _, _ := strings.Cut(in, ":")
	for _, ext := range [...]string{".java", ".kt", ".scala", ".groovy", ".clj"} {
		if strings.HasSuffix(file, ext) {
			return true
		}
	}
	return file == "<generated>" || file == "SourceFile"
}

var javaLibraries = strings.Fields(`java. javax. jakarta. jdk. sun. com.sun. kotlin. kotlinx. scala. groovy. clojure. android. androidx. dalvik.
org.springframework. org.apache. org.hibernate. org.eclipse. org.jboss. org.wildfly. org.postgresql. org.mariadb. org.mybatis. org.junit. org.slf4j.
org.aspectj. org.glassfish. org.xnio. org.thymeleaf. org.jooq. org.quartz. org.redisson. org.elasticsearch. org.opensearch. org.bson. org.codehaus. org.gradle.
io.netty. io.grpc. io.micrometer. io.opentelemetry. io.vertx. io.quarkus. io.undertow. io.lettuce. io.reactivex. io.r2dbc. io.ktor. io.micronaut.
io.projectreactor. reactor. rx. akka. play. okhttp3. okio. retrofit2. redis.clients. feign. net.bytebuddy. net.sf.cglib. ch.qos.logback.
com.zaxxer. com.fasterxml. com.google.common. com.google.gson. com.google.protobuf. com.mysql. com.mongodb. com.microsoft.sqlserver. com.netflix.
com.amazonaws. com.github.benmanes. com.rabbitmq. com.datastax. com.squareup. com.intellij. software.amazon. oracle. datadog.`)

func javaFrame(fn, in string) frame {
	fn = strings.TrimSpace(fn)
	if i := strings.LastIndexByte(fn, '/'); i >= 0 { // a module, a class loader
		fn = fn[i+1:]
	}
	// What is made at run time has a name that counts.
	for _, made := range [...]string{"$$Lambda", "$$EnhancerBy", "$$FastClassBy", "$$SpringCGLIB", "$HibernateProxy$", "$$Proxy"} {
		if i := strings.Index(fn, made); i >= 0 {
			end := strings.LastIndexByte(fn, '.')
			if end < i {
				end = len(fn)
			}
			fn = fn[:i] + fn[end:]
		}
	}
	file, _, _ := strings.Cut(in, ":")
	if file == "Native Method" || file == "Unknown Source" || file == "<generated>" {
		file = ""
	}
	own := !prefixed(fn, javaLibraries) && !strings.HasPrefix(fn, "$Proxy") && !strings.HasPrefix(fn, "com.sun.proxy")
	return frame{function: fn, file: file, own: own}
}

var netLibraries = strings.Fields(`System. Microsoft. Npgsql. MySql. MySqlConnector. Grpc. Dapper. Newtonsoft. StackExchange. Serilog. NLog. Polly. Castle.
AutoMapper. MediatR. MassTransit. RabbitMQ. MongoDB. OpenTelemetry. Amazon. Azure. Confluent. Hangfire. Quartz. Xunit. NUnit. Swashbuckle. Oracle.`)

func netFrame(fn, file string) frame {
	if i := strings.IndexByte(fn, '('); i > 0 {
		fn = fn[:i]
	}
	fn = strings.TrimPrefix(strings.TrimSpace(fn), "async ")
	// A state machine stands for its method: Client.<SendAsync>d__12.MoveNext
	if i := strings.IndexByte(fn, '<'); i >= 0 {
		if name, rest, ok := strings.Cut(fn[i+1:], ">"); ok && (strings.HasPrefix(rest, "d__") || strings.HasPrefix(rest, "b__") || strings.HasPrefix(rest, "g__")) {
			fn = fn[:i] + name
		}
	}
	if i := strings.IndexAny(fn, "`["); i > 0 {
		fn = fn[:i]
	}
	return frame{function: unnumbered(fn), file: tail(file), own: !prefixed(fn, netLibraries)}
}

// jsFrame reads a function and "(/app/src/pay.js:12:5)".
func jsFrame(fn, at string) (frame, bool) {
	at = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(at), "async "), "file://")
	for range 2 { // the column and the line
		if i := strings.LastIndexByte(at, ':'); i > 0 && strings.Trim(at[i+1:], "0123456789") == "" {
			at = at[:i]
		}
	}
	fn = strings.TrimSpace(fn)
	fn = strings.TrimPrefix(strings.TrimPrefix(fn, "async "), "new ")
	if i := strings.Index(fn, " [as "); i > 0 {
		fn = fn[:i]
	}
	if strings.HasPrefix(fn, "Promise.") || fn == "<anonymous>" || strings.HasSuffix(fn, ".<anonymous>") {
		fn = strings.TrimSuffix(strings.TrimSuffix(fn, "<anonymous>"), ".")
	}
	own := !containsAny(at, "node_modules/", "node:", "webpack/bootstrap", ".yarn/") && at != "<anonymous>" && at != "native" &&
		!strings.HasPrefix(at, "internal/") && !strings.HasPrefix(at, "index ") && strings.ContainsAny(at, "/\\.")
	f := frame{function: fn, own: own}
	if at != "<anonymous>" && at != "native" && !strings.HasPrefix(at, "index ") {
		f.file = tail(at)
	}
	return f, f.function != "" || f.file != ""
}

// phpFrame reads: #0 /var/www/app/Pay.php(123): App\Pay->charge('a')
func phpFrame(t string) (frame, bool) {
	_, rest, ok := strings.Cut(t, " ")
	if !ok || rest == "{main}" {
		return frame{}, false
	}
	path, fn, ok := strings.Cut(rest, ": ")
	if !ok {
		return frame{}, false
	}
	if i := strings.LastIndexByte(path, '('); i > 0 {
		path = path[:i]
	}
	if i := strings.IndexByte(fn, '('); i > 0 {
		fn = fn[:i]
	}
	if i := strings.Index(fn, "{closure"); i > 0 {
		fn = fn[:i] + "{closure}"
	}
	if path == "[internal function]" {
		return frame{function: fn}, true
	}
	return frame{function: fn, file: tail(path), own: !containsAny(path, "/vendor/", `\vendor\`)}, true
}

// rubyFrame reads: /app/models/order.rb:12:in 'Order#charge'
func rubyFrame(t string) (frame, bool) {
	t = strings.TrimPrefix(t, "from ")
	i := strings.Index(t, ":in ")
	if i < 0 {
		return frame{}, false
	}
	path, fn := t[:i], t[i+4:]
	if j := strings.LastIndexByte(path, ':'); j > 0 && strings.Trim(path[j+1:], "0123456789") == "" {
		path = path[:j]
	} else {
		return frame{}, false
	}
	if len(fn) > 1 && (fn[0] == '`' || fn[0] == '\'') {
		if end := strings.IndexByte(fn[1:], '\''); end >= 0 {
			fn = fn[1 : 1+end]
		}
	}
	own := !containsAny(path, "/gems/", "/lib/ruby/", "<internal:", "/bundle/", "/rubygems/") && !strings.HasPrefix(path, "bin/")
	return frame{function: fn, file: tail(path), own: own}, true
}

var goStandard = words(`archive bufio bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash
html image index internal io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings sync syscall testing
text time unicode unique unsafe weak created panic`)

// goFrame reads a function's line and its file's:
//
//	example.com/shop/pay.(*Client).Send(0xc000…)
//		/app/pay/client.go:88 +0x1d
func goFrame(fn, at string) (frame, bool) {
	i := strings.Index(at, ".go:")
	path := at[:i+3]
	if strings.HasPrefix(fn, "created by ") {
		fn, _, _ = strings.Cut(fn[len("created by "):], " in goroutine ")
	}
	if strings.HasSuffix(fn, ")") {
		if j := strings.LastIndexByte(fn, '('); j > 0 {
			fn = fn[:j]
		}
	}
	for strings.Contains(fn, "[...]") {
		fn = strings.Replace(fn, "[...]", "", 1)
	}
	for { // closures: .func1, .func2.3, .gowrap1, .deferwrap1
		j := strings.LastIndexByte(fn, '.')
		if j < 0 {
			break
		}
		last := strings.TrimRight(fn[j+1:], "0123456789")
		if last != "" && last != "func" && last != "gowrap" && last != "deferwrap" || last == fn[j+1:] {
			break
		}
		fn = fn[:j]
	}
	if fn == "" || strings.ContainsAny(fn, " \t") {
		return frame{}, false
	}
	pkg := fn
	if j := strings.LastIndexByte(pkg, '/'); j >= 0 {
		if k := strings.IndexByte(pkg[j:], '.'); k >= 0 {
			pkg = pkg[:j+k]
		}
	} else {
		pkg, _, _ = strings.Cut(pkg, ".")
	}
	first, _, _ := strings.Cut(pkg, "/")
	own := !goStandard[first] && !containsAny(path, "/pkg/mod/", "@v", "/vendor/", "/usr/local/go/src/", "/libexec/src/")
	return frame{function: fn, file: path[strings.LastIndexAny(path, `/\`)+1:], own: own}, true
}
