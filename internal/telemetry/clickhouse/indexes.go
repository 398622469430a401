package clickhouse

import (
	"strings"
)

// The skip indexes of logs and spans, by which a search leaves out what cannot hold what is
// looked for. None is needed for an answer to be right: a part without them is scanned.
//
//   - text_index: the pairs of characters of the row's text.
//   - attribute_index: the values in the map of attributes, of whatever key.
//   - resource_index: the keys of the resource.
//
// An insert builds none, because its parts are merged at once; merges do. What is left
// without, the upkeep sees to.
var skipIndexes = []string{"text_index", "attribute_index", "resource_index"}

var noIndexes = strings.Join(skipIndexes, ", ")

const (
	attributeValues = "mapValues(attributes)"
	resourceKeys    = "JSONExtractKeys(resource)"
)

// SpanText is what words are looked for in, of a span.
func (ddl) SpanText() string { return spanText }

// AttributeIndex declares the index of values. One in a hundred looks is in vain.
func (ddl) AttributeIndex() string { return attributeValues + " TYPE bloom_filter(0.01) GRANULARITY 1" }

// ResourceIndex declares the index of the resource's keys.
func (ddl) ResourceIndex() string { return resourceKeys + " TYPE bloom_filter(0.01) GRANULARITY 1" }

// mayEqual holds for every row whose attribute has the value, its own or the resource's, and
// for few others; it is what the indexes answer.
func (v value) mayEqual(q *statement, want string) string {
	own := "has(" + attributeValues + ", " + q.str(want) + ")"
	if v.other == nil {
		return own
	}
	return "(" + own + " OR has(" + resourceKeys + ", " + v.own.key + "))"
}
