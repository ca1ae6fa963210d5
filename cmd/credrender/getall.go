package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
)

type getallOptions struct {
	lifeFlags
	output  string
	partial bool
}

func newGetall(a *app) *cobra.Command {
	o := &getallOptions{}
	c := &cobra.Command{
		Use:   "getall [REF] [KEY=VALUE]...",
		Short: "Print all secrets",
		Long: `Print the newest version of every secret whose name the pattern REF matches, by
one scan of the table. All must open with the given context, or with those that
--context-map says: those that do not are named, and nothing is printed. A
pattern of another source prints what is there, by names without the prefix.

A pattern that matches nothing is exit code 3; --allow-no-match permits it.`,
		Example: `  credrender getall 'web.*' env=prod -o yaml
  credrender getall 'ssm:/app/prod/*'
  credrender getall --context-map contexts.yaml --partial`,
		RunE: func(c *cobra.Command, args []string) error { return runGetall(c.Context(), a, o, args) },
	}
	outputFlag(c, &o.output, "json|yaml", "json")
	o.addContextMap(c)
	o.addAllowNoMatch(c)
	c.Flags().BoolVar(&o.partial, "partial", false, "leave out what cannot be opened, and name it")
	return c
}

func runGetall(ctx context.Context, a *app, o *getallOptions, args []string) error {
	if o.output != "json" && o.output != "yaml" {
		return usagef("--output %q is not json or yaml", o.output)
	}
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	s, got, err := a.getAll(ctx, cfg, "getall", &o.lifeFlags, args)
	if err != nil {
		return err
	}
	values, failed := texts(s, got)
	if o.partial && len(values) > 0 { // of nothing that opens, there is no part to print
		failed = a.leaveOut(failed)
	}
	if len(failed) > 0 {
		many := manyFailed(len(got), "secrets cannot be printed", failed)
		many.partial = !o.partial
		return many
	}
	if o.output == "json" {
		return printJSON(a, values)
	}
	var entries []secretfile.Entry
	for _, name := range slices.Sorted(maps.Keys(values)) {
		entries = append(entries, secretfile.Entry{Name: name, Value: source.NewSecret([]byte(values[name]))})
	}
	text, err := secretfile.Write(secretfile.YAML, entries)
	if err != nil {
		return err
	}
	return a.write(text)
}

// getAll fetches what a command line names.
func (a *app) getAll(ctx context.Context, cfg *config.Config, verb string, f *lifeFlags, args []string) (*scoped, map[string]source.Result, error) {
	p := a.progress(verb)
	s, err := a.scope(cfg, args, f, p)
	if err != nil {
		return nil, nil, err
	}
	got, err := s.values(ctx, verb)
	p.end()
	return s, got, err
}

// errBinary: JSON and YAML hold text.
var errBinary = errors.New("is binary, which this format cannot hold; 'credrender get' prints it")

// texts reveals what was found, and says what cannot be shown.
func texts(s *scoped, got map[string]source.Result) (values map[string]string, failed []*source.RefError) {
	values = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		res, ref := got[name], s.One(name, "")
		value := res.Secret.Reveal()
		switch {
		case res.Err != nil:
			failed = append(failed, &source.RefError{Ref: ref, Err: res.Err})
		case !utf8.Valid(value):
			failed = append(failed, &source.RefError{Ref: ref, Err: errBinary})
		default:
			values[name] = string(value)
		}
	}
	return values, failed
}

// leaveOut names what stays as it is however often it is asked for, and returns
// the rest.
func (a *app) leaveOut(failed []*source.RefError) (rest []*source.RefError) {
	for _, f := range failed {
		if leavable(f) {
			a.log.Warn("left out " + f.Error())
			continue
		}
		rest = append(rest, f)
	}
	return rest
}
