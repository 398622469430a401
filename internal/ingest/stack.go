package ingest

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// findException finds a stack trace within a text: Java, Kotlin, Scala, .NET and Node
// ("\n\tat x", "\n   at x"), Python ("Traceback"), Go ("goroutine 1 ["), Ruby
// ("a.rb:1:in 'x'"). Stack is the part of the text from the line that names the
// exception; Type and Message are read from that line. The text itself is left whole.
func findException(s string) (e telemetry.Exception, ok bool) {
	if strings.IndexByte(s, '\n') < 0 {
		return e, false
	}
	if i := strings.Index(s, "Traceback (most recent call last)"); i >= 0 {
		return python(s[i:]), true
	}
	if i := frameAt(s); i >= 0 {
		return atFrames(s, i), true
	}
	if i := strings.Index(s, "goroutine "); i >= 0 && strings.Contains(s[i:], ".go:") {
		return golang(s, i), true
	}
	if i := rubyFrame(s); i >= 0 {
		return ruby(s, i), true
	}
	return e, false
}

// frameAt finds the line break before the first "at x" frame.
func frameAt(s string) int {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '\n')
		if i < 0 {
			return -1
		}
		i += at
		at = i + 1
		rest := strings.TrimLeft(s[at:], " \t")
		if len(rest) == len(s)-at || !strings.HasPrefix(rest, "at ") {
			continue
		}
		line, _, _ := strings.Cut(rest, "\n")
		// a frame has a place in brackets (Java, Node), a file (Node), or an argument list (.NET)
		if strings.ContainsRune(line, '(') || strings.Contains(line, ":") {
			return i
		}
	}
}

// atFrames reads the line before the first frame: "java.lang.IllegalStateException: no
// stock", "TypeError: x is undefined", "Unhandled exception. System.Exception: x".
func atFrames(s string, frame int) telemetry.Exception {
	// The header may span lines when the message does; its first line is the last one
	// before the frames that begins with a type.
	from := strings.LastIndexByte(s[:frame], '\n') + 1
	for at, n := from, 0; n < 8; n++ {
		if _, _, ok := typed(s[at:lineOf(s, at)]); ok {
			from = at
			break
		}
		if at == 0 {
			break
		}
		at = strings.LastIndexByte(s[:at-1], '\n') + 1
	}
	e := telemetry.Exception{Stack: s[from:]}
	head := s[from:frame]
	typ, msg, ok := typed(head)
	if ok {
		e.Type, e.Message = typ, msg
		e.Stack = s[from+strings.Index(head, typ):]
	} else {
		e.Message = strings.TrimSpace(head)
	}
	return e
}

func lineOf(s string, from int) int {
	if i := strings.IndexByte(s[from:], '\n'); i >= 0 {
		return from + i
	}
	return len(s)
}

// typed splits "prefix pkg.Type: message" into type and message.
func typed(line string) (typ, msg string, ok bool) {
	at := 0
	for {
		head, rest, found := strings.Cut(line[at:], ":")
		word := head[strings.LastIndexAny(head, " \t\"'(")+1:]
		if isType(word) {
			return word, strings.TrimSpace(rest), true
		}
		if !found {
			return "", "", false
		}
		at += len(head) + 1
	}
}

// isType says that a word names an exception: ends in Error, Exception, Throwable or the
// like, or is a dotted name whose last part begins with a capital.
func isType(w string) bool {
	if len(w) < 3 || len(w) > 200 {
		return false
	}
	last := w[strings.LastIndexAny(w, ".$")+1:]
	if last == "" || last[0] < 'A' || last[0] > 'Z' {
		return false
	}
	for i := range len(w) {
		if c := w[i]; !alnum(c) && c != '.' && c != '$' && c != '`' {
			return false
		}
	}
	for _, end := range [...]string{"Error", "Exception", "Throwable", "Failure", "Fault", "Interrupt", "Exit", "Warning"} {
		if strings.HasSuffix(last, end) {
			return true
		}
	}
	return false
}

// python reads a traceback: the last line that is not indented names the exception.
func python(s string) telemetry.Exception {
	e := telemetry.Exception{Stack: s}
	rest := s
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		if line == "" || line[0] == ' ' || line[0] == '\t' || strings.HasPrefix(line, "Traceback") {
			continue
		}
		if strings.HasPrefix(line, "During handling") || strings.HasPrefix(line, "The above exception") {
			continue
		}
		typ, msg, _ := strings.Cut(line, ":")
		if typ != "" && !strings.ContainsAny(typ, " \t") {
			e.Type, e.Message = typ, strings.TrimSpace(msg)
		}
	}
	return e
}

// golang reads a panic: "panic: x" comes before the goroutines.
func golang(s string, at int) telemetry.Exception {
	e := telemetry.Exception{Type: "panic", Stack: s[at:]}
	for _, head := range [...]string{"panic: ", "fatal error: "} {
		if i := strings.LastIndex(s[:at], head); i >= 0 {
			e.Stack = s[i:]
			e.Message, _, _ = strings.Cut(s[i+len(head):], "\n")
			e.Type = strings.TrimSuffix(head, ": ")
		}
	}
	return e
}

// isRubyType says that a word is a constant: Module::Name, or one that ends as errors do.
func isRubyType(w string) bool {
	dotted := strings.ReplaceAll(w, "::", ".")
	if isType(dotted) {
		return true
	}
	if dotted == w || len(w) > 200 {
		return false
	}
	for part := range strings.SplitSeq(dotted, ".") {
		if part == "" || part[0] < 'A' || part[0] > 'Z' || strings.ContainsAny(part, " ()'\"") {
			return false
		}
	}
	return true
}

// rubyFrame finds the first frame of a Ruby backtrace: a.rb:1:in `x'.
func rubyFrame(s string) int {
	for at := 0; ; {
		i := strings.Index(s[at:], ".rb:")
		if i < 0 {
			return -1
		}
		i += at
		at = i + 4
		j := at
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if j > at && strings.HasPrefix(s[j:], ":in ") {
			return strings.LastIndexByte(s[:i], '\n') + 1
		}
	}
}

// ruby reads either form: "a.rb:1:in `x': message (Type)" and then frames, or a line
// "Type (message):" or "Type: message" and then frames.
func ruby(s string, frame int) telemetry.Exception {
	e := telemetry.Exception{Stack: s[frame:]}
	line := s[frame:lineOf(s, frame)]
	if open := strings.LastIndex(line, " ("); open > 0 && strings.HasSuffix(line, ")") && isRubyType(line[open+2:len(line)-1]) {
		e.Type = line[open+2 : len(line)-1]
		if i := strings.Index(line, ": "); i >= 0 && i+2 <= open {
			e.Message = line[i+2 : open]
		}
		return e
	}
	if frame == 0 {
		return e
	}
	for from := frame; from > 0; { // up to the first line before the frames that has a text
		prev := strings.LastIndexByte(s[:from-1], '\n') + 1
		head := strings.TrimSpace(s[prev : from-1])
		from = prev
		if head == "" {
			continue
		}
		e.Stack = s[prev:]
		if typ, msg, ok := strings.Cut(head, " ("); ok && isRubyType(typ) {
			e.Type, e.Message = typ, strings.TrimRight(msg, "):")
		} else if i := strings.Index(head, ": "); i > 0 && isRubyType(head[:i]) {
			e.Type, e.Message = head[:i], head[i+2:]
		} else {
			e.Message = head
		}
		break
	}
	return e
}
