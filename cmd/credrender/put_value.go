package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/credrender/credrender/internal/input"
)

func (a *app) warnIf(text string) {
	if text != "" {
		a.log.Warn(text)
	}
}

// value reads the value. The warning warn is about a trailing newline.
func (a *app) value(o *putOptions, w putWords) (value []byte, warn string, err error) {
	if value, err = a.rawValue(w); err != nil {
		return nil, "", err
	}
	if o.trim {
		value = trimNewline(value)
	}
	if len(trimNewline(value)) == 0 && !o.allowEmpty {
		what := "empty"
		if len(value) > 0 {
			what = "only a newline"
		}
		return nil, "", usagef("put: the value is %s: was there an error before the pipe? --allow-empty stores it", what)
	}
	piped := w.value == "-" && !w.literal
	if piped && len(trimNewline(value)) < len(value) && !bytes.HasPrefix(value, []byte("-----BEGIN ")) {
		warn = "the value ends in a newline, which is stored too: --trim removes it"
	}
	return value, warn, nil
}

func trimNewline(b []byte) []byte {
	line, ok := bytes.CutSuffix(b, []byte("\n"))
	if ok {
		line = bytes.TrimSuffix(line, []byte("\r"))
	}
	return line
}

// rawValue returns the value before --trim, from the argument, a file, standard input or
// the terminal.
func (a *app) rawValue(w putWords) ([]byte, error) {
	switch {
	case !w.given:
		return a.askValue()
	case w.literal:
		return []byte(w.value), nil
	case w.value == "-":
		return a.readStdin()
	case strings.HasPrefix(w.value, "@"):
		data, err := a.readValue("put: @FILE", w.value[1:])
		switch {
		case errors.Is(err, input.ErrSilent), errors.Is(err, context.Canceled):
			return nil, fmt.Errorf("put: @FILE: %w", err)
		case err != nil:
			return nil, usagef("put: @FILE cannot be read: %w (name not shown: it may be the value; pass a value that begins with @ after --: 'credrender put NAME -- VALUE', or on standard input: 'credrender put NAME - ')", cause(err))
		}
		return data, nil
	default:
		return []byte(w.value), nil
	}
}

// cause returns the reason why a file cannot be read, without the name of the file.
func cause(err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		return pe.Err
	}
	if errors.Is(err, input.ErrTooLarge) {
		return err // does not contain the name
	}
	return fs.ErrInvalid
}

func (a *app) askValue() ([]byte, error) {
	f, ok := a.stdin.(*os.File)
	if !ok {
		return nil, noValue(nil)
	}
	_, _ = fmt.Fprint(a.stderr, "Value: ")
	value, err := term.ReadPassword(int(f.Fd()))
	_, _ = fmt.Fprintln(a.stderr)
	return value, err
}
