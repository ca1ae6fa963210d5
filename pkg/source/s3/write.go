package s3

import (
	"bytes"
	"context"
	"errors"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/blob"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

var (
	_ source.Writer = (*Secrets)(nil)
	_ source.Writer = (*Folder)(nil)
)

// Put implements source.Writer for the folder.
func (f *Folder) Put(ctx context.Context, r source.Ref, w source.Write) (source.Stored, error) {
	return f.secrets.Put(ctx, f.full(r), w)
}

// Delete implements source.Writer for the folder.
func (f *Folder) Delete(ctx context.Context, r source.Ref, d source.Deletion) (source.Deleted, error) {
	return f.secrets.Delete(ctx, f.full(r), d)
}

// Put implements source.Writer. It encrypts a value and stores it in place of the current
// one. With IfChanged, a value that does not open, because its context differs or it is
// damaged, is not the same.
func (s *Secrets) Put(ctx context.Context, r source.Ref, w source.Write) (source.Stored, error) {
	if err := refuse(w); err != nil {
		return source.Stored{}, err
	}
	if w.IfChanged {
		held := s.Fetch(ctx, []source.Ref{r})[r]
		switch {
		case held.Err == nil && bytes.Equal(held.Secret.Reveal(), w.Value.Reveal()):
			return source.Stored{Version: held.Trace.Version}, nil
		case held.Err == nil, errors.Is(held.Err, source.ErrNotFound), errors.Is(held.Err, source.ErrWrongContext), errors.Is(held.Err, source.ErrIntegrity):
		default:
			return source.Stored{}, held.Err
		}
	}
	data, err := blob.Seal(ctx, s.keys, w.Value.Reveal(), r.Context)
	if err != nil {
		return source.Stored{}, err
	}
	bucket, key, err := place(r)
	if err != nil {
		return source.Stored{}, err
	}
	version, err := s.objects.client.put(ctx, bucket, key, data)
	if err != nil {
		return source.Stored{}, wire.Wrap("write object", err)
	}
	return source.Stored{Version: version, Changed: true}, nil
}

// refuse returns an error for what S3 cannot do.
func refuse(w source.Write) error {
	if w.Version != "" || w.Comment != "" || w.Format != "" || w.Tier != "" {
		return &source.RefusalError{Reason: "--version, --comment, --item-format and --tier do not apply to S3"}
	}
	return nil
}

// Delete implements source.Writer. A bucket with versions keeps the older ones.
func (s *Secrets) Delete(ctx context.Context, r source.Ref, d source.Deletion) (source.Deleted, error) {
	if r.Version != "" {
		return source.Deleted{}, &source.RefusalError{Reason: "--version does not apply to S3: the bucket manages versions of objects"}
	}
	if err := s.objects.head(ctx, r, ""); err != nil {
		return source.Deleted{}, err // S3 does not report a missing object
	}
	whole := source.Deleted{Versions: []string{""}}
	if d.DryRun {
		return whole, nil
	}
	bucket, key, err := place(r)
	if err != nil {
		return source.Deleted{}, err
	}
	if err := s.objects.client.delete(ctx, bucket, key); err != nil {
		return source.Deleted{}, wire.Wrap("delete object", err)
	}
	return whole, nil
}
