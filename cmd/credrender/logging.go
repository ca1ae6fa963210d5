package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/credrender/credrender/pkg/template/mask"
)

// textHandler prints a record's message as a person reads it: the attributes
// are for machines, and messages say all.
type textHandler struct {
	mu    *sync.Mutex
	out   io.Writer
	level slog.Level
}

func (h textHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h textHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h textHandler) WithGroup(string) slog.Handler { return h }

func (h textHandler) Handle(_ context.Context, r slog.Record) error {
	prefix := "credrender: "
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
		if _, err := fmt.Fprintln(h.out, prefix+mask.Visible(line)); err != nil {
			return err
		}
	}
	return nil
}

// hintKey marks a record that is a hint.
const hintKey = "hint"

func newLogger(out io.Writer, level slog.Level, format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(textHandler{mu: &sync.Mutex{}, out: out, level: level})
}

// quietLibraries keeps what credrender is built of from the streams of this process:
// only what a command was given as standard error says something there.
//
// The SDK hands os.Stderr and os.Stdin to a credential_process, which may print a
// credential into a log, and read the value that was piped in. It has both on a
// terminal, where some ask for a code. net/http logs how answers begin that
// nobody asked for.
func quietLibraries() {
	log.SetOutput(io.Discard)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return // there is nothing to put in their place
	}
	if !isTerminal(os.Stderr) {
		os.Stderr = null
	}
	if !isTerminal(os.Stdin) {
		os.Stdin = null
	}
}
