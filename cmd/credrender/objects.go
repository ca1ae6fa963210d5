package main

import (
	"context"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/s3"
)

// The manage commands where --store is s3://BUCKET/PREFIX: an object has no
// versions of its own choosing and no comment.

// anyStore is the store that the settings name, in S3 or not.
func (a *app) anyStore(ctx context.Context) (source.Source, error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	return a.stores.Source(ctx, cfg.Base.Store, "")
}

// folder is the store in S3, or nil where the store is another.
func (a *app) folder(ctx context.Context) (*s3.Folder, error) {
	src, err := a.anyStore(ctx)
	if err != nil {
		return nil, err
	}
	folder, _ := src.(*s3.Folder)
	return folder, nil
}

func (a *app) putObject(ctx context.Context, f *s3.Folder, o *putOptions, ref source.Ref, value source.Secret) error {
	if o.version != "" || o.comment != "" || o.format != "credstash" {
		return usagef("a store in S3 takes no --version, --comment or --item-format")
	}
	version, changed, err := f.Put(ctx, ref, value, o.ifChanged)
	if err != nil {
		return named(ref, err)
	}
	if !changed {
		return nil
	}
	text := "stored " + ref.String()
	if version != "" {
		text += " version " + version
	}
	a.log.Info(text, "name", ref.Name, "version", version)
	return nil
}

func (a *app) deleteObject(ctx context.Context, f *s3.Folder, ref source.Ref) error {
	if ref.Version != "" {
		return usagef("a store in S3 takes no --version: older versions of objects are the bucket's")
	}
	if err := f.Delete(ctx, ref.Name); err != nil {
		return named(ref, err)
	}
	a.log.Info(fmt.Sprintf("deleted %s", ref), "name", ref.Name)
	return nil
}
