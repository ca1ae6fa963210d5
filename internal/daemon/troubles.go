package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/credrender/credrender/internal/state"
)

// troubles log each failure when it begins, when it changes, every hour while it
// lasts, and when it is over, so that a log shows an outage in a few lines.
type troubles struct {
	now func() time.Time
	log *slog.Logger

	mu    sync.Mutex
	known map[string]state.Result // by what fails
}

// add notes a failure of what and logs it unless it is a repeat.
func (t *troubles) add(what string, level slog.Level, text string, attrs ...any) {
	if r, isRepeat := t.note(what, text); !isRepeat {
		t.log.Log(context.Background(), level, text+InARow(r), attrs...)
		return
	}
	t.log.Debug(text, attrs...)
}

// note notes a failure that the child process has logged itself.
func (t *troubles) note(what, text string) (r state.Result, isRepeat bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, isRepeat = state.Result{Code: 1, Error: text}.After(t.known[what], t.now())
	t.known[what] = r
	return r, isRepeat
}

// end logs text if what has failed until now.
func (t *troubles) end(what, text string, attrs ...any) {
	t.mu.Lock()
	r, ok := t.known[what]
	delete(t.known, what)
	t.mu.Unlock()
	if ok {
		t.log.Info(fmt.Sprintf("%s, after %s since %s", text, failures(r.Count), clock(r.Since)), attrs...)
	}
}

// has reports whether what fails.
func (t *troubles) has(what string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[what].Code != 0
}

// drop forgets a trouble without logging it.
func (t *troubles) drop(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, what)
}

// forget makes the next repeat of every failure logged again.
func (t *troubles) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for what, r := range t.known {
		r.Logged = time.Time{}
		t.known[what] = r
	}
}

// InARow returns what a log line adds for a failure that follows others.
func InARow(r state.Result) string {
	if r.Count < 2 {
		return ""
	}
	return fmt.Sprintf(" (%s since %s)", failures(r.Count), clock(r.Since))
}

func failures(n int) string {
	if n == 1 {
		return "1 failure"
	}
	return fmt.Sprintf("%d failures", n)
}

func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// endOthers ends the troubles whose names begin with prefix, except those that still
// returns true for.
func (t *troubles) endOthers(prefix string, still func(what string) bool, format string) {
	t.mu.Lock()
	var over []string
	for what := range t.known {
		if strings.HasPrefix(what, prefix) && !still(what) {
			over = append(over, what)
		}
	}
	t.mu.Unlock()
	for _, what := range over {
		t.end(what, fmt.Sprintf(format, what))
	}
}
