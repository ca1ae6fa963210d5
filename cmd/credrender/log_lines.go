package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/credrender/credrender/pkg/template/mask"
)

// This file holds the start of log lines. In systemd's journal that is the priority, which
// journald strips. Elsewhere, for a daemon and its children, it is the time and the id of
// the run.

// newLog returns a logger to standard error, with the start of lines that it needs there.
func (a *app) newLog(level slog.Level, format string) *slog.Logger {
	isJournal := a.isJournal()
	if format == "json" {
		if isJournal {
			return slog.New(journalJSON{&sync.Mutex{}, a.stderr, level, a.runID})
		}
		return withRun(newLogger(a.logOut(), level, format), a.runID)
	}
	h := textHandler{mu: &sync.Mutex{}, out: a.logOut(), level: level}
	switch {
	case isJournal:
		h.lead = func(r slog.Record) string { return priority(r.Level) }
	case a.dated:
		h.lead = func(r slog.Record) string { return a.date(r.Time) }
	}
	return slog.New(h)
}

// date returns the start of a line: the time, and the id of the run.
func (a *app) date(at time.Time) string {
	line := at.Format(time.RFC3339) + " "
	if a.runID != "" {
		line += "run=" + a.runID + " "
	}
	return line
}

func withRun(l *slog.Logger, id string) *slog.Logger {
	if id == "" {
		return l
	}
	return l.With("run", id)
}

// isJournal reports whether standard error goes to systemd's journal, by the device and
// inode in JOURNAL_STREAM (systemd.exec(5)).
func (a *app) isJournal() bool {
	want, _ := a.lookupEnv("JOURNAL_STREAM")
	f, ok := a.stderr.(*os.File)
	if want == "" || !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && fmt.Sprintf("%d:%d", st.Dev, st.Ino) == want
}

// priority returns the prefix of sd-daemon(3) for a level.
func priority(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "<3>"
	case l >= slog.LevelWarn:
		return "<4>"
	case l >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}

// journalJSON writes each record as its priority and JSON.
type journalJSON struct {
	mu    *sync.Mutex
	out   io.Writer
	level slog.Level
	runID string
}

func (h journalJSON) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }
func (h journalJSON) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h journalJSON) WithGroup(string) slog.Handler                { return h }

func (h journalJSON) Handle(ctx context.Context, r slog.Record) error {
	var b bytes.Buffer
	b.WriteString(priority(r.Level))
	if h.runID != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("run", h.runID))
	}
	if err := slog.NewJSONHandler(mask.JSON(&b), &slog.HandlerOptions{Level: h.level}).Handle(ctx, r); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.out.Write(b.Bytes())
	return err
}
