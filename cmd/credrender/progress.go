package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/credrender/credrender/internal/activity"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/source/limit"
	"github.com/credrender/credrender/pkg/template/mask"
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

const (
	drawEvery = 100 * time.Millisecond
	barWidth  = 30
)

// statusLine is the last line of a terminal, on which a command shows what it is doing: a
// spinner with the innermost activity, or a bar with a number of items. A command that ends
// within a second shows nothing, and all that is shown is cleared.
type statusLine struct {
	out   io.Writer
	after time.Duration
	prose func(text string) // logs what cannot be drawn

	mu      sync.Mutex
	hidden  bool
	paused  int // by prompts
	since   time.Time
	doing   []*doing
	bar     *progressbar.ProgressBar
	shown   string // what bar shows
	counts  bool   // and whether it is more than a spinner
	drawn   bool
	stopped chan struct{}
}

// doing is one activity. total is 0 while the number of its items is unknown.
type doing struct {
	text        string
	verb        bool // a command over many items
	done, total int
}

// newLine returns the line of a terminal. The caller must close it.
func newLine(out io.Writer, after time.Duration, prose func(string)) *statusLine {
	l := &statusLine{out: out, after: after, prose: prose, since: time.Now(), stopped: make(chan struct{})}
	go l.tick()
	return l
}

func (l *statusLine) tick() {
	t := time.NewTicker(drawEvery)
	defer t.Stop()
	for {
		select {
		case <-l.stopped:
			return
		case <-t.C:
			l.mu.Lock()
			if time.Since(l.since) >= l.after {
				l.draw()
			}
			l.mu.Unlock()
		}
	}
}

// close clears the line for good.
func (l *statusLine) close() {
	if l == nil {
		return
	}
	l.off()
	close(l.stopped)
}

// off clears the line and keeps it clear.
func (l *statusLine) off() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hidden = true
	l.clear()
}

// begin adds an activity, which end removes. A nil statusLine shows nothing.
func (l *statusLine) begin(text string) (d *doing, end func()) {
	d = &doing{text: text}
	if l == nil {
		return d, func() {}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doing = append(l.doing, d)
	return d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for i, other := range l.doing {
			if other == d {
				l.doing = append(l.doing[:i:i], l.doing[i+1:]...)
				break
			}
		}
		if len(l.doing) == 0 { // what follows may print
			l.clear()
		}
	}
}

// update sets the number of items of an activity.
func (l *statusLine) update(d *doing, done, total int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	d.done, d.total = done, total
}

// Write writes text in the place of the line, which is drawn again below it.
func (l *statusLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	return l.out.Write(p)
}

// Begin implements limit.Observer. A program that may prompt has the terminal to itself.
func (l *statusLine) Begin(s limit.Subject) (end func()) {
	if !s.Prompts {
		_, end = l.begin("waiting for " + s.String())
		return end
	}
	resume := l.Pause()
	told := time.AfterFunc(l.after, func() { l.prose("waiting for " + s.String() + " ...") })
	return func() { told.Stop(); resume() }
}

// Pause implements limit.Observer.
func (l *statusLine) Pause() (resume func()) {
	l.pause(1)
	return sync.OnceFunc(func() { l.pause(-1) })
}

func (l *statusLine) pause(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paused += n
	l.clear()
}

// draw draws the line. An activity with a number of items is more telling than the waits
// within it.
func (l *statusLine) draw() {
	if l.hidden || l.paused > 0 || len(l.doing) == 0 {
		l.clear()
		return
	}
	shown := l.doing[len(l.doing)-1]
	for _, d := range l.doing {
		if d.total > 0 {
			shown = d
		}
	}
	text, counts := shown.text, shown.total > 0
	if outer := l.doing[0]; outer.verb && outer != shown {
		text = outer.text + ": " + text
	}
	if text != l.shown || counts != l.counts || l.bar == nil {
		l.clear()
		l.shown, l.counts, l.bar = text, counts, l.newBar(text, shown.total)
	}
	l.drawn = true
	if shown.total > 0 {
		l.bar.ChangeMax(shown.total)
		if shown.done < shown.total { // at its end a bar would leave its line
			_ = l.bar.Set(shown.done) // a terminal that fails shows nothing
		}
		return
	}
	_ = l.bar.RenderBlank()
}

func (l *statusLine) newBar(text string, total int) *progressbar.ProgressBar {
	options := []progressbar.Option{
		progressbar.OptionSetWriter(l.out), progressbar.OptionUseANSICodes(true), progressbar.OptionSetWidth(barWidth),
		progressbar.OptionSetDescription(l.short(text)),
		progressbar.OptionSpinnerType(9), progressbar.OptionSetTheme(progressbar.ThemeASCII), // in any locale
		progressbar.OptionSetSpinnerChangeInterval(0), // this type has a clock
	}
	if total == 0 {
		return progressbar.NewOptions(-1, options...)
	}
	return progressbar.NewOptions(total, append(options, progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true))...)
}

// short cuts a text to what leaves room for the time on one row.
func (l *statusLine) short(text string) string {
	width := 80
	if f, ok := l.out.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			width = w
		}
	}
	first, _, _ := strings.Cut(text, "\n")
	runes := []rune(mask.Visible(first))
	if room := max(width-20, 10); len(runes) > room {
		return string(runes[:room-3]) + "..."
	}
	return string(runes)
}

// clear removes the line from the terminal.
func (l *statusLine) clear() {
	if l.drawn {
		_ = l.bar.Clear() // a terminal that fails shows nothing
	}
	l.drawn = false
}

// waitSplay waits for this host's share of a splay.
func (a *app) waitSplay(ctx context.Context, splay time.Duration) error {
	if splay <= 0 {
		return nil // without a look at what machine this is
	}
	share := schedule.Splay(a.machine(), splay)
	defer a.doing("waiting " + share.Round(time.Second).String() + ", this host's splay")()
	return sleep(ctx, share)
}

// waitRetry waits before the next attempt of --wait.
func (a *app) waitRetry(ctx context.Context, pause time.Duration) error {
	defer a.doing("waiting for the next attempt")()
	return sleep(ctx, pause)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
