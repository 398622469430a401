package ingest

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func newTestRedactor(t testing.TB, c Redaction) *Redactor {
	t.Helper()
	r, err := NewRedactor(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRedactText(t *testing.T) {
	r := newTestRedactor(t, Redaction{})
	for _, c := range []struct{ in, want string }{
		// names and values, in the forms that logs have them
		{`password=hunter2 user=bob`, `password=[redacted:password] user=bob`},
		{`{"user":"bob","password":"hun\"ter2","n":1}`, `{"user":"bob","password":"[redacted:password]","n":1}`},
		{`{"apiKey": "abc", "pwd" : "x"}`, `{"apiKey": "[redacted:secret]", "pwd" : "[redacted:password]"}`},
		{`"{\"password\":\"hunter2\",\"a\":1}"`, `"{\"password\":\"[redacted:password]\",\"a\":1}"`},
		{`GET /login?token=abc123&next=%2F HTTP/1.1`, `GET /login?token=[redacted:secret]&next=%2F HTTP/1.1`},
		{`Authorization: Bearer abc.def-ghi`, `Authorization: [redacted:authorization]`},
		{`authorization=Basic dXNlcjpwYXNz; next`, `authorization=[redacted:authorization]; next`},
		{`headers={"authorization":["Bearer abc"],"accept":["*/*"]}`, `headers={"authorization":["[redacted:authorization]"],"accept":["*/*"]}`},
		{`{:password=>"secret", :name=>"bob"}`, `{:password=>"[redacted:password]", :name=>"bob"}`},
		{"Cookie: sid=1; theme=dark\nHost: x", "Cookie: [redacted:cookie]\nHost: x"},
		{`Set-Cookie: sid=38afes7a8; HttpOnly`, `Set-Cookie: [redacted:cookie]`},
		{`X-Api-Key: 12345`, `X-Api-Key: [redacted:secret]`},
		{`aws_secret_access_key = AKIAfoo/bar`, `aws_secret_access_key = [redacted:secret]`},
		{`postgres://app:s3cr3t@db:5432/shop`, `postgres://app:[redacted:password]@db:5432/shop`},
		{`http://host:8080/path@x`, `http://host:8080/path@x`},
		{`パスワード：ひみつ です`, `パスワード：[redacted:password] です`},
		{`パスワード: abc`, `パスワード: [redacted:password]`},
		{`got Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln from x`, `got Bearer [redacted:authorization] from x`},
		{`jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end`, `jwt [redacted:authorization] end`},
		{"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- after", "[redacted:authorization] after"},
		// not secrets
		{`the bearer of news arrived`, `the bearer of news arrived`},
		{`password must be longer`, `password must be longer`},
		{`SELECT * FROM users WHERE password = ? AND token = $1`, `SELECT * FROM users WHERE password = ? AND token = $1`},
		{`{"password":null,"token":true}`, `{"password":null,"token":true}`},
		{`next_page_token=abc`, `next_page_token=abc`},
		{`tokens=12 passwords: 3`, `tokens=12 passwords: 3`},
		{`time=10:00:00 level=info`, `time=10:00:00 level=info`},
		{`password=********`, `password=********`},

		// cards
		{`card 4111111111111111.`, `card [redacted:card].`},
		{`card=4111-1111-1111-1111`, `card=[redacted:card]`},
		{`4111 1111 1111 1111 and 5500-0000-0000-0004`, `[redacted:card] and [redacted:card]`},
		{`amex 3782 822463 10005, jcb 3530111333300000`, `amex [redacted:card], jcb [redacted:card]`},
		{`カード番号４１１１１１１１１１１１１１１１です`, `カード番号[redacted:card]です`},
		{`カード番号4111－1111－1111－1111です`, `カード番号[redacted:card]です`},
		{`{"pan":4111111111111111}`, `{"pan":[redacted:card]}`},
		{`4111111111111111 00p`, `[redacted:card] 00p`},
		{`x1 4111111111111111 2`, `x1 [redacted:card] 2`},
		{`1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 4111111111111111`, `1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 [redacted:card]`},
		{`total 12 4111 1111 1111 1111 3`, `total 12 [redacted:card] 3`},
		{`4111111111111112`, `4111111111111112`},               // Luhn fails
		{`order a4111111111111111`, `order a4111111111111111`}, // within a word
		{`ratio 0.4111111111111111`, `ratio 0.4111111111111111`},
		{`at 1763802764123456789 ns`, `at 1763802764123456789 ns`},
		{`0000000000000000`, `0000000000000000`},
		{`4bf92f3577b34da6a3ce929d0e0e4736`, `4bf92f3577b34da6a3ce929d0e0e4736`},

		// 個人番号; 123456789018 has a right check digit
		{`個人番号: 123456789018`, `個人番号: [redacted:mynumber]`},
		{`個人番号 1234-5678-9018 の確認`, `個人番号 [redacted:mynumber] の確認`},
		{`マイナンバー１２３４５６７８９０１８`, `マイナンバー[redacted:mynumber]`},
		{`123456789012`, `123456789012`}, // the check digit fails
		{`id 550e8400-e29b-41d4-a716-123456789018`, `id 550e8400-e29b-41d4-a716-123456789018`}, // a UUID
		{`arn:aws:iam::123456789018:role/x`, `arn:aws:iam::123456789018:role/x`},
		{`file x123456789018`, `file x123456789018`},
		{`tel 090-1234-5678`, `tel 090-1234-5678`},
		{``, ``},
	} {
		got, hit := r.Text(c.in)
		if got != c.want {
			t.Errorf("Text(%q)\n got %q\nwant %q", c.in, got, c.want)
		}
		if hit != (got != c.in) {
			t.Errorf("Text(%q) says hit=%v", c.in, hit)
		}
	}
}

func TestRedactKeys(t *testing.T) {
	r := newTestRedactor(t, Redaction{})
	for name, want := range map[string]int{
		"password": rulePassword, "user.password": rulePassword, "db_passwd": rulePassword, "PGPASSWORD": rulePassword,
		"http.request.header.authorization": ruleAuthorization, "http.request.header.proxy-authorization": ruleAuthorization,
		"http.request.header.cookie": ruleCookie, "http.response.header.set-cookie": ruleCookie, "Set-Cookie": ruleCookie,
		"token": ruleSecret, "accessToken": ruleSecret, "id_token": ruleSecret, "client_secret": ruleSecret, "x-api-key": ruleSecret,
		"gen_ai.usage.input_tokens": ruleNone, "gen_ai.token.type": ruleNone, "k8s.secret.name": ruleNone, "nextPageToken": ruleNone,
		"http.request.method": ruleNone, "": ruleNone, "user.id": ruleNone, "tokenizer": ruleNone,
	} {
		if got, _ := r.key(name); got != want {
			t.Errorf("key(%q) = %d, want %d", name, got, want)
		}
	}
}

func TestRedactConfigured(t *testing.T) {
	r := newTestRedactor(t, Redaction{
		Disable: []string{RuleMyNumber},
		Rules:   []Rule{{ID: "employee", Pattern: `EMP-\d{6}`, Keys: []string{"staff.no"}}},
		Keep:    []string{"Session.Token"},
	})
	if got, _ := r.Text("EMP-123456 and 123456789018 password=x"); got != "[redacted:employee] and 123456789018 password=[redacted:password]" {
		t.Errorf("got %q", got)
	}
	if rule, _ := r.key("staff.no"); rule != customRules {
		t.Errorf("staff.no falls under %d", rule)
	}
	if _, keep := r.key("session.token"); !keep {
		t.Error("session.token is not kept")
	}
	own := newTestRedactor(t, Redaction{NoDefaults: true, Rules: []Rule{{ID: "a", Pattern: "b+"}}})
	if got, _ := own.Text("password=abbc 4111111111111111"); got != "password=a[redacted:a]c 4111111111111111" {
		t.Errorf("without defaults: %q", got)
	}
	off := newTestRedactor(t, Redaction{Off: true})
	if got, hit := off.Text("password=x"); hit || got != "password=x" {
		t.Errorf("switched off, it still gives %q", got)
	}
	for _, bad := range []Redaction{
		{Disable: []string{"nope"}},
		{Rules: []Rule{{ID: "card", Pattern: "x"}}},
		{Rules: []Rule{{ID: "A B", Pattern: "x"}}},
		{Rules: []Rule{{ID: "a", Pattern: "("}}},
		{Rules: []Rule{{ID: "a", Pattern: "x*"}}},
	} {
		if _, err := NewRedactor(bad); err == nil {
			t.Errorf("NewRedactor(%+v) did not object", bad)
		}
	}
}

func TestCheckDigits(t *testing.T) {
	// Of the ten last digits exactly one fits, whatever the rest.
	for _, prefix := range []string{"12345678901", "00000000001", "99999999998", "31415926535"} {
		n := 0
		for d := byte(0); d < 10; d++ {
			digits := make([]byte, 0, 12)
			for i := range len(prefix) {
				digits = append(digits, prefix[i]-'0')
			}
			if isMyNumber(append(digits, d)) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s has %d check digits", prefix, n)
		}
	}
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{
		"password=hunter2", `{"password":"x","card":"4111 1111 1111 1111"}`, "Authorization: Bearer abc", "個人番号 1234-5678-9018",
		"a://b:c@d", "Cookie: x=1; y=2", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", `\"token\":\"a`, "４１１１１１１１１１１１１１１１",
		"-----BEGIN PRIVATE KEY-----", "password=[redacted:", "4111111111111111-5500000000000004-123456789018", "pwd:pwd:pwd:a",
	} {
		f.Add(s)
	}
	r := newTestRedactor(f, Redaction{Rules: []Rule{{ID: "emp", Pattern: `EMP-\d+`}}})
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1<<16 {
			return
		}
		got, hit := r.Text(s)
		if !hit && got != s {
			t.Fatalf("changed without saying so: %q -> %q", s, got)
		}
		// Each secret is at least one byte behind a name of three and a separator, and
		// is replaced by at most 24 bytes.
		if len(got) > len(s)*7+32 {
			t.Fatalf("grew from %d to %d bytes: %q", len(s), len(got), s)
		}
		again, _ := r.Text(got)
		if again != got {
			t.Fatalf("not idempotent: %q -> %q -> %q", s, got, again)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Fatalf("broke a character: %q -> %q", s, got)
		}
		if strings.Contains(got, "4111111111111111 ") && !strings.Contains(s, "[redacted") {
			for _, w := range strings.Fields(got) {
				if w == "4111111111111111" {
					t.Fatalf("a card was left: %q", got)
				}
			}
		}
	})
}
