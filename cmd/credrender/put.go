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
		return usagef("put: --version is not a whole number of 1 to 19 digits, and no version could follow it: 'credrender list NAME' shows those that are there")
	}
	if !w.given && (!isTerminal(a.stdin) || hasAttachedFlag(a.words)) {
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
		a.warnIf(warn)
	}
	return nil
}

// isVersion reports whether another version can be numbered after this one, and
// readers agree on which of the two is the newer.
func isVersion(s string) bool {
	return len(s) <= 19 && strings.Trim(s, "0123456789") == ""
}

func putIntoFolder(ctx context.Context, a *app, o *putOptions, t *backend.Target, w putWords) error {
	if o.version != "" || o.comment != "" || o.format != "credstash" {
		return usagef("a store in S3 takes no --version, --comment or --item-format")
	}
	value, warn, err := a.value(o, w)
	if err != nil {
		return err
	}
	defer a.warnIf(warn)
	return a.putObject(ctx, t, o, source.NewSecret(value))
}

func (a *app) warnIf(text string) {
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

func (a *app) putObject(ctx context.Context, t *backend.Target, o *putOptions, value source.Secret) error {
	f, ref, err := t.Folder(ctx, "put")
	if err != nil {
		return err
	}
	version, changed, err := f.Put(ctx, ref, value, o.ifChanged)
	if err != nil {
		return t.Bare().Fault(err)
	}
	if !changed {
		return nil
	}
	text := "stored " + t.Bare().String()
	if version != "" {
		text += " version " + version
	}
	a.log.Info(text, "name", ref.Name, "version", version)
	return nil
}

// putWords are the words of put, sorted out before anything is read. Any of them
// may be the value, so that no message has one.
type putWords struct {
	ref     string
	value   string // as a word: itself, @FILE or -
	given   bool   // there is a value among the words
	literal bool   // it follows --, and is itself whatever it begins with
	context []string
}

// sortPutWords sorts the words of put; dash is how many stand before --, or -1.
func sortPutWords(args []string, dash int) (putWords, error) {
	w := putWords{ref: args[0]}
	rest := args[1:]
	switch {
	case dash == 1 && len(rest) == 0:
		return w, usagef("put: nothing follows --; there the value stands")
	case dash == 1:
		w.literal, w.given = true, true
	case len(rest) > 0:
		w.given = !isPair(rest[0])
	}
	if w.given {
		w.value, rest = rest[0], rest[1:]
	}
	if i := slices.IndexFunc(rest, func(word string) bool { return !isPair(word) }); i >= 0 {
		return w, unexpectedWord(w.given)
	}
	if !w.given && slices.ContainsFunc(rest, func(word string) bool { return strings.HasSuffix(word, "=") }) {
		return w, usagef("put: no value: the word that ends in = was read as KEY=VALUE of a context; a value of that form, such as base64, goes after --: 'credrender put NAME -- VALUE', or to standard input: 'credrender put NAME - [KEY=VALUE]...'")
	}
	if slices.ContainsFunc(rest, isJoined) {
		return w, usagef("put: a word after the value holds several pairs of a context (it is not shown: it may be a part of the value): separate them by spaces; --context KEY=VALUE takes a comma literally")
	}
	w.context = rest
	return w, nil
}

func unexpectedWord(given bool) error {
	if !given {
		return usagef("put: the value stands right after the name, and words KEY=VALUE after it: 'credrender put NAME - [KEY=VALUE]...' reads standard input, 'credrender put NAME -- VALUE [KEY=VALUE]...' takes any VALUE")
	}
	return usagef("put: a word after the value is not KEY=VALUE (it is not shown: it may be a part of the value): quote a value with spaces, or 'credrender put NAME - [KEY=VALUE]...' reads it from standard input; one that begins with - or @ goes after --")
}

// isPair reports whether a word is KEY=VALUE, and not what else stands for a value.
func isPair(word string) bool {
	return strings.Index(word, "=") > 0 && word[0] != '@'
}

// noValue is the error of a put without a value and without a terminal to ask on.
func noValue(context []string) error {
	why := "no value"
	if len(context) > 0 {
		why += ": the last words are KEY=VALUE, which is a context"
	}
	return usagef("put: %s: 'credrender put NAME - [KEY=VALUE]...' reads standard input, @FILE a file; a value that looks like KEY=VALUE (base64 may end in =) goes after --: 'credrender put NAME -- VALUE'", why)
}

// hasAttachedFlag reports whether after the word put a flag and its value were given as one word, like -Xyz:
// where the value is missing, that word may have been meant for it.
func hasAttachedFlag(words []string) bool {
	return slices.ContainsFunc(words[slices.Index(words, "put")+1:], func(w string) bool { return len(w) > 2 && w[0] == '-' && w[1] != '-' })
}
