package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source"
)

func newGetall(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "getall [PATTERN] [KEY=VALUE]...",
		Short: "Print all secrets",
		Long: `Print the newest version of every secret whose name PATTERN matches, by one scan
of the table. All must open with the given context: those that do not are
named, and nothing is printed.`,
		Example: "  credrender getall 'web.*' env=prod -o yaml",
		RunE:    func(c *cobra.Command, args []string) error { return runGetall(c.Context(), a, args, output) },
	}
	outputFlag(c, &output, "json|yaml", "json")
	return c
}

func runGetall(ctx context.Context, a *app, args []string, output string) error {
	if output != "json" && output != "yaml" {
		return usagef("--output %q is not json or yaml", output)
	}
	pattern := "*"
	if len(args) > 0 && !strings.Contains(args[0], "=") {
		pattern, args = args[0], args[1:]
	}
	ref, err := refOf(pattern, args, "")
	if err != nil {
		return err
	}
	st, err := a.store(ctx)
	if err != nil {
		return err
	}
	got, err := st.Glob(ctx, ref)
	if err != nil {
		return err
	}
	values, err := texts(ref, got)
	if err != nil {
		return err
	}
	if output == "json" {
		return printJSON(a, values)
	}
	b, err := yaml.Marshal(values)
	if err != nil {
		return err
	}
	return printf(a.stdout, "%s", b)
}

// errBinary: JSON and YAML hold text.
var errBinary = errors.New("is binary, which this format cannot hold; 'credrender get' prints it")

// texts reveals what was found, all or nothing.
func texts(pattern source.Ref, got map[string]source.Result) (map[string]string, error) {
	values := map[string]string{}
	failed := &render.SecretsError{}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		res, ref := got[name], source.Ref{Name: name, Context: pattern.Context}
		value := res.Secret.Reveal()
		switch {
		case res.Err != nil:
			failed.Failures = append(failed.Failures, &source.RefError{Ref: ref, Err: res.Err})
		case !utf8.Valid(value):
			failed.Failures = append(failed.Failures, &source.RefError{Ref: ref, Err: errBinary})
		default:
			values[name] = string(value)
		}
	}
	if len(failed.Failures) > 0 {
		return nil, fmt.Errorf("%d of %d secrets cannot be printed:\n%w", len(failed.Failures), len(got), failed)
	}
	return values, nil
}
