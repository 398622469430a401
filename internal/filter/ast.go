// Package filter is the one small language in which a person says which logs or spans
// they mean, in the UI, the CLI, the API and in rules:
//
//	service:checkout level>=error "タイムアウト" duration>1s -user:bot
//	(timeout OR "connection reset") http.response.status_code>=500
//
// This room parses it (parse.go), says what it means by deciding it for one row
// (match.go), and prints it back (print.go). It knows keys and values, not tables: an
// engine turns the tree into its own query, and must select exactly the rows that Match
// selects.
//
// # Meaning
//
//   - Terms side by side must all hold; OR (upper case) between them means either, and
//     binds weaker; "-" or NOT before a term or a parenthesis turns it round. AND may be
//     written and changes nothing.
//   - A word or a "phrase" holds when the row's text contains it anywhere, after Fold of
//     both, without regard to word borders: エラー is in 接続エラーが and ｴﾗｰ; か is not
//     in が. A * within a word, or between phrases ("a b"*"c d"), stands for any
//     characters; a lone * holds for every row. In a phrase, * is itself; \" is a quote
//     and \\ a backslash, and a backslash before anything else is itself.
//   - key:value holds when the row has the key and its value is equal, case and all;
//   - in an unquoted value stands for any characters, and key:* asks for the key alone.
//     key:(a OR b) is (key:a OR key:b). A bare value runs to white space or to a
//     parenthesis that it did not open itself. The names of level are folded: WARNING,
//     Err and critical are warn, error and fatal.
//   - key>n, >=, <, <= hold when the value is a number (or a duration, 300ms, or a size,
//     10MB, or a level, by the key's kind) and compares so. No number, no match. What a
//     number is, ParseNumber says: decimal, no spaces, no NaN and no infinity.
//   - A key that a row lacks has no value: every comparison is false, its negation true.
//     key:"" asks for the rows that lack it, for an empty value is none (-key:* in another
//     form; what binds a filter to its signal makes it so).
//
// A key begins with a letter or "_" and goes on with those, digits and . - / @; any other
// key is written in quotes: "注文 番号":12. What looks like a key and is none is a word:
// 12:30:00, http://host/path, std::vector, 原因:タイムアウト. So is 日本:5; the key is "日本":5.
//
// What Japanese input methods produce is taken for what was meant, outside of phrases:
// full-width space, colon, parentheses, minus, comparison signs (＞ ≧ ≦), *, quotes (“ ” ＂,
// which only close each other), and full-width letters and digits in keys, operators,
// numbers and OR, NOT, AND. Corner brackets 「」 are ordinary letters, for they are
// frequent in the texts that one looks for.
package filter

// Node is a parsed filter: All, And, Or, Not, Text or Compare.
type Node interface{ node() }

// All holds for every row: the filter * or an empty one.
type All struct{}

// And holds when all of its nodes do. There are at least two.
type And struct{ Nodes []Node }

// Or holds when any of its nodes does. There are at least two.
type Or struct{ Nodes []Node }

// Not holds when its node does not.
type Not struct{ Node Node }

// Text holds when the row's text contains the pattern.
type Text struct {
	// Folded are the pieces between the stars, after Fold, in order and never
	// overlapping in the row; none is empty, and at least one is there. Without a star
	// between two pieces there is one: a star at an end means nothing.
	Folded []string
	Pos    Pos
}

// Op compares.
type Op uint8

// The operators. Eq may hold a pattern; Exists is key:*.
const (
	Eq Op = iota
	Exists
	Lt
	Le
	Gt
	Ge
)

func (o Op) String() string {
	return [...]string{":", ":*", "<", "<=", ">", ">="}[o]
}

// Compare holds when the row's value of Key compares so.
type Compare struct {
	Key string // as written; the engine folds old names to new ones
	Op  Op
	// Value is the text compared with by Eq when Pattern is nil.
	Value string
	// Pattern, for Eq, are the pieces between stars, two or more; the first must begin the
	// value and the last must end it, either may be empty, no other is, and they do not
	// overlap. "a*" is {"a", ""}.
	Pattern []string
	// Number is the right side of an ordering: a plain number; Unit says of what.
	Number float64
	Unit   Unit
	Pos    Pos
}

// Unit is what a number in an ordering was written as.
type Unit uint8

// The units.
const (
	Plain    Unit = iota // 500
	Duration             // 300ms: Number is in nanoseconds
	Size                 // 10MB (powers of ten) or 10MiB (of two): Number is in bytes
	// Level: error. Number is the least severity number of the level (1, 5, 9, 13, 17 or
	// 21). The row's severity is rounded down to its level's least first, so that
	// level>error means fatal alone; a row without a severity (0) does not match.
	Level
)

// Pos is the byte range of a node in the text it was parsed from.
type Pos struct{ Start, End int }

func (All) node()     {}
func (And) node()     {}
func (Or) node()      {}
func (Not) node()     {}
func (Text) node()    {}
func (Compare) node() {}

// Row is what a filter is decided on.
type Row interface {
	// Text is what words are looked for in, each as it is stored: a word may be in any
	// of them, never across two.
	Text() []string
	// Value is the value of a key; ok is false when the row has none. A numeric value
	// that has its own unit (a duration) is given in that of the key's column.
	Value(key string) (value string, ok bool)
}

// Keys are the keys that a filter asks for, in their order; a key may be there twice.
func Keys(n Node) (keys []string) {
	switch n := n.(type) {
	case And:
		for _, n := range n.Nodes {
			keys = append(keys, Keys(n)...)
		}
	case Or:
		for _, n := range n.Nodes {
			keys = append(keys, Keys(n)...)
		}
	case Not:
		return Keys(n.Node)
	case Compare:
		return []string{n.Key}
	}
	return keys
}

// AllOf is the node that holds when all of ns do: nil and All drop out, And is opened up.
func AllOf(ns ...Node) Node {
	var flat []Node
	for _, n := range ns {
		switch n := n.(type) {
		case nil, All:
		case And:
			flat = append(flat, n.Nodes...)
		default:
			flat = append(flat, n)
		}
	}
	switch len(flat) {
	case 0:
		return All{}
	case 1:
		return flat[0]
	}
	return And{flat}
}

// AnyOf is the node that holds when any of ns does; there is at least one. Or is opened
// up.
func AnyOf(ns ...Node) Node {
	var flat []Node
	for _, n := range ns {
		if or, ok := n.(Or); ok {
			flat = append(flat, or.Nodes...)
		} else {
			flat = append(flat, n)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return Or{flat}
}
