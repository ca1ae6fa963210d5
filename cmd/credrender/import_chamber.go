package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/importer"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// chamber reads a service in one of chamber's three back ends. Names are SERVICE/KEY.
func (p *peerReader) chamber(ctx context.Context, text string) ([]secretfile.Entry, error) {
	ref, err := p.ref(strings.TrimSuffix(text, "/"), source.SSM, source.SecretsManager, source.S3)
	if err != nil {
		return nil, err
	}
	switch backend.PrefixOf(p.cfg.Base.Store, text) {
	case source.SSM:
		return p.chamberParameters(ctx, ref)
	case source.SecretsManager:
		return p.chamberDocument(ctx, ref)
	}
	return p.chamberObjects(ctx, ref)
}

func (p *peerReader) chamberParameters(ctx context.Context, ref backend.Ref) ([]secretfile.Entry, error) {
	if _, isPattern := ref.Stem(); !isPattern {
		var err error
		if ref, err = p.ref(ref.Text()+"/*", source.SSM); err != nil {
			return nil, err
		}
	}
	t, err := p.open(p.cfg, ref)
	if err != nil {
		return nil, err
	}
	values, err := t.Values(ctx, "import", store.Scope{})
	if err != nil {
		return nil, err
	}
	return importedEntries(values, "parameters failed to import", func(path string, value source.Secret) (secretfile.Entry, source.Ref, error) {
		return secretfile.Entry{Name: strings.TrimPrefix(path, "/"), Value: value}, t.One(path, ""), nil
	})
}

func (p *peerReader) chamberDocument(ctx context.Context, ref backend.Ref) ([]secretfile.Entry, error) {
	t, err := p.open(p.cfg, ref)
	if err != nil {
		return nil, err
	}
	value, err := t.Get(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := importer.ChamberDocument(value.Reveal())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	service, _ := ref.Stem()
	return named(service, entries), nil
}

// chamberObjects reads the indexes of a service, and the object of each key in them.
// 'chamber exec' takes values from the index and 'chamber read' from the objects, so that
// they must agree.
func (p *peerReader) chamberObjects(ctx context.Context, ref backend.Ref) ([]secretfile.Entry, error) {
	indexes, err := p.indexes(ctx, ref)
	if err != nil {
		return nil, err
	}
	latest := map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(indexes)) {
		index, err := indexes[path].Secret.Reveal(), indexes[path].Err
		if err != nil {
			return nil, fmt.Errorf("s3://%s: %w", path, err)
		}
		values, err := importer.ChamberIndex(index)
		if err != nil {
			return nil, fmt.Errorf("s3://%s: %w", path, err)
		}
		maps.Copy(latest, values)
	}
	keys := slices.Sorted(maps.Keys(latest))
	failures := make([]error, len(keys))
	var g errgroup.Group
	g.SetLimit(importConcurrency)
	for i, key := range keys {
		g.Go(func() error {
			failures[i] = p.compare(ctx, ref, key, latest[key])
			return nil
		})
	}
	_ = g.Wait()
	var entries []secretfile.Entry
	for _, key := range keys {
		entries = append(entries, secretfile.Entry{Name: key, Value: source.NewSecret([]byte(latest[key]))})
	}
	stem, _ := ref.Stem()
	_, service, _ := strings.Cut(stem, "/")
	return named(service, entries), errors.Join(failures...)
}

// indexes fetches the indexes of a service: one, or one for each KMS key. A reader that may
// not list the bucket gets the one.
func (p *peerReader) indexes(ctx context.Context, ref backend.Ref) (map[string]source.Result, error) {
	found, _, err := p.objects(ctx, ref.Text()+"/"+importer.ChamberIndexes)
	if errors.Is(err, source.ErrDenied) {
		found, _, err = p.objects(ctx, ref.Text()+"/"+importer.ChamberIndexName)
	}
	return found, err
}

// importConcurrency limits the requests for objects.
const importConcurrency = 32

// compare returns an error if the object of a key has another value than the index.
func (p *peerReader) compare(ctx context.Context, ref backend.Ref, key, value string) error {
	data, err := p.object(ctx, ref, key+".json")
	if err != nil {
		return err
	}
	newest, err := importer.ChamberObject(key, data)
	if err == nil && newest != value {
		err = fmt.Errorf("%w: %s has one value in its object and another in %s: write it with chamber again", source.ErrIntegrity, source.Show(key), importer.ChamberIndexes)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", ref, err)
	}
	return nil
}

func (p *peerReader) object(ctx context.Context, folder backend.Ref, name string) ([]byte, error) {
	ref, err := p.ref(folder.Text()+"/"+name, source.S3)
	if err != nil {
		return nil, err
	}
	t, err := p.open(p.cfg, ref.Object())
	if err != nil {
		return nil, err
	}
	value, err := t.Get(ctx)
	return value.Reveal(), err
}

func named(service string, entries []secretfile.Entry) []secretfile.Entry {
	for i := range entries {
		entries[i].Name = service + "/" + entries[i].Name
	}
	return entries
}
