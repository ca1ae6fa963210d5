package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/pkg/template"
)

func newExplain(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain NAME",
		Short: "Explain a key of the config or a function of templates",
		Long: `Explain a key of the config, such as mode or jobs.files.mode, a function of templates,
such as secretOr, or what a function of consul-template, confd, gomplate or Helm is
here. 'credrender help keys' and 'credrender help functions' list the names.`,
		Example: `  credrender explain jobs.files.mode
  credrender explain secretOr`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runExplain(c.Context(), a, args[0]) },
	}
}

func runExplain(ctx context.Context, a *app, name string) error {
	var b strings.Builder
	f, near, isFunction := template.FindFunction(name)
	if isFunction {
		explainFunction(ctx, &b, f)
	}
	keys := findKeys(name)
	for _, k := range keys {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		explainKey(&b, k)
	}
	if isFunction || len(keys) > 0 {
		return a.write([]byte(b.String()))
	}
	// A suggestion with a space tells how to write something, which no other name does.
	if key := nearKey(name); key != "" && !strings.Contains(near, " ") {
		return usagef("there is no key or function %q, did you mean %s?", name, key)
	}
	if near == "" {
		return usagef("there is no key or function %q: 'credrender help keys' and 'credrender help functions' list them", name)
	}
	return explainPeer(a, name, near)
}

// explainPeer answers for a function of another program.
func explainPeer(a *app, name, near string) error {
	if !template.IsPeerFunction(name) {
		return usagef("there is no key or function %q, did you mean %s?", name, near)
	}
	return printf(a.stdout, "%s is a function of another program. Here it is:\n  %s\n", name, near)
}

func explainFunction(ctx context.Context, w io.Writer, f template.Function) {
	f = f.Evaluate(ctx)
	_, _ = fmt.Fprintf(w, "%s\n  %s\n", f.Call(), f.Summary)
	if len(f.Aliases) > 0 {
		_, _ = fmt.Fprintf(w, "  Also called: %s\n", strings.Join(f.Aliases, ", "))
	}
	_, _ = fmt.Fprintf(w, "  Origin: %s\n", f.Origin)
	if f.Volatile {
		_, _ = fmt.Fprintln(w, "  Its result differs on each run, so each run rewrites the file.")
	}
	if f.Example != "" {
		_, _ = fmt.Fprintf(w, "  Example: %s\n", f.Example)
	}
	if f.Result != "" {
		_, _ = fmt.Fprintf(w, "  Prints:  %s\n", strings.ReplaceAll(strings.TrimSuffix(f.Result, "\n"), "\n", "\n           "))
	}
}

func explainKey(w io.Writer, k config.Key) {
	_, _ = fmt.Fprintf(w, "%s\n  %s\n  Kind: %s\n", k.Path(), k.Does, k.Kind)
	if k.Required {
		_, _ = fmt.Fprintln(w, "  It is required.")
	}
	if k.Default != "" {
		_, _ = fmt.Fprintf(w, "  Default: %s\n", k.Default)
	}
	for _, f := range config.Flags() {
		if k.Section == config.SectionTop && f.Key() == k.Name {
			_, _ = fmt.Fprintf(w, "  Also: --%s, %s\n", f.Name, f.Env())
		}
	}
	_, _ = fmt.Fprintf(w, "  Example: %s: %s\n", k.Name, strings.ReplaceAll(k.Example, "\n", "\n           "))
}

// findKeys returns the keys of a name or a path, which may leave [] out.
func findKeys(name string) []config.Key {
	plain := strings.NewReplacer("[]", "", "-", "_")
	name = plain.Replace(strings.TrimPrefix(name, "--"))
	var named []config.Key
	for _, k := range config.Keys() {
		path := plain.Replace(k.Path())
		if path == name && strings.Contains(name, ".") {
			return []config.Key{k}
		}
		if k.Name == name || strings.HasSuffix(path, "."+name) {
			named = append(named, k)
		}
	}
	return named
}

// nearKey returns a key with a similar name, or "".
func nearKey(name string) string {
	var names []string
	for _, k := range config.Keys() {
		names = append(names, k.Name)
	}
	return config.Nearest(name, names)
}

func sectionTitle(s config.Section) string {
	titles := map[config.Section]string{
		config.SectionTop: "The config", config.SectionSource: "A source (sources.NAME)", config.SectionJob: "A job (jobs[])", config.SectionFile: "A file (jobs[].files[], or in a job with one file)",
		config.SectionKeypair: "A key pair (jobs[].keypairs[])", config.SectionTests: "A test file (*.test.yaml)", config.SectionCase: "A case of a test file (cases[])",
	}
	return titles[s]
}
