package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// The intervals of progress output: one line that is redrawn on a terminal, separate
// lines elsewhere, for logs.
const (
	drawEvery = 100 * time.Millisecond
	sayEvery  = 10 * time.Second
	barWidth  = 30
)

// progress reports how far a long command is. A command that ends within the first
// interval prints nothing.
type progress struct {
	verb  string
	out   io.Writer
	log   *slog.Logger
	now   func() time.Time
	every time.Duration
	draw  bool
	last  time.Time
	drawn bool
}

// progress starts the clock. The caller must call end before other output.
func (a *app) progress(verb string) *progress {
	p := &progress{verb: verb, out: a.stderr, log: a.log, now: time.Now, every: sayEvery}
	if term, _ := a.lookupEnv("TERM"); isTerminal(a.stderr) && term != "dumb" {
		p.draw, p.every = a.log.Enabled(context.Background(), slog.LevelInfo), drawEvery
	}
	p.last = p.now()
	return p
}

// update is the Progress function of a store.Scope.
func (p *progress) update(done, total int) {
	now := p.now()
	if now.Sub(p.last) < p.every || done == total {
		return
	}
	p.last = now
	if !p.draw {
		p.log.Info(fmt.Sprintf("%s: %d of %d", p.verb, done, total), "done", done, "total", total)
		return
	}
	full := barWidth * done / total
	bar := strings.Repeat("#", full) + strings.Repeat(".", barWidth-full)
	_, _ = fmt.Fprintf(p.out, "\r%s [%s] %d of %d ", p.verb, bar, done, total)
	p.drawn = true
}

// end clears the progress line.
func (p *progress) end() {
	if p.drawn {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
		p.drawn = false
	}
}
