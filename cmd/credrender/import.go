package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/store"
)

type importOptions struct {
	lifeFlags
	format          string
	from, toContext []string
	all             bool
}

func newImport(a *app) *cobra.Command {
	o := &importOptions{}
	c := &cobra.Command{
		Use:   "import FILE|- [KEY=VALUE]... | import --from SETTING=VALUE [PATTERN] [KEY=VALUE]...",
		Short: "Store what a file holds, or another store",
		Long: `Store every value of a file in JSON, YAML or dotenv (- is standard input) as the
next version of its name, with the given context or the one that --context-map
says. A value that is the newest version already is left alone, so that a run
that was killed is finished by running it again.

With --from, copy from another store, under the same versions: as
'credrender export --to' does it from the other side.

In JSON and YAML, {base64: ...} in the place of a text is a value of bytes.`,
		Example: `  credrender import web.yaml env=prod --dry-run
  credrender import --from table=credential-store-old --from region=us-east-1 'web.*' env=prod`,
		RunE: func(c *cobra.Command, args []string) error { return runImport(c.Context(), a, o, args) },
	}
	fl := c.Flags()
	outputFlag(c, &o.format, "json|yaml|dotenv", "")
	fl.Lookup("output").Usage = "format of the file: `json|yaml|dotenv` (default: by its name)"
	o.addContextMap(c)
	fl.StringArrayVar(&o.from, "from", nil, "`SETTING=VALUE` of the other store, like region=us-east-1 (repeatable)")
	addCopyFlags(c, &o.toContext, &o.all)
	o.addDryRun(c, "store nothing, print what would be")
	return c
}

func runImport(ctx context.Context, a *app, o *importOptions, args []string) error {
	if len(o.from) > 0 {
		return importStore(ctx, a, o, args)
	}
	switch {
	case o.all || len(o.toContext) > 0:
		return usagef("--all-versions and --to-context are for another store: --from")
	case len(args) == 0:
		return usagef("a FILE is needed, or - for standard input, or --from")
	}
	entries, err := a.readExchange(args[0], o.format)
	if err != nil {
		return err
	}
	p := a.progress("import")
	sc, err := a.scope(args[1:], &o.lifeFlags, p)
	if err != nil {
		return err
	}
	if sc.Pattern != "" {
		return usagef("%q is not KEY=VALUE", sc.Pattern)
	}
	var requests []store.PutRequest
	for _, e := range entries {
		requests = append(requests, store.PutRequest{
			Name: e.Name, Value: e.Value, Context: sc.Contexts(e.Name)[0], IfChanged: true,
		})
	}
	st, err := a.store(ctx)
	if err != nil {
		return err
	}
	outcomes, err := st.PutAll(ctx, sc, requests)
	return a.finish(p, outcomes, o.dryRun, err)
}

func (a *app) readExchange(file, format string) ([]secretfile.Entry, error) {
	if format == "" {
		format = secretfile.FormatOf(file)
	}
	if format != secretfile.JSON && format != secretfile.YAML && format != secretfile.Dotenv {
		return nil, usagef("the format of %s is not known: --output json, yaml or dotenv says it", file)
	}
	read := a.readNamed
	if file == stdinName {
		read = func(string) ([]byte, error) { return io.ReadAll(a.stdin) }
	}
	data, err := read(file)
	if err != nil {
		return nil, err
	}
	entries, err := secretfile.Parse(format, data)
	if err != nil {
		return nil, usagef("%s: %w", file, err)
	}
	return entries, nil
}

func importStore(ctx context.Context, a *app, o *importOptions, args []string) error {
	if o.format != "" {
		return usagef("--output is for a FILE, --from for another store: one of them")
	}
	into, err := a.store(ctx)
	if err != nil {
		return err
	}
	from, err := a.elsewhere(ctx, "from", o.from)
	if err != nil {
		return err
	}
	return a.copyStore(ctx, "import", from, into, &o.lifeFlags, args, o.toContext, o.all)
}
