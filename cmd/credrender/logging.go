package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/credrender/credrender/pkg/template/mask"
)

// The rules for output: stdout carries results only. Messages go to stderr with the
// prefix "credrender:", in lower case and without a full stop. A hint with a command
// to run follows an error. A run that changed nothing prints nothing.

// textHandler prints messages for people. It drops attributes, which are for the JSON
// format: each message is complete without them.
type textHandler struct {
	mu    *sync.Mutex
	out   io.Writer
	level slog.Level
	lead  func(slog.Record) string // returns the start of each line; nil: ""
}

func (h textHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h textHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h textHandler) WithGroup(string) slog.Handler { return h }

func (h textHandler) Handle(_ context.Context, r slog.Record) error {
	prefix, lead := "credrender: ", ""
	if h.lead != nil {
		lead = h.lead(r)
	}
	switch {
	case r.Level >= slog.LevelError:
		prefix += "error: "
	case r.Level >= slog.LevelWarn:
		prefix += "warning: "
	case r.Level < slog.LevelInfo:
		prefix += "debug: "
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == hintKey {
			prefix = "credrender: hint: "
		}
		return true
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	for line := range strings.SplitSeq(strings.TrimRight(r.Message, "\n"), "\n") {
		if _, err := fmt.Fprintln(h.out, lead+prefix+mask.Visible(line)); err != nil {
			return err
		}
	}
	return nil
}

// hintKey is the attribute that marks a record as a hint.
const hintKey = "hint"

func newLogger(out io.Writer, level slog.Level, format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(mask.JSON(out), &slog.HandlerOptions{Level: level}))
	}
	return slog.New(textHandler{mu: &sync.Mutex{}, out: out, level: level})
}

// quietLibraries keeps libraries away from the standard streams.
//
// The SDK passes os.Stderr and os.Stdin to a credential_process, which could print a
// credential into a log or consume a secret piped into put. On a terminal it keeps
// both streams, because some processes prompt for a code. net/http logs the beginning
// of unsolicited responses.
func quietLibraries() {
	log.SetOutput(io.Discard)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return // no replacement for the streams
	}
	if !isTerminal(os.Stderr) {
		os.Stderr = null
	}
	if !isTerminal(os.Stdin) {
		os.Stdin = null
	}
}

// newLog returns a logger to standard error, with the start of lines that it needs there. In
// systemd's journal that is the priority, which journald strips. Elsewhere, for a daemon and
// its children, it is the time and the id of the run.
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

// errorText returns an error's text for a message. A path in it that holds a line break
// would begin a line of its own, which a reader could take for a message of credrender's:
// messages have several lines only where several errors are joined.
func errorText(err error) string {
	text := err.Error()
	for _, path := range pathsIn(err) {
		if shown := mask.Visible(path); shown != path {
			text = strings.ReplaceAll(text, path, shown)
		}
	}
	return text
}

// pathsIn returns the paths in the errors of the operating system that err wraps.
func pathsIn(err error) (paths []string) {
	switch e := err.(type) { // each error of the tree is looked at
	case *fs.PathError:
		return []string{e.Path}
	case *os.LinkError:
		return []string{e.Old, e.New}
	case *exec.Error:
		return []string{e.Name}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			paths = append(paths, pathsIn(one)...)
		}
		return paths
	}
	if inner := errors.Unwrap(err); inner != nil {
		return pathsIn(inner)
	}
	return nil
}
