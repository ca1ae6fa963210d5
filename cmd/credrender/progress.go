package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/credrender/credrender/internal/activity"
)

// progress shows on a terminal how far a command over many items is.
type progress struct {
	line *statusLine
	what *doing
	end  func()
}

// progress begins a command over many items. The caller must call end before other output.
func (a *app) progress(verb string) *progress {
	what, end := a.line.begin(verb)
	what.verb = true // before anything is within it
	return &progress{a.line, what, end}
}

// update is the Progress function of a store.Scope.
func (p *progress) update(done, total int) { p.line.update(p.what, done, total) }

// doing shows an activity that takes time without a wait for AWS.
func (a *app) doing(text string) (end func()) {
	_, end = a.line.begin(text)
	return end
}

// showing returns a context whose waits and activities the terminal shows, and the end of
// that. Elsewhere nothing is shown.
func (a *app) showing(ctx context.Context) (context.Context, func()) {
	term, _ := a.lookupEnv("TERM")
	if !a.atTerminal(a.stderr) || term == "dumb" {
		return ctx, func() {}
	}
	l := newLine(a.stderr, a.noticeAfter, func(text string) { a.log.Info(text) })
	a.line = l
	a.log = a.newLog(slog.LevelInfo, "text")
	a.limit.Observe(l)
	return activity.With(ctx, a.doing), func() {
		l.close()
		a.line = nil
	}
}

// logOut is where log lines go: in the place of the line of a terminal.
func (a *app) logOut() io.Writer {
	if a.line != nil {
		return a.line
	}
	return a.stderr
}
