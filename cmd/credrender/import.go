package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

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
	fromContext     []string
	all             bool
}

func newImport(a *app) *cobra.Command {
	o := &importOptions{}
	c := &cobra.Command{
		Use:   "import FILE|-|REF [KEY=VALUE]... | import --from SETTING=VALUE [REF] [KEY=VALUE]...",
		Short: "Store secrets from a file, or from another store",
		Long: `Store every value of a file (- is standard input) as the next version of its name,
with the given context or that of --context-map. A value that equals the newest version
is skipped. After an interruption, run the command again. The format is that of
--from-format, else that of the file's ending, as in export. Also read are vault (what
'vault kv get -format=json' prints) and confidant (what its client's get_service prints).

--from-format also names other programs, of which secrets are read as they keep them:

  biscuit       FILE is a file of biscuit. KMS is asked in the region of each key's ARN.
  sneaker       REF is s3://BUCKET/PREFIX/* or one object. --from-context gives the
                pairs of SNEAKER_MASTER_CONTEXT. Names are those below the folder.
  sneaker-pack  FILE is a pack. --from-context gives the pairs of its --context.
  chamber       REF is a service: ssm:/SERVICE, sm:SERVICE or s3://BUCKET/SERVICE. Only
                newest values are read. Names are SERVICE/KEY.

With --into, the values are stored in another source: --into ssm:/app/ stores the name
db as the parameter /app/db.

With --from, copy secrets from another store under the same versions, like
'credrender export --to' in the other direction.

In JSON and YAML, {base64: ...} instead of a string is a binary value.`,
		Example: `  credrender import web.yaml env=prod --dry-run
  credrender import ssm:/web --from-format chamber env=prod
  credrender import --from table=credential-store-old --from region=us-east-1 'web.*' env=prod`,
		Annotations: map[string]string{mayHoldValues: "import"},
		RunE:        func(c *cobra.Command, args []string) error { return runImport(c.Context(), a, o, args) },
	}
	fl := c.Flags()
	choiceFlag(c, &o.format, "from-format", "", "", importFormats(), "format of FILE (default: by its name)")
	choiceFlag(c, &o.format, "output", "o", "", importFormats(), "the same as --from-format")
	fl.StringArrayVar(&o.fromContext, "from-context", nil, "`KEY=VALUE` of sneaker's context (repeatable)")
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
	requests, err := a.importRequests(ctx, cfg, o, s, args[0])
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
func (a *app) importRequests(ctx context.Context, cfg *config.Config, o *importOptions, s *scoped, file string) ([]store.PutRequest, error) {
	entries, err := a.readFrom(ctx, cfg, o, file)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 && !o.allowNoMatch {
		return nil, usagef("%s: it contains no secrets: --allow-no-match accepts that", file)
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
		return nil, usagef("the format of FILE is not known from its name (not shown: it may be a value): pass --from-format")
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
	if o.format != "" || len(o.fromContext) > 0 {
		return usagef("--from-format is for FILE, and --from for another store: give one of them")
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
	s, from, err := a.openScopeIn(ctx, &other, "import --from", args, &o.bulkFlags)
	if err != nil {
		return err
	}
	if !sameStore(s.Store(), there) {
		return usagef("%s is in another source than --from", s)
	}
	into, err := a.stores.Store(ctx, cfg.Base.Store, "import")
	if err != nil {
		return err
	}
	return a.copyStore(ctx, s, from, into, o.toContext, o.all)
}

// importedEntries returns the entries of fetched secrets, or an error if one cannot be read.
// entry makes one; its ref is for that error.
func importedEntries(
	got map[string]source.Result, problem string, entry func(path string, value source.Secret) (secretfile.Entry, source.Ref, error),
) (entries []secretfile.Entry, err error) {
	var failed []*source.RefError
	for _, path := range slices.Sorted(maps.Keys(got)) {
		e, ref, err := entry(path, got[path].Secret)
		if err = cmp.Or(got[path].Err, err); err != nil {
			failed = append(failed, &source.RefError{Ref: ref, Err: err})
			continue
		}
		entries = append(entries, e)
	}
	if len(failed) > 0 {
		return nil, manyFailed(len(got), problem, failed)
	}
	return entries, nil
}

// importedAtOnce limits the secrets that are written at once into a source that is not a
// store of items.
const importedAtOnce = 8

// importInto stores secrets of a file in another source, or in a folder of S3: under the
// text of into, such as ssm:/app/, with the name after it.
func (a *app) importInto(ctx context.Context, cfg *config.Config, s *scoped, into string, requests []store.PutRequest) error {
	if into != "" && backend.PrefixOf(cfg.Base.Store, into+"x") == "" {
		return usagef("--into %s is not in a source: it begins with ssm:, sm:, s3:// or the name of a source in the config", source.Show(into))
	}
	targets := make([]*backend.Target, len(requests))
	for i, r := range requests { // before anything is written
		var err error
		ref, err := backend.ParseRef(cfg.Base.Store, into+r.Name, "", r.Context.Map())
		if err != nil {
			return err
		}
		if targets[i], err = a.open(cfg, ref); err != nil {
			return err
		}
	}
	if err := refused(ctx, targets, requests); err != nil {
		return err
	}
	outcomes := make([]store.Outcome, len(requests))
	var g errgroup.Group
	var mu sync.Mutex
	done := 0
	g.SetLimit(importedAtOnce)
	for i, r := range requests {
		g.Go(func() error {
			stored, err := putImported(ctx, targets[i], r.Value, s.DryRun)
			outcomes[i] = store.Outcome{Name: into + r.Name, Version: stored.Version, Action: store.Kept, Size: len(r.Value.Reveal()), Err: err}
			if stored.Changed {
				outcomes[i].Action, outcomes[i].Size = store.Stored, len(r.Value.Reveal())
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			s.progress.update(done, len(requests))
			return nil
		})
	}
	_ = g.Wait()
	return a.finish(s, outcomes, nil)
}

// refuser is a source that knows without a request what it cannot hold.
type refuser interface {
	Refuses(ref source.Ref, w source.Write) error
}

// refused returns the errors of all values that their source cannot hold, so that nothing
// is written if there is one.
func refused(ctx context.Context, targets []*backend.Target, requests []store.PutRequest) error {
	var errs []error
	for i, t := range targets {
		writer, ref, err := t.Writer(ctx, "import")
		if err != nil {
			return err
		}
		if r, ok := writer.(refuser); ok {
			errs = append(errs, t.Fault(r.Refuses(ref, source.Write{Value: requests[i].Value})))
		}
	}
	return errors.Join(errs...)
}

// putImported stores a value, unless the newest version has it. A dry run only compares.
func putImported(ctx context.Context, t *backend.Target, value source.Secret, dryRun bool) (source.Stored, error) {
	writer, ref, err := t.Writer(ctx, "import")
	if err != nil {
		return source.Stored{}, err
	}
	if !dryRun {
		return writer.Put(ctx, ref, source.Write{Value: value, IfChanged: true})
	}
	held, err := t.Fetch(ctx)
	switch {
	case errors.Is(err, source.ErrNotFound), errors.Is(err, source.ErrWrongContext), errors.Is(err, source.ErrIntegrity):
		return source.Stored{Changed: true}, nil
	case err != nil:
		return source.Stored{}, err
	}
	return source.Stored{Version: held.Trace.Version, Changed: !bytes.Equal(held.Secret.Reveal(), value.Reveal())}, nil
}
