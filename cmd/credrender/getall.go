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
	bulkFlags
	output  string
	partial bool
}

func newGetall(a *app) *cobra.Command {
	o := &getallOptions{}
	c := &cobra.Command{
		Use:   "getall [REF] [KEY=VALUE]...",
		Short: "Print all secrets",
		Long: `Print the newest version of every secret whose name the pattern REF matches, with
one scan of the table. If a secret does not open with the given context, or with that
of --context-map, an error lists it and nothing is printed. For a pattern of another
source the names are printed without the prefix.

A pattern that matches nothing is exit code 3 unless --allow-no-match is given.`,
		Example: `  credrender getall 'web.*' env=prod -o yaml
  credrender getall 'ssm:/app/prod/*'
  credrender getall --context-map contexts.yaml --partial`,
		RunE: func(c *cobra.Command, args []string) error { return runGetall(c.Context(), a, o, args) },
	}
	outputFlag(c, &o.output, "json|yaml", "json")
	o.register(c)
	c.Flags().BoolVar(&o.partial, "partial", false, "leave out secrets that cannot be opened, with a warning")
	return c
}

func runGetall(ctx context.Context, a *app, o *getallOptions, args []string) error {
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	s, got, err := a.getAll(ctx, cfg, "getall", &o.bulkFlags, args)
	if err != nil {
		return err
	}
	values, failed := texts(s, got)
	if o.partial && len(values) > 0 { // of nothing that opens, there is no part to print
		failed = a.dropUnreadable(failed)
	}
	if len(failed) > 0 {
		many := manyFailed(len(got), "secrets failed to print", failed)
		many.partial = !o.partial
		return many
	}
	if o.output == "json" {
		return a.printJSON(values)
	}
	var entries []secretfile.Entry
	for _, name := range slices.Sorted(maps.Keys(values)) {
		entries = append(entries, secretfile.Entry{Name: name, Value: source.NewSecret([]byte(values[name]))})
	}
	text, err := secretfile.Write(secretfile.YAML, entries)
	if err != nil {
		return err
	}
	return a.writeContent(text)
}

// getAll fetches the secrets that the arguments select.
func (a *app) getAll(ctx context.Context, cfg *config.Config, verb string, f *bulkFlags, args []string) (*scoped, map[string]source.Result, error) {
	s, err := a.scope(cfg, verb, args, f)
	if err != nil {
		return nil, nil, err
	}
	got, err := s.values(ctx, verb)
	s.progress.end()
	return s, got, err
}

// errBinary is the error for a value that JSON and YAML cannot hold.
var errBinary = errors.New("is binary, which this format cannot contain; use 'credrender get'")

// texts reveals the values that are text, and returns an error for each of the others.
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

// dropUnreadable warns of secrets that a retry would not open, and returns the other
// failures.
func (a *app) dropUnreadable(failed []*source.RefError) (rest []*source.RefError) {
	var dropped []*source.RefError
	for _, f := range failed {
		if isPermanent(f) {
			dropped = append(dropped, f)
			continue
		}
		rest = append(rest, f)
	}
	for _, line := range causes(dropped) {
		a.log.Warn("left out " + line)
	}
	return rest
}
