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
//     binds weaker; "-" or NOT before a term or a parenthesis turns it round.
//   - A word or a "phrase" holds when the row's text contains it anywhere, after NFKC and
//     case folding of both, without regard to word borders: エラー is in 接続エラーが
//     and ｴﾗｰ; か is not in が. A * within a word stands for any characters; a lone *
//     holds for every row. In a phrase, * is itself.
//   - key:value holds when the row has the key and its value is equal, case and all;
//   - in an unquoted value stands for any characters, and key:* asks for the key alone.
//   - key>n, >=, <, <= hold when the value is a number (or a duration, 300ms, or a size,
//     10MB, or a level, by the key's kind) and compares so. No number, no match.
//   - A key that a row lacks has no value: every comparison is false, its negation true.
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
	// overlapping in the row; empty pieces are left out, and at least one is there.
	// Without a star there is one.
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
	// Pattern, for Eq, are the pieces between stars; the first must begin the value and
	// the last must end it, either may be empty. "a*" is {"a", ""}.
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
	Level                // error: Number is the least severity number of the level
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
