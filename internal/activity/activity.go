// Package activity passes on what a command is doing, so that a terminal can show it.
// Waits for AWS are passed on by package limit.
package activity

import "context"

type key struct{}

// With returns a context whose activities begin is told of. It returns a function that
// ends the activity.
func With(ctx context.Context, begin func(text string) (end func())) context.Context {
	return context.WithValue(ctx, key{}, begin)
}

// Begin begins an activity, which end ends. Without a terminal it does nothing.
func Begin(ctx context.Context, text string) (end func()) {
	begin, ok := ctx.Value(key{}).(func(text string) (end func()))
	if !ok {
		return func() {}
	}
	return begin(text)
}
