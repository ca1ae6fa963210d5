package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// The manage commands where --store is s3://BUCKET/PREFIX: an object has no
// versions of its own choosing and no comment.

func (a *app) putObject(ctx context.Context, t *backend.Target, o *putOptions, value source.Secret) error {
	f, ref, err := t.Folder(ctx, "put")
	if err != nil {
		return err
	}
	version, changed, err := f.Put(ctx, ref, value, o.ifChanged)
	if err != nil {
		return t.Bare().Fault(err)
	}
	if !changed {
		return nil
	}
	text := "stored " + t.Bare().String()
	if version != "" {
		text += " version " + version
	}
	a.log.Info(text, "name", ref.Name, "version", version)
	return nil
}

func (a *app) deleteObject(ctx context.Context, t *backend.Target, version string, dryRun bool) error {
	if version != "" {
		return usagef("a store in S3 takes no --version: older versions of objects are the bucket's")
	}
	f, ref, err := t.Folder(ctx, "delete")
	if err != nil {
		return err
	}
	if dryRun {
		if got := f.Fetch(ctx, []source.Ref{ref})[ref]; errors.Is(got.Err, source.ErrNotFound) {
			return t.Fault(got.Err)
		}
		return a.foretell([]store.Outcome{{Name: ref.Name, Action: store.Deleted}})
	}
	if err := f.Delete(ctx, ref.Name); err != nil {
		return t.Fault(err)
	}
	a.log.Info(fmt.Sprintf("deleted %s", t), "name", ref.Name)
	return nil
}
