package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// How often progress is told: a line that is drawn over and over on a terminal,
// lines of their own elsewhere, for logs.
const (
	drawEvery = 100 * time.Millisecond
	sayEvery  = 10 * time.Second
	barWidth  = 30
)

// progress tells how far a long command is. One that is done before the first
// time is up has said nothing.
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

// progress starts now; the caller calls end before it says anything else.
func (a *app) progress(verb string) *progress {
	p := &progress{verb: verb, out: a.stderr, log: a.log, now: time.Now, every: sayEvery}
	if term, _ := a.lookupEnv("TERM"); isTerminal(a.stderr) && term != "dumb" {
		p.draw, p.every = a.log.Enabled(context.Background(), slog.LevelInfo), drawEvery
	}
	p.last = p.now()
	return p
}

// update takes the place of store.Scope's Progress.
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

// end wipes the line.
func (p *progress) end() {
	if p.drawn {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
		p.drawn = false
	}
}
