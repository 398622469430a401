package ingest

import "strings"

// secretWords are the ends of names that hold secrets, lower case and without hyphens
// and underscores, so that api_key, X-Api-Key and apiKey are one.
var secretWords = [...]struct {
	end  string
	rule int
}{
	{"authorization", ruleAuthorization},
	{"cookie", ruleCookie},
	{"cookies", ruleCookie},
	{"password", rulePassword},
	{"passwd", rulePassword},
	{"pwd", rulePassword},
	{"passphrase", rulePassword},
	{"passcode", rulePassword},
	{"secret", ruleSecret},
	{"token", ruleSecret},
	{"apikey", ruleSecret},
	{"accesskey", ruleSecret},
	{"secretkey", ruleSecret},
	{"secretaccesskey", ruleSecret},
	{"privatekey", ruleSecret},
	{"signingkey", ruleSecret},
	{"encryptionkey", ruleSecret},
	{"credential", ruleSecret},
	{"credentials", ruleSecret},
}

// harmlessWords end like a secret and are none: paging and scheduling, not access.
var harmlessWords = [...]string{
	"pagetoken", "nexttoken", "continuationtoken", "cancellationtoken", "canceltoken", "synctoken",
	"unexpectedtoken", "invalidtoken", "maxtoken",
}

// secretEnds are the last letters of secretWords: most names end otherwise and are done.
var secretEnds = func() (t [256]bool) {
	for _, w := range secretWords {
		c := w.end[len(w.end)-1]
		t[c], t[c-'a'+'A'] = true, true
	}
	return
}()

// secretWord says which default rule a name falls under, by the end of its last part.
func secretWord(name string) int {
	if name == "" || !secretEnds[name[len(name)-1]] {
		return ruleNone
	}
	var buf [40]byte
	at := len(buf)
	for i := len(name) - 1; i >= 0 && at > 0; i-- {
		c := name[i]
		switch {
		case c == '_' || c == '-':
			continue
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		default:
			i = 0 // a dot or anything else: the last part begins here
			continue
		}
		at--
		buf[at] = c
	}
	word := buf[at:]
	for _, w := range secretWords {
		if hasSuffix(word, w.end) {
			for _, h := range harmlessWords {
				if hasSuffix(word, h) {
					return ruleNone
				}
			}
			return w.rule
		}
	}
	return ruleNone
}

func hasSuffix(b []byte, s string) bool {
	return len(b) >= len(s) && string(b[len(b)-len(s):]) == s
}

// pairs finds the values of secret names: "password": "x", password=x, Authorization:
// Bearer x, ?token=x, user:x@host.
func (r *Redactor) pairs(s string, found []span) []span {
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&classSep == 0 {
			continue
		}
		if s[i] == 0xEF { // the full-width ： and ＝ follow Japanese names
			if strings.HasPrefix(s[i:], "：") || strings.HasPrefix(s[i:], "＝") {
				if rule := r.japanese(s[:i]); rule >= 0 {
					if from, to := secretValue(s, i+3, rule); to > from {
						found = append(found, span{from, to, rule})
					}
				}
			}
			continue
		}
		if s[i] == ':' && strings.HasPrefix(s[i:], "://") {
			if from, to := userinfo(s, i+3); to > from && r.on[rulePassword] {
				found = append(found, span{from, to, rulePassword})
			}
			continue
		}
		rule := r.nameBefore(s, i)
		if rule < 0 {
			continue
		}
		if from, to := secretValue(s, i+1, rule); to > from {
			found = append(found, span{from, to, rule})
			i = to - 1
		}
	}
	return found
}

// nameBefore says which rule the name that ends before a separator falls under.
func (r *Redactor) nameBefore(s string, sep int) int {
	j := sep
	for n := 0; j > 0 && n < 3 && s[j-1] == ' '; n++ {
		j--
	}
	for j > 0 && (s[j-1] == '"' || s[j-1] == '\'' || s[j-1] == '`' || s[j-1] == '\\' || s[j-1] == ']') {
		j--
	}
	if j == 0 {
		return ruleNone
	}
	if s[j-1] >= 0x80 {
		return r.japanese(s[:j])
	}
	if !secretEnds[s[j-1]] && len(r.keys) == 0 {
		return ruleNone
	}
	k := j
	for k > 0 && j-k < 64 && wordByte[s[k-1]] {
		k--
	}
	return r.word(s[k:j])
}

// wordByte are the bytes of names.
var wordByte = func() (t [256]bool) {
	for c := range 256 {
		b := byte(c)
		t[c] = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-' || b == '.'
	}
	return
}()

// japanese says which rule a text that ends in a Japanese name falls under.
func (r *Redactor) japanese(s string) int {
	switch {
	case strings.HasSuffix(s, "パスワード"), strings.HasSuffix(s, "暗証番号"), strings.HasSuffix(s, "ﾊﾟｽﾜｰﾄﾞ"):
		if r.on[rulePassword] {
			return rulePassword
		}
	case strings.HasSuffix(s, "トークン"), strings.HasSuffix(s, "秘密鍵"), strings.HasSuffix(s, "APIキー"):
		if r.on[ruleSecret] {
			return ruleSecret
		}
	}
	return ruleNone
}

// userinfo is the password of a URL whose authority begins at i.
func userinfo(s string, i int) (from, to int) {
	colon := -1
	for j := i; j < len(s) && j-i < 512; j++ {
		switch s[j] {
		case ':':
			if colon < 0 {
				colon = j
			}
		case '@':
			if colon >= 0 && j > colon+1 && !strings.HasPrefix(s[colon+1:], "[redacted:") {
				return colon + 1, j
			}
			return 0, 0
		case '/', '?', '#', ' ', '"', '\'', '\n', '\t', '<', '>':
			return 0, 0
		}
	}
	return 0, 0
}

// secretValue is the value that follows a separator.
func secretValue(s string, i, rule int) (from, to int) {
	for n := 0; i < len(s) && n < 4 && (s[i] == ' ' || s[i] == '=' || s[i] == '>' || s[i] == ':' || s[i] == '\t'); n++ {
		i++
	}
	if strings.HasPrefix(s[i:], "[redacted:") {
		return 0, 0
	}
	if i < len(s) && s[i] == '[' { // a header's values: ["Bearer x"]
		i++
	}
	slashes := 0
	for i+slashes < len(s) && s[i+slashes] == '\\' {
		slashes++
	}
	if q := i + slashes; q < len(s) && (s[q] == '"' || s[q] == '\'') {
		from = q + 1
		to = closing(s, from, s[q], slashes)
	} else {
		from = i
		to = bareEnd(s, i, rule)
	}
	v := s[from:to]
	switch {
	case v == "" || strings.HasPrefix(v, "[redacted:"), v == "null", v == "nil", v == "none", v == "None", v == "true", v == "false",
		v == "undefined", v == "?", v == "%s", v == "%v", strings.Trim(v, "*") == "", v[0] == '{', v[0] == '$' && len(v) > 1 && (v[1] == '{' || v[1] >= '0' && v[1] <= '9'):
		return 0, 0
	}
	return from, to
}

// closing finds the quote that ends a value opened by q behind that many backslashes.
func closing(s string, i int, q byte, slashes int) int {
	run := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			run++
			continue
		case q:
			if slashes == 0 && run%2 == 0 || slashes > 0 && run <= slashes {
				return i - min(run, slashes)
			}
		}
		run = 0
	}
	return len(s)
}

var schemes = []string{"bearer", "basic", "digest", "negotiate", "token", "apikey", "hmac", "aws4-hmac-sha256"}

// bareEnd finds the end of a value without quotes.
func bareEnd(s string, i, rule int) int {
	if rule == ruleCookie {
		return lineEnd(s, i)
	}
	end := wordEnd(s, i)
	if rule == ruleAuthorization || rule == ruleSecret {
		for _, scheme := range schemes {
			if end < len(s) && s[end] == ' ' && strings.EqualFold(s[i:end], scheme) {
				if scheme == "digest" || scheme == "aws4-hmac-sha256" {
					return lineEnd(s, i)
				}
				return wordEnd(s, end+1)
			}
		}
	}
	return end
}

func wordEnd(s string, i int) int {
	if j := strings.IndexAny(s[i:], " \t\r\n&;,)]}\"'<>|\\"); j >= 0 {
		return i + j
	}
	return len(s)
}

func lineEnd(s string, i int) int {
	if j := strings.IndexAny(s[i:], "\r\n\"'"); j >= 0 {
		return i + j
	}
	return len(s)
}
