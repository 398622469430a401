package telemetry

import "context"

// Watcher is told of a question to the engine, when it is asked and when it is answered;
// its context is the question's.
type Watcher func(ctx context.Context, statement string) (context.Context, func(error))

type watcherKey struct{}

// WithWatcher is ctx, whose questions w is told of.
func WithWatcher(ctx context.Context, w Watcher) context.Context {
	return context.WithValue(ctx, watcherKey{}, w)
}

// Asking tells ctx's watcher, if there is one, of a question. Readers call it.
func Asking(ctx context.Context, statement string) (context.Context, func(error)) {
	if w, ok := ctx.Value(watcherKey{}).(Watcher); ok && w != nil {
		return w(ctx, statement)
	}
	return ctx, func(error) {}
}
