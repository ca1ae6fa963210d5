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
)

type putOptions struct {
	version, comment, format string
	tier                     string
	ifChanged, ifAbsent      bool
	force                    bool
	allowEmpty, trim         bool
	formatGiven              bool
	literal                  []string
}

func newPut(a *app) *cobra.Command {
	o := &putOptions{}
	c := &cobra.Command{
		Use:   "put REF [VALUE|@FILE|-] [KEY=VALUE]...",
		Short: "Store a secret as a new version",
		Long: `Store a value as the next version. Concurrent writers get different versions. @FILE
and - (standard input) are stored byte for byte. A value from a pipe that ends in a
newline is stored with a warning; --trim removes one newline. An empty value is an
error without --allow-empty.

Without a value, put prompts for it on the terminal. An argument KEY=VALUE is always
a context. Write a value of that form, such as base64 ending in =, or a value that
begins with - or @, after --, where it is taken literally.

While the command runs, every user of the machine can see a VALUE on the command
line, and it stays in the shell's history. Use @FILE or - to avoid that.

With a REF of another source, put writes there: to Parameter Store (ssm:/path), Secrets
Manager (sm:ID, or sm:ID#KEY for one key of a JSON object), S3 (s3://bucket/key), or the
table and key of a source in the config. Nothing but the value changes in what exists
there: the KMS key, tier, policies and tags stay.`,
		Example: `  credrender put web.tls.key @tls.key env=prod
  pwgen -s 40 1 | credrender put db.password - env=prod --trim
  credrender put api.token -- "$TOKEN" env=prod
  credrender put ssm:/app/prod/password @password.txt`,
		Annotations: map[string]string{mayHoldValues: "put"},
		Args:        cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.formatGiven = c.Flags().Changed("item-format")
			return runPut(c.Context(), a, o, args, c.ArgsLenAtDash())
		},
	}
	fl := c.Flags()
	fl.StringVarP(&o.version, "version", "v", "", "`VERSION` to store (default: the next)")
	fl.StringVar(&o.comment, "comment", "", "`TEXT` stored with the value, in clear text")
	fl.BoolVar(&o.ifChanged, "if-changed", false, "store nothing if the newest version has the same value")
	fl.BoolVar(&o.ifAbsent, "if-absent", false, "store only a secret that does not exist; else exit code 1")
	fl.BoolVar(&o.allowEmpty, "allow-empty", false, "accept an empty value")
	fl.BoolVar(&o.trim, "trim", false, "remove one newline from the end of the value")
	fl.BoolVar(&o.force, "force", false, "write a secret that AWS manages or rotates, or to a bucket without versions")
	contextFlag(c, &o.literal)
	tierFlag(c, &o.tier)
	choiceFlag(c, &o.format, "item-format", "", "credstash", "credstash|aes-ctr|aes-gcm", "format of the item; every tool reads credstash")
	return c
}

func runPut(ctx context.Context, a *app, o *putOptions, args []string, dash int) error {
	w, err := sortPutWords(args, dash)
	if err != nil {
		return err
	}
	format := o.format
	if format == "credstash" {
		format = ""
	}
	if slices.ContainsFunc(o.literal, func(word string) bool { return !isPair(word) }) {
		return usagef("put: --context is not KEY=VALUE")
	}
	if o.version != "" && !isVersion(o.version) {
		return usagef("put: --version is not a whole number of 1 to 19 digits below 9999999999999999999, so other versions could not follow it: 'credrender list NAME' shows the stored ones")
	}
	if !w.given && (!isTerminal(a.stdin) || hasAttachedFlag(a.words)) {
		return noValue(w.context)
	}
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	t, err := a.target(cfg, w.ref, "", w.context, o.literal)
	if err != nil {
		return err
	}
	if o.formatGiven && !t.HasItems() {
		return usagef("%s: --item-format is for items of a table or local store, and this source has none", t.Bare().String())
	}
	writer, ref, err := t.Writer(ctx, "put")
	if err != nil {
		return err
	}
	value, warn, err := a.value(o, w)
	if err != nil {
		return err
	}
	stored, err := writer.Put(ctx, ref, source.Write{
		Value: source.NewSecret(value), Version: o.version, Comment: o.comment, Format: format, Tier: o.tier,
		IfChanged: o.ifChanged, IfAbsent: o.ifAbsent, Force: o.force,
	})
	if err != nil {
		return t.Bare().Fault(err)
	}
	if stored.Changed {
		a.log.Info("stored "+t.Bare().At(stored.Version), "name", ref.Name, "version", stored.Version)
		a.warnIf(warn)
	}
	if o.version != "" {
		return a.warnOlder(ctx, t, stored.Version)
	}
	return nil
}

// warnOlder warns of a stated version that readers do not get, since they get the
// newest. A writer who may not look it up is told that it is unknown.
func (a *app) warnOlder(ctx context.Context, t *backend.Target, version string) error {
	st, name, err := t.Items(ctx, "put --version")
	if err != nil {
		return err
	}
	newer, err := st.NewerThan(ctx, name, version)
	switch {
	case err != nil:
		a.log.Warn(fmt.Sprintf("%s: version %s is stored; whether readers get it is unknown, because the newest version cannot be looked up: %v", t.Bare(), version, err))
	case newer != "":
		a.log.Warn(fmt.Sprintf("%s: version %s is stored, but readers still get version %s, which is newer: without --version, put stores the next version", t.Bare(), version, source.Show(newer)))
	}
	return nil
}

// isVersion reports whether s is a number that can be padded to 19 digits, so that all
// readers agree on the order of versions.
func isVersion(s string) bool {
	return len(s) <= 19 && strings.Trim(s, "0123456789") == "" && s != "9999999999999999999"
}

// putWords are the arguments of put. Any of them may be the value, so no message shows
// one.
type putWords struct {
	ref     string
	value   string // the argument: a value, @FILE or -
	given   bool   // an argument is the value
	literal bool   // the value follows --
	context []string
}

// sortPutWords classifies the arguments of put. dash is the number of arguments before
// --, or -1.
func sortPutWords(args []string, dash int) (putWords, error) {
	w := putWords{ref: args[0]}
	rest := args[1:]
	switch {
	case dash == 1 && len(rest) == 0:
		return w, usagef("put: nothing follows --: the value is missing")
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
		return w, usagef("put: no value: the argument that ends in = is a context, KEY=VALUE; pass a value of that form, such as base64, after --: 'credrender put NAME -- VALUE', or on standard input: 'credrender put NAME - [KEY=VALUE]...'")
	}
	if slices.ContainsFunc(rest, isJoined) {
		return w, usagef("put: an argument after the value has several pairs of a context (not shown: it may be part of the value): separate them with spaces; --context KEY=VALUE takes a comma literally")
	}
	if slices.ContainsFunc(rest, isEmptyPair) {
		return w, usagef("put: an argument after the value is KEY= without a value (KEY is not shown: it may be part of the value): is a variable unset? --context KEY= takes it literally, as in --context env=")
	}
	w.context = rest
	return w, nil
}

func unexpectedWord(given bool) error {
	if !given {
		return usagef("put: the value comes right after the name, then KEY=VALUE: 'credrender put NAME - [KEY=VALUE]...' reads standard input, 'credrender put NAME -- VALUE [KEY=VALUE]...' takes any VALUE")
	}
	return usagef("put: an argument after the value is not KEY=VALUE (not shown: it may be part of the value): quote a value with spaces, or pass it on standard input: 'credrender put NAME - [KEY=VALUE]...'; a value that begins with - or @ goes after --")
}

// isPair reports whether an argument is KEY=VALUE.
func isPair(word string) bool {
	return strings.Index(word, "=") > 0 && word[0] != '@'
}

// noValue is the error of a put without a value and without a terminal for the prompt.
func noValue(context []string) error {
	why := "no value"
	if len(context) > 0 {
		why += ": the last arguments are KEY=VALUE, a context"
	}
	return usagef("put: %s: 'credrender put NAME - [KEY=VALUE]...' reads standard input, @FILE a file; a value in the form KEY=VALUE (base64 may end in =) goes after --: 'credrender put NAME -- VALUE'", why)
}

// hasAttachedFlag reports whether an argument after put joins a flag and its value, such
// as -Xyz. If the value is missing, that argument may be it.
func hasAttachedFlag(words []string) bool {
	return slices.ContainsFunc(words[slices.Index(words, "put")+1:], func(w string) bool { return len(w) > 2 && w[0] == '-' && w[1] != '-' })
}

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
