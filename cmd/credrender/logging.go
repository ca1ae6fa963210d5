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
