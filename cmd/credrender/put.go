package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/input"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

type putOptions struct {
	version, comment, format string
	ifChanged                bool
	allowEmpty, trim         bool
	literal                  []string
}

func newPut(a *app) *cobra.Command {
	o := &putOptions{}
	c := &cobra.Command{
		Use:   "put REF [VALUE|@FILE|-] [KEY=VALUE]...",
		Short: "Store a secret as a new version",
		Long: `Store a value under the next version, safely among others who do the same.
@FILE and - (standard input) are taken byte for byte. A value that ends in a
newline from a pipe gets a warning, and --trim takes one newline off. An empty
value is refused without --allow-empty.

Without a value it is asked for on the terminal. A word KEY=VALUE is always a
context: a value of that form, one that ends in = (base64), or one that begins
with - or @, goes after --, where it is taken as it is.

A VALUE on the command line can be seen by every user of the machine while the
command runs, and stays in the shell's history; @FILE and - do not.

A REF of a source in the config writes to the table of that source, with its key.`,
		Example: `  credrender put web.tls.key @tls.key env=prod
  pwgen -s 40 1 | credrender put db.password - env=prod --trim
  credrender put api.token -- "$TOKEN" env=prod`,
		Annotations: map[string]string{mayHoldValues: "put"},
		Args:        cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runPut(c.Context(), a, o, args, c.ArgsLenAtDash())
		},
	}
	fl := c.Flags()
	fl.StringVarP(&o.version, "version", "v", "", "`VERSION` to store (default: the next)")
	fl.StringVar(&o.comment, "comment", "", "`TEXT` stored beside the value, in clear")
	fl.BoolVar(&o.ifChanged, "if-changed", false, "store nothing if the newest version has this value")
	fl.BoolVar(&o.allowEmpty, "allow-empty", false, "store an empty value too")
	fl.BoolVar(&o.trim, "trim", false, "take one newline off the end of the value")
	contextFlag(c, &o.literal)
	fl.StringVar(&o.format, "item-format", "credstash", "`credstash|aes-ctr|aes-gcm`: who can read it; credstash is read by every tool")
	return c
}

func runPut(ctx context.Context, a *app, o *putOptions, args []string, dash int) error {
	w, err := sortPutWords(args, dash)
	if err != nil {
		return err
	}
	algorithms := map[string]string{"credstash": "", "aes-ctr": "aes-ctr", "aes-gcm": "aes-gcm"}
	algorithm, ok := algorithms[o.format]
	if !ok {
		return usagef("--item-format is not credstash, aes-ctr or aes-gcm")
	}
	if slices.ContainsFunc(o.literal, func(word string) bool { return !isPair(word) }) {
		return usagef("put: --context is not KEY=VALUE")
	}
	if o.version != "" && !isVersion(o.version) {
		return usagef("put: --version is not a whole number of 1 to 19 digits that another version can follow: 'credrender list NAME' shows those that are there")
	}
	if !w.given && (!isTerminal(a.stdin) || glued(a.words)) {
		return noValue(w.context)
	}
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	t, err := a.target(cfg, w.ref, "", w.context, o.literal)
	if err != nil {
		return err
	}
	if t.IsFolder() {
		return putIntoFolder(ctx, a, o, t, w)
	}
	st, name, err := t.Items(ctx, "put")
	if err != nil {
		return err
	}
	value, warn, err := a.value(o, w)
	if err != nil {
		return err
	}
	version, changed, err := st.Put(ctx, store.PutRequest{
		Name: name, Value: source.NewSecret(value), Context: t.Context(),
		Version: o.version, Comment: o.comment, Algorithm: algorithm, IfChanged: o.ifChanged,
	})
	if err != nil {
		return t.Bare().Fault(err)
	}
	if changed {
		a.log.Info(fmt.Sprintf("stored %s version %s", t.Bare(), version), "name", name, "version", version)
		a.warnOf(warn)
	}
	if o.version != "" {
		a.warnOlder(ctx, st, t, name, version)
	}
	return nil
}

// warnOlder warns of a stated version that readers do not get, since they get the
// newest. A writer who may not look it up is told that it is unknown.
func (a *app) warnOlder(ctx context.Context, st *store.Store, t *backend.Target, name, version string) {
	newer, err := st.NewerThan(ctx, name, version)
	switch {
	case err != nil:
		a.log.Warn(fmt.Sprintf("%s: version %s is stored; whether readers get it is unknown, because the newest version cannot be looked up: %v", t.Bare(), version, err))
	case newer != "":
		a.log.Warn(fmt.Sprintf("%s: version %s is stored, but readers still get version %s, which is newer: without --version, put makes the next one", t.Bare(), version, source.Show(newer)))
	}
}

// isVersion reports whether another version can be numbered after this one, and
// readers agree on which of the two is the newer.
func isVersion(s string) bool {
	return len(s) <= 19 && strings.Trim(s, "0123456789") == "" && s != "9999999999999999999"
}

func putIntoFolder(ctx context.Context, a *app, o *putOptions, t *backend.Target, w putWords) error {
	if o.version != "" || o.comment != "" || o.format != "credstash" {
		return usagef("a store in S3 takes no --version, --comment or --item-format")
	}
	value, warn, err := a.value(o, w)
	if err != nil {
		return err
	}
	defer a.warnOf(warn)
	return a.putObject(ctx, t, o, source.NewSecret(value))
}

func (a *app) warnOf(text string) {
	if text != "" {
		a.log.Warn(text)
	}
}

// value reads the value, and says in warn what of it may not be meant.
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
			what = "a newline alone"
		}
		return nil, "", usagef("put: the value is %s: was there an error before the pipe? --allow-empty stores it", what)
	}
	piped := w.value == "-" && !w.literal
	if piped && len(trimNewline(value)) < len(value) && !bytes.HasPrefix(value, []byte("-----BEGIN ")) {
		warn = "the value ends in a newline, which is stored with it: --trim takes it off"
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

// rawValue is the value as it is: a word, a file's content, or standard input's.
func (a *app) rawValue(w putWords) ([]byte, error) {
	switch {
	case !w.given:
		return a.askValue()
	case w.literal:
		return []byte(w.value), nil
	case w.value == "-":
		return a.readStdin()
	case strings.HasPrefix(w.value, "@"):
		data, err := a.input.ReadFile(a.abs(w.value[1:]))
		switch {
		case errors.Is(err, input.ErrSilent), errors.Is(err, context.Canceled):
			return nil, fmt.Errorf("put: @FILE: %w", err)
		case err != nil:
			return nil, usagef("put: @FILE cannot be read: %w (its name is not shown, since it may be the value; one that begins with @ goes after --: 'credrender put NAME -- VALUE', or to standard input: 'credrender put NAME - ')", cause(err))
		}
		return data, nil
	default:
		return []byte(w.value), nil
	}
}

// cause is why a file cannot be read, without its name.
func cause(err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		return pe.Err
	}
	if errors.Is(err, input.ErrTooLarge) {
		return err // names none
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
