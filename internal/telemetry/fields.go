package telemetry

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry/semconv"
)

// This file is the one table of the keys that a filter, a facet and a completion know,
// by signal. An engine maps Field.Key to a column; what is not in the table is an
// attribute. The rules, for every engine:
//
//   - Names are compared exactly, case and all. Aliases are resolved here, old attribute
//     names by semconv.Key; nobody else folds names.
//   - A key of the table is a column. "attributes.X" is the row's own attribute X even
//     where X is also a column's name, "resource.X" the resource's. Any other key is the
//     row's own attribute, and the resource's where the row has none.
//   - An empty value is no value, of a column as of an attribute.
//   - Values are the texts that the API shows: ids in lower-case hex, levels, kinds and
//     statuses by name ("" is none, but an unset status is "unset"), a duration as its
//     nanoseconds in decimal.

// FieldKind says how a column's values compare.
type FieldKind uint8

// The kinds.
const (
	// TextField is equal, like a pattern, or there; it has no order.
	TextField FieldKind = iota
	// NumberField also has the order of numbers.
	NumberField
	// DurationField holds nanoseconds and is compared with durations (duration>1s). A
	// plain number is refused, because nobody agrees whether 500 is ms or ns.
	DurationField
	// LevelField is a level by name, in the order of the levels: all severity numbers of
	// a level are the same to it, so level>error is fatal alone, whatever error2 is.
	LevelField
	// IDField is a trace or span id: equal or there, nothing else.
	IDField
	// EnumField is one of Values.
	EnumField
)

// Field is a key of the table.
type Field struct {
	Key     string // the one name under which engines and facets know it
	Kind    FieldKind
	Aliases []string // other names that a person may write
	Values  []string // of an EnumField or LevelField, in their order
	Label   i18n.Text
}

var sourceFields = []Field{
	{Key: "service", Aliases: []string{"service.name"}, Label: i18n.T("Service", "サービス")},
	{Key: "env", Aliases: []string{"deployment.environment.name", "deployment.environment", "environment"}, Label: i18n.T("Environment", "環境")},
	{Key: "version", Aliases: []string{"service.version"}, Label: i18n.T("Version", "バージョン")},
	{Key: "instance", Aliases: []string{"service.instance.id"}, Label: i18n.T("Instance", "インスタンス")},
	{Key: "host", Aliases: []string{"host.name"}, Label: i18n.T("Host", "ホスト")},
}

var sharedFields = []Field{
	{Key: "trace_id", Kind: IDField, Aliases: []string{"trace"}, Label: i18n.T("Trace ID", "トレースID")},
	{Key: "span_id", Kind: IDField, Aliases: []string{"span"}, Label: i18n.T("Span ID", "スパンID")},
	{Key: "scope", Aliases: []string{"logger", "otel.scope.name"}, Label: i18n.T("Scope (logger, library)", "スコープ（ロガー・ライブラリ）")},
	{Key: "exception.type", Aliases: []string{"exception"}, Label: i18n.T("Exception type", "例外の型")},
	{Key: "exception.message", Label: i18n.T("Exception message", "例外メッセージ")},
	{Key: "exception.stacktrace", Aliases: []string{"exception.stack"}, Label: i18n.T("Stack trace", "スタックトレース")},
}

var levelNames = []string{"trace", "debug", "info", "warn", "error", "fatal"}

var logFields = concat(
	[]Field{{Key: "level", Kind: LevelField, Aliases: []string{"severity"}, Values: levelNames, Label: i18n.T("Level", "ログレベル")}},
	sourceFields,
	[]Field{
		{Key: "body", Aliases: []string{"message"}, Label: i18n.T("Body", "本文")},
		{Key: "event", Aliases: []string{"event.name"}, Label: i18n.T("Event", "イベント")},
	},
	sharedFields,
	[]Field{
		{Key: "severity_text", Label: i18n.T("Severity as sent", "送信時の重大度表記")},
		{Key: "severity_number", Kind: NumberField, Label: i18n.T("Severity number", "重大度番号")},
		{Key: "pattern", Kind: IDField, Label: i18n.T("Pattern ID", "パターンID")},
		{Key: "error_group", Kind: IDField, Label: i18n.T("Error group ID", "エラーグループID")},
	},
)

var spanFields = concat(
	sourceFields,
	[]Field{
		{Key: "name", Aliases: []string{"span.name"}, Label: i18n.T("Span name", "スパン名")},
		{Key: "kind", Kind: EnumField, Aliases: []string{"span.kind"}, Values: kindNames[1:], Label: i18n.T("Kind", "種別")},
		{Key: "status", Kind: EnumField, Aliases: []string{"otel.status_code"}, Values: []string{"unset", "ok", "error"}, Label: i18n.T("Status", "ステータス")},
		{Key: "duration", Kind: DurationField, Label: i18n.T("Duration", "所要時間")},
		{Key: "endpoint", Label: i18n.T("Endpoint", "エンドポイント")},
		{Key: "status_message", Aliases: []string{"status.message", "otel.status_description"}, Label: i18n.T("Status message", "ステータスメッセージ")},
		{Key: "parent_id", Kind: IDField, Aliases: []string{"parent", "parent_span_id"}, Label: i18n.T("Parent span ID", "親スパンID")},
	},
	sharedFields,
	[]Field{
		{Key: "peer", Label: i18n.T("Peer", "接続先")},
		{Key: "peer_kind", Kind: EnumField, Values: peerKindNames, Label: i18n.T("Kind of peer", "接続先の種別")},
		{Key: "operation_id", Kind: IDField, Label: i18n.T("Statement or operation ID", "ステートメント・操作のID")},
		{Key: "error_group", Kind: IDField, Label: i18n.T("Error group ID", "エラーグループID")},
	},
)

var peerKindNames = func() (names []string) {
	for _, k := range PeerKinds {
		names = append(names, string(k))
	}
	return names
}()

func concat(parts ...[]Field) (all []Field) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

var fieldIndex = [...]map[string]*Field{Logs: indexFields(logFields), Spans: indexFields(spanFields), Metrics: {}}

func indexFields(fields []Field) map[string]*Field {
	m := make(map[string]*Field)
	for i := range fields {
		f := &fields[i]
		for _, name := range append([]string{f.Key}, f.Aliases...) {
			if m[name] != nil {
				panic("telemetry: two fields are called " + name)
			}
			m[name] = f
		}
	}
	return m
}

// Fields lists the columns of a signal, in the order in which they are offered. The
// caller must not change it.
func Fields(s Signal) []Field {
	switch s {
	case Logs:
		return logFields
	case Spans:
		return spanFields
	}
	return nil
}

// LookupField finds the column that a key or an alias names.
func LookupField(s Signal, key string) (Field, bool) {
	if f := lookup(s, key); f != nil {
		return *f, true
	}
	return Field{}, false
}

func lookup(s Signal, key string) *Field {
	if int(s) >= len(fieldIndex) {
		return nil
	}
	return fieldIndex[s][key]
}

// Place says where the value of a key is.
type Place uint8

// The places.
const (
	Column       Place = iota // KeyRef.Field says which
	AnyAttr                   // the row's own attribute, else the resource's
	OwnAttr                   // the row's own attribute alone
	ResourceAttr              // the resource's attribute alone
)

// KeyRef is a key resolved: a column, or the name of an attribute as it is stored.
type KeyRef struct {
	Place Place
	Key   string // Field.Key, or the attribute's current name
	Field Field  // for Column
}

const (
	attrPrefix     = "attributes."
	resourcePrefix = "resource."
)

// ResolveKey finds where the value of a key is. It never fails: what is not a column
// is an attribute.
func ResolveKey(s Signal, key string) KeyRef {
	if f := lookup(s, key); f != nil {
		return KeyRef{Place: Column, Key: f.Key, Field: *f}
	}
	if name, ok := strings.CutPrefix(key, attrPrefix); ok && name != "" {
		return KeyRef{Place: OwnAttr, Key: semconv.Key(name)}
	}
	if name, ok := strings.CutPrefix(key, resourcePrefix); ok && name != "" {
		// The parts of a Source were taken out of the resource's attributes.
		for i := range sourceFields {
			for _, alias := range sourceFields[i].Aliases {
				if alias == name && strings.Contains(alias, ".") {
					return KeyRef{Place: Column, Key: sourceFields[i].Key, Field: sourceFields[i]}
				}
			}
		}
		return KeyRef{Place: ResourceAttr, Key: semconv.Key(name)}
	}
	name := semconv.Key(key)
	if f := lookup(s, name); f != nil { // an old name of what is a column now
		return KeyRef{Place: Column, Key: f.Key, Field: *f}
	}
	return KeyRef{Place: AnyAttr, Key: name}
}

// AttrKey is the key that a filter must use for a row's own attribute: its name, or
// attributes.name where the bare name would mean something else.
func AttrKey(s Signal, name string) string {
	if r := ResolveKey(s, name); r.Place == AnyAttr && r.Key == name {
		return name
	}
	return attrPrefix + name
}

// ResourceKey is the key that a filter must use for a resource's attribute.
func ResourceKey(name string) string { return resourcePrefix + name }
