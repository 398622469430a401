package notify

import (
	"encoding/json"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Severity colours a message.
type Severity string

// The severities.
const (
	Info     Severity = "info"
	Good     Severity = "good" // it is over
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Message is what is said, before it takes the form of a channel.
type Message struct {
	// Kind is what sort of message it is: "alert.firing", "test".
	Kind string `json:"kind"`
	// Key is the same for the same message: what is enqueued twice is sent once.
	Key      string    `json:"key"`
	Severity Severity  `json:"severity"`
	Title    i18n.Text `json:"title"` // one line
	Text     i18n.Text `json:"text"`  // plain paragraphs; may be empty
	Fields   []Field   `json:"fields,omitempty"`
	Links    []Link    `json:"links,omitempty"` // the first is the thing itself
	Time     time.Time `json:"time"`
	// Data is for machines: it goes into webhooks as it is.
	Data json.RawMessage `json:"data,omitempty"`
}

// Field is a name and a value.
type Field struct {
	Name  i18n.Text `json:"name"`
	Value i18n.Text `json:"value"`
}

// Link leads to a page: of Yagura, when it begins with a slash.
type Link struct {
	Text i18n.Text `json:"text"`
	URL  string    `json:"url"`
}

func (m Message) validate() error {
	if m.Kind == "" || m.Key == "" || m.Title.IsZero() || m.Time.IsZero() || len(m.Key) > 500 {
		return fault.Internalf("notify: a message needs kind, key, title and time: %+v", m)
	}
	return nil
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
