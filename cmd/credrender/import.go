package main

import (
	"context"
	"fmt"
	"strings"

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
	into            string
	from, toContext []string
	all             bool
}

func newImport(a *app) *cobra.Command {
	o := &importOptions{}
	c := &cobra.Command{
		Use:   "import FILE|- [KEY=VALUE]... | import --from SETTING=VALUE [REF] [KEY=VALUE]...",
		Short: "Store secrets from a file, or from another store",
		Long: `Store every value of a file in JSON, YAML or dotenv (- is standard input) as the
next version of its name, with the given context or that of --context-map. A value
that equals the newest version is skipped. After an interruption, run the command
again.

With --into, the values are stored in another source: --into ssm:/app/ stores the name
db as the parameter /app/db.

With --from, copy secrets from another store under the same versions, like
'credrender export --to' in the other direction.

In JSON and YAML, {base64: ...} instead of a string is a binary value.`,
		Example: `  credrender import web.yaml env=prod --dry-run
  credrender import --from table=credential-store-old --from region=us-east-1 'web.*' env=prod`,
		Annotations: map[string]string{mayHoldValues: "import"},
		RunE:        func(c *cobra.Command, args []string) error { return runImport(c.Context(), a, o, args) },
	}
	fl := c.Flags()
	choiceFlag(c, &o.format, "output", "o", "", "json|yaml|dotenv", "format of the file (default: by its name)")
	o.register(c)
	fl.StringArrayVar(&o.from, "from", nil, "`SETTING=VALUE` of the other store, such as region=us-east-1 (repeatable)")
	fl.StringVar(&o.into, "into", "", "`SOURCE` to store them in, such as ssm:/app/, sm: or s3://bucket/app/: the text before each name")
	addCopyFlags(c, &o.toContext, &o.all)
	o.registerDryRun(c, "store nothing, print what would be stored")
	return c
}

func runImport(ctx context.Context, a *app, o *importOptions, args []string) error {
	if len(o.from) > 0 {
		if o.into != "" {
			return usagef("--into is for FILE: with --from, this store is written")
		}
		return importStore(ctx, a, o, args)
	}
	switch {
	case o.all || len(o.toContext) > 0:
		return usagef("--all-versions and --to-context need another store: --from")
	case o.into != "" && o.contextMap != "" && !strings.HasPrefix(o.into, source.S3+":"):
		return usagef("--context-map does not go with --into %s, whose values have no contexts", source.Show(o.into))
	case len(args) == 0:
		return usagef("a FILE is needed, or - for standard input, or --from")
	}
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	if len(args) > 1 && isRef(args[1]) {
		return usagef("import: an argument after FILE is not KEY=VALUE (not shown: it may be a value)")
	}
	s, err := a.scope(cfg, "import", args[1:], &o.bulkFlags)
	if err != nil {
		return err
	}
	requests, err := a.importRequests(cfg, o, s, args[0])
	if err != nil {
		return err
	}
	if o.into != "" || !s.HasItems() {
		return a.importInto(ctx, cfg, s, o.into, requests)
	}
	st, _, err := s.Items(ctx, "import")
	if err != nil {
		return err
	}
	outcomes, err := st.PutAll(ctx, s.Scope, requests)
	return a.finish(s, outcomes, err)
}

// importRequests reads a file. It refuses names that have the form of a REF of another
// source, because 'credrender get' could not read them.
func (a *app) importRequests(cfg *config.Config, o *importOptions, s *scoped, file string) ([]store.PutRequest, error) {
	entries, err := a.readExchange(file, o.format)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 && !o.allowNoMatch {
		return nil, usagef("%s: it holds no secrets: --allow-no-match accepts that", file)
	}
	var requests []store.PutRequest
	for _, e := range entries {
		if prefix := backend.PrefixOf(cfg.Base.Store, e.Name); prefix != "" {
			err := &secretfile.SyntaxError{Line: e.Line, Msg: fmt.Sprintf("%s is a name in the source %s, and import writes to the store: rename it, or use --into or 'credrender put'", source.Show(e.Name), prefix)}
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
	if format == "" {
		return nil, usagef("the format of FILE is not known from its name (not shown: it may be a value): pass --output json, yaml or dotenv")
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
		return usagef("--output is for FILE, and --from for another store: give one of them")
	}
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	there, err := a.otherStore(ctx, "from", o.from)
	if err != nil {
		return err
	}
	if sameStore(cfg.Base.Store, there) {
		return usagef("--from is the same store")
	}
	other := *cfg
	other.Base.Store = there
	s, from, err := a.openScope(ctx, &other, "import --from", args, &o.bulkFlags)
	if err != nil {
		return err
	}
	if !sameStore(s.Place(), there) {
		return usagef("%s is in another source than --from", s)
	}
	into, err := a.stores.Store(ctx, cfg.Base.Store, "import")
	if err != nil {
		return err
	}
	return a.copyStore(ctx, s, from, into, o.toContext, o.all)
}
