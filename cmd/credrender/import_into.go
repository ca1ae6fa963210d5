package main

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

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
