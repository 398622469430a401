package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

var tooLarge = i18n.T("The request is too large.", "リクエストが大きすぎます。")

var errStale = newProblem(http.StatusPreconditionFailed, fault.Conflict, i18n.T(
	"Somebody else changed this meanwhile. Load it again and repeat your change.",
	"ほかのユーザーが先に変更しました。再読み込みしてから、もう一度変更してください。"))

// humaTexts are the sentences of Huma's own checks, as its formats, with ours. Its
// variables are used where it has them, so that a new version of Huma cannot drift.
var humaTexts = []struct{ theirs, en, ja string }{
	{"validation failed", "The request is not valid.", "リクエストの内容が正しくありません。"},
	{"unexpected error occurred", "Something went wrong on our side.", "サーバー側で問題が発生しました。"},
	{"request body is required", "The request needs a body.", "リクエストボディが必要です。"},
	{"request body is too large limit=%d bytes", "The request is larger than %s bytes.", "リクエストが上限（%s バイト）を超えています。"},
	{"request body read timeout", "The request body did not arrive in time.", "リクエストボディの受信がタイムアウトしました。"},
	{"cannot read request body", "The request body could not be read.", "リクエストボディを読み取れませんでした。"},
	{"unable to marshal response", "None of the formats in Accept can be produced; use application/json.", "Accept で指定された形式には対応していません。application/json を使用してください。"},
	{"unknown content type: %s", "The content type %s is not understood; use application/json.", "Content-Type %s には対応していません。application/json を使用してください。"},
	{"unknown query parameter", "There is no such parameter.", "このようなパラメーターはありません。"},
	{"required %s parameter is missing", "This parameter is required.", "このパラメーターは必須です。"},
	{"expected at most one value, but received multiple values", "Only one value is possible.", "指定できる値は 1 つだけです。"},
	{"invalid integer", "Must be a whole number.", "整数を指定してください。"},
	{"invalid float", "Must be a number.", "数値を指定してください。"},
	{"invalid floating value", "Must be a number.", "数値を指定してください。"},
	{"invalid boolean", "Must be true or false.", "true または false を指定してください。"},
	{"invalid date/time for format %s", "Must be a time.", "時刻を指定してください。"},
	{"unparsable value", "This value cannot be read.", "値を読み取れません。"},
	{"invalid value: %s", "This value cannot be read: %s", "値を読み取れません: %s"},
	{"write only property is non-zero", "This property cannot be given.", "このプロパティは指定できません。"},
	{"unexpected end of JSON input", "The JSON ends too early.", "JSON が途中で終わっています。"},
	{"invalid character %s", "Not valid JSON: invalid character %s", "JSON の構文が正しくありません（不正な文字 %s）。"},

	{validation.MsgUnexpectedProperty, "There is no such property.", "このようなプロパティはありません。"},
	{validation.MsgExpectedRFC3339DateTime, "Must be a time in RFC 3339.", "RFC 3339 形式の日時を指定してください。"},
	{validation.MsgExpectedRFC1123DateTime, "Must be a time in RFC 1123.", "RFC 1123 形式の日時を指定してください。"},
	{validation.MsgExpectedRFC3339Date, "Must be a date (2026-11-22).", "日付（2026-11-22）を指定してください。"},
	{validation.MsgExpectedRFC3339Time, "Must be a time of day (09:00:00Z).", "時刻（09:00:00Z）を指定してください。"},
	{validation.MsgExpectedRFC5322Email, "Must be an e-mail address.", "メールアドレスを指定してください。"},
	{validation.MsgExpectedRFC5890Hostname, "Must be a host name.", "ホスト名を指定してください。"},
	{validation.MsgExpectedRFC2673IPv4, "Must be an IPv4 address.", "IPv4 アドレスを指定してください。"},
	{validation.MsgExpectedRFC2373IPv6, "Must be an IPv6 address.", "IPv6 アドレスを指定してください。"},
	{validation.MsgExpectedRFCIPAddr, "Must be an IP address.", "IP アドレスを指定してください。"},
	{validation.MsgExpectedRFC3986URI, "Must be a URI.", "URI を指定してください。"},
	{validation.MsgExpectedRFC4122UUID, "Must be a UUID.", "UUID を指定してください。"},
	{validation.MsgExpectedRFC6570URITemplate, "Must be a URI template.", "URI テンプレートを指定してください。"},
	{validation.MsgExpectedRFC6901JSONPointer, "Must be a JSON pointer.", "JSON ポインターを指定してください。"},
	{validation.MsgExpectedRFC6901RelativeJSONPointer, "Must be a relative JSON pointer.", "相対 JSON ポインターを指定してください。"},
	{validation.MsgExpectedRegexp, "Must be a regular expression: %s", "正規表現を指定してください: %s"},
	{validation.MsgExpectedMatchAtLeastOneSchema, "Has none of the possible forms.", "使用できる形式のいずれにも一致しません。"},
	{validation.MsgExpectedMatchExactlyOneSchema, "Has none of the possible forms.", "使用できる形式のいずれにも一致しません。"},
	{validation.MsgExpectedNotMatchSchema, "Has a form that is not possible.", "使用できない形式です。"},
	{validation.MsgExpectedPropertyNameInObject, "Must name a property that is there.", "存在するプロパティ名を指定してください。"},
	{validation.MsgExpectedBoolean, "Must be true or false.", "true または false を指定してください。"},
	{validation.MsgExpectedDuration, "Must be a duration.", "時間の長さを指定してください。"},
	{validation.MsgExpectedNumber, "Must be a number.", "数値を指定してください。"},
	{validation.MsgExpectedInteger, "Must be a whole number.", "整数を指定してください。"},
	{validation.MsgExpectedString, "Must be a text.", "文字列を指定してください。"},
	{validation.MsgExpectedBase64String, "Must be base64.", "base64 で指定してください。"},
	{validation.MsgExpectedArray, "Must be a list.", "配列を指定してください。"},
	{validation.MsgExpectedObject, "Must be an object.", "オブジェクトを指定してください。"},
	{validation.MsgExpectedArrayItemsUnique, "The values must differ from each other.", "値が重複しています。"},
	{validation.MsgExpectedOneOf, "Must be one of: %s", "次のいずれかを指定してください: %s"},
	{validation.MsgExpectedMinimumNumber, "Must be at least %s.", "%s 以上で指定してください。"},
	{validation.MsgExpectedExclusiveMinimumNumber, "Must be greater than %s.", "%s より大きい値を指定してください。"},
	{validation.MsgExpectedMaximumNumber, "Must be at most %s.", "%s 以下で指定してください。"},
	{validation.MsgExpectedExclusiveMaximumNumber, "Must be less than %s.", "%s より小さい値を指定してください。"},
	{validation.MsgExpectedNumberBeMultipleOf, "Must be a multiple of %s.", "%s の倍数を指定してください。"},
	{validation.MsgExpectedMinLength, "Must have at least %s characters.", "%s 文字以上で入力してください。"},
	{validation.MsgExpectedMaxLength, "Must have at most %s characters.", "%s 文字以内で入力してください。"},
	{validation.MsgExpectedBePattern, "Must be %s.", "形式が正しくありません（%s）。"},
	{validation.MsgExpectedMatchPattern, "Must match %s.", "形式が正しくありません（%s）。"},
	{validation.MsgExpectedMinItems, "Needs at least %s items.", "%s 件以上指定してください。"},
	{validation.MsgExpectedMaxItems, "Takes at most %s items.", "%s 件以内で指定してください。"},
	{validation.MsgExpectedMinProperties, "Needs at least %s properties.", "プロパティを %s 個以上指定してください。"},
	{validation.MsgExpectedMaxProperties, "Takes at most %s properties.", "プロパティは %s 個以内で指定してください。"},
	{validation.MsgExpectedRequiredProperty, "%s is required.", "%s は必須です。"},
	{validation.MsgExpectedDependentRequiredProperty, "%s is required when %s is given.", "%[2]s を指定する場合は %[1]s も必須です。"},
}

type matcher struct {
	re     *regexp.Regexp
	en, ja string
}

var verb = regexp.MustCompile(`%[a-z]`)

var matchers = sync.OnceValue(func() []matcher {
	ms := make([]matcher, len(humaTexts))
	for i, t := range humaTexts {
		parts := verb.Split(t.theirs, -1)
		for j := range parts {
			parts[j] = regexp.QuoteMeta(parts[j])
		}
		ms[i] = matcher{regexp.MustCompile(`(?s)^` + strings.Join(parts, `(.*)`) + `$`), t.en, t.ja}
	}
	return ms
})

// translate says in both languages what Huma says in its English. What it does not know
// stays English behind a sentence of Japanese.
func translate(msg string) i18n.Text {
	for _, m := range matchers() {
		found := m.re.FindStringSubmatch(msg)
		if found == nil {
			continue
		}
		args := make([]any, len(found)-1)
		for i, s := range found[1:] {
			args[i] = s
		}
		return i18n.Text{En: fill(m.en, args), Ja: fill(m.ja, args)}
	}
	return i18n.T(msg, "入力内容が正しくありません: "+msg)
}

// fill formats, without complaint about arguments that the sentence leaves out.
func fill(format string, args []any) string {
	if !strings.Contains(format, "%") {
		return format
	}
	return fmt.Sprintf(format, args...)
}
