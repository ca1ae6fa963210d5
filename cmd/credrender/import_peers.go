package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/importer"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// This file reads what other programs keep encrypted or in AWS, for import.

// Formats of --from-format that need AWS.
const (
	fromBiscuit     = "biscuit"
	fromSneaker     = "sneaker"
	fromSneakerPack = "sneaker-pack"
	fromChamber     = "chamber"
)

// importFormats are the words of --from-format.
func importFormats() string {
	return strings.Join(append(secretfile.Readable(), fromBiscuit, fromSneaker, fromSneakerPack, fromChamber), "|")
}

// peerReader reads the secrets of another program for import.
type peerReader struct {
	*app
	cfg     *config.Config
	context map[string]string // of --from-context
}

// readFrom returns the secrets that FILE holds, which is a REF for programs that keep them
// in AWS.
func (a *app) readFrom(ctx context.Context, cfg *config.Config, o *importOptions, file string) ([]secretfile.Entry, error) {
	isSneaker := o.format == fromSneaker || o.format == fromSneakerPack
	if len(o.fromContext) > 0 && !isSneaker {
		return nil, usagef("--from-context is for sneaker and sneaker-pack")
	}
	given, err := contextPairs(o.fromContext, nil)
	if err != nil {
		return nil, err
	}
	p := &peerReader{app: a, cfg: cfg, context: given}
	switch o.format {
	case fromBiscuit:
		return p.biscuit(ctx, file)
	case fromSneakerPack:
		return p.sneakerPack(ctx, file)
	case fromSneaker:
		return p.sneaker(ctx, file)
	case fromChamber:
		return p.chamber(ctx, file)
	}
	return a.readExchange(file, o.format)
}

func (p *peerReader) biscuit(ctx context.Context, file string) ([]secretfile.Entry, error) {
	data, err := p.readFile(file)
	if err != nil {
		return nil, err
	}
	entries, insecure, err := importer.Biscuit(ctx, data, p.cfg.Base.Store.Region, p.keys)
	if syntax, ok := errors.AsType[*secretfile.SyntaxError](err); ok {
		return nil, usagef("%s: %w", file, syntax)
	}
	for _, name := range insecure {
		p.log.Warn(source.Show(name)+" was encrypted by biscuit's key manager for tests, with a key that everybody has: change the value", "name", name)
	}
	return entries, err
}

// keys returns KMS in a region, or in the configured one.
func (p *peerReader) keys(ctx context.Context, region string) (importer.Decrypter, error) {
	where := p.cfg.Base.Store
	if region != "" {
		where.Region, where.KMSRegion, where.Table = region, region, ""
	}
	return p.stores.Keys(ctx, where)
}

func (p *peerReader) sneakerPack(ctx context.Context, file string) ([]secretfile.Entry, error) {
	data, err := p.readFile(file)
	if err != nil {
		return nil, err
	}
	kms, err := p.keys(ctx, "")
	if err != nil {
		return nil, err
	}
	entries, err := importer.SneakerPack(ctx, kms, data, p.context)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return entries, nil
}

// sneaker reads one object, or all that a pattern matches. Their names are those below
// the folder of the REF.
func (p *peerReader) sneaker(ctx context.Context, ref string) ([]secretfile.Entry, error) {
	objects, folder, err := p.objects(ctx, ref)
	if err != nil {
		return nil, err
	}
	kms, err := p.keys(ctx, "")
	if err != nil {
		return nil, err
	}
	return importedEntries(objects, "objects failed to open", func(path string, sealed source.Secret) (secretfile.Entry, source.Ref, error) {
		value, err := importer.SneakerObject(ctx, kms, sealed.Reveal(), path, p.context)
		return secretfile.Entry{Name: strings.TrimPrefix(path, folder), Value: source.NewSecret(value)}, source.Ref{Source: source.S3, Name: path}, err
	})
}

// objects fetches objects of S3 as they are, by "bucket/key", and returns the folder in
// which the REF looks.
func (p *peerReader) objects(ctx context.Context, text string) (map[string]source.Result, string, error) {
	ref, err := p.ref(text, source.S3)
	if err != nil {
		return nil, "", err
	}
	t, err := p.open(p.cfg, ref.Object())
	if err != nil {
		return nil, "", err
	}
	stem, isPattern := ref.Stem()
	folder := stem[:strings.LastIndex(stem, "/")+1]
	if isPattern {
		all, err := t.Values(ctx, "import", store.Scope{})
		if err == nil && len(all) == 0 {
			err = fmt.Errorf("%s: %w", text, source.ErrNoMatch)
		}
		return all, folder, err
	}
	value, err := t.Get(ctx)
	return map[string]source.Result{stem: {Secret: value}}, folder, err
}

// ref reads a REF that must be in one of the given sources.
func (p *peerReader) ref(text string, sources ...string) (backend.Ref, error) {
	ref, err := backend.ParseRef(p.cfg.Base.Store, text, "", nil)
	if err != nil {
		return ref, err
	}
	if prefix := backend.PrefixOf(p.cfg.Base.Store, text); !slices.Contains(sources, prefix) {
		for i, s := range sources {
			sources[i] = s + ":"
		}
		return ref, usagef("import: the first argument is not a REF with the prefix %s (not shown: it may be a value)", strings.Join(sources, " or "))
	}
	return ref, nil
}

// readFile reads FILE, or standard input.
func (p *peerReader) readFile(file string) ([]byte, error) {
	if file == stdinName {
		return p.readInput("import -")
	}
	return p.readNamed(file)
}
