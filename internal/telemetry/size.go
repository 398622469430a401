package telemetry

// PageBytes is how many bytes of rows a page has before it ends, full or not. It has one
// row at least, however large.
const PageBytes = 8 << 20

// Size is about how many bytes the row's own texts take.
func (l *Log) Size() int {
	return rowBytes + l.Source.size() + l.Exception.size() + attrsSize(l.Attrs) +
		len(l.SeverityText) + len(l.Event) + len(l.Scope) + len(l.Body) + len(l.Pattern.Text) + l.Error.size()
}

// Size is about how many bytes the row's own texts take.
func (s *Span) Size() int {
	n := rowBytes + s.Source.size() + s.Exception.size() + attrsSize(s.Attrs) +
		len(s.TraceState) + len(s.Name) + len(s.StatusMessage) + len(s.Scope) + len(s.Endpoint) +
		len(s.Peer.Name) + len(s.Operation.Text) + s.Error.size()
	for i := range s.Events {
		n += rowBytes + len(s.Events[i].Name) + attrsSize(s.Events[i].Attrs)
	}
	for i := range s.Links {
		n += rowBytes + attrsSize(s.Links[i].Attrs)
	}
	return n
}

// rowBytes stands for what every row has: ids, times and numbers.
const rowBytes = 64

func (s *Source) size() int {
	return len(s.Env) + len(s.Service) + len(s.Version) + len(s.Instance) + len(s.Host) + attrsSize(s.Attrs)
}

func (e *ErrorKey) size() int { return len(e.Type) + len(e.Message) + len(e.Frame) }

func (e *Exception) size() int { return len(e.Type) + len(e.Message) + len(e.Stack) }

func attrsSize(attrs []Attr) (n int) {
	for _, a := range attrs {
		n += len(a.Key) + len(a.Value)
	}
	return n
}
