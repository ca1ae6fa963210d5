package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

type importOptions struct {
	bulkFlags
	format          string
	from, toContext []string
	all             bool
}

func newImport(a *app) *cobra.Command {
	o := &importOptions{}
	c := &cobra.Command{
		Use:   "import FILE|- [KEY=VALUE]... | import --from SETTING=VALUE [REF] [KEY=VALUE]...",
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
		Annotations: map[string]string{mayHoldValues: "import"},
		RunE:        func(c *cobra.Command, args []string) error { return runImport(c.Context(), a, o, args) },
	}
	fl := c.Flags()
	outputFlag(c, &o.format, "json|yaml|dotenv", "")
	fl.Lookup("output").Usage = "format of the file: `json|yaml|dotenv` (default: by its name)"
	o.addContextMap(c)
	o.addAllowNoMatch(c)
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
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	if len(args) > 1 && isRef(args[1]) {
		return usagef("import: a word after FILE is not KEY=VALUE (it is not shown: it may be a value)")
	}
	p := a.progress("import")
	s, err := a.scope(cfg, args[1:], &o.bulkFlags, p)
	if err != nil {
		return err
	}
	st, err := s.items(ctx, "import")
	if err != nil {
		return err
	}
	requests, err := a.importRequests(cfg, o, s, args[0])
	if err != nil {
		return err
	}
	outcomes, err := st.PutAll(ctx, s.Scope, requests)
	return a.finish(p, s, outcomes, err)
}

// importRequests reads a file. Its names are those of the store: one that reads
// as a name in another source could not be got again.
func (a *app) importRequests(cfg *config.Config, o *importOptions, s *scoped, file string) ([]store.PutRequest, error) {
	entries, err := a.readExchange(file, o.format)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 && !o.allowNoMatch {
		return nil, usagef("%s: it holds no secrets: --allow-no-match imports none", file)
	}
	var requests []store.PutRequest
	for _, e := range entries {
		if prefix := backend.PrefixOf(cfg.Base.Store, e.Name); prefix != "" {
			err := &secretfile.SyntaxError{Line: e.Line, Msg: fmt.Sprintf("%s is a name in the source %s, and import writes to the store: rename it, or put it with 'credrender put'", source.Show(e.Name), prefix)}
			return nil, usagef("%s: %w", file, err)
		}
		requests = append(requests, store.PutRequest{
			Name: e.Name, Value: e.Value, Context: s.Contexts(e.Name)[0], IfChanged: true,
		})
	}
	return requests, nil
}

func (a *app) readExchange(file, format string) ([]secretfile.Entry, error) {
	if format == "" {
		format = secretfile.FormatOf(file)
	}
	if format != secretfile.JSON && format != secretfile.YAML && format != secretfile.Dotenv {
		return nil, usagef("the format of FILE is not known by its name (which is not shown, since it may be a value): --output json, yaml or dotenv tells it")
	}
	read := a.readNamed
	if file == stdinName {
		read = func(string) ([]byte, error) { return a.readStdin() }
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
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	there, err := a.otherStore(ctx, "from", o.from)
	if err != nil {
		return err
	}
	if sameStore(cfg.Base.Store, there) {
		return usagef("--from names the store itself")
	}
	other := *cfg
	other.Base.Store = there
	p := a.progress("import")
	s, err := a.scope(&other, args, &o.bulkFlags, p)
	if err != nil {
		return err
	}
	if !sameStore(s.Place(), there) {
		return usagef("%s names another source than --from does", s)
	}
	from, err := s.items(ctx, "import --from")
	if err != nil {
		return err
	}
	into, err := a.stores.Store(ctx, cfg.Base.Store, "import")
	if err != nil {
		return err
	}
	return a.copyStore(ctx, p, s, from, into, o.toContext, o.all)
}
