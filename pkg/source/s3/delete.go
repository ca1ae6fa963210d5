package s3

import (
	"context"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Delete implements source.Writer. A bucket with versions keeps those of a deleted object;
// one that does not is refused without d.Force. A deleted version is gone.
func (s *Secrets) Delete(ctx context.Context, r source.Ref, d source.Deletion) (source.Deleted, error) {
	bucket, key, err := s.objects.place(r)
	if err != nil {
		return source.Deleted{}, err
	}
	if _, err := s.objects.head(ctx, r, ""); err != nil {
		return source.Deleted{}, err // S3 does not report a missing object
	}
	if r.Version == "" {
		if err := s.objects.mayReplace(ctx, bucket, d.Force); err != nil {
			return source.Deleted{}, err
		}
	}
	gone := source.Deleted{Versions: []string{r.Version}}
	if d.DryRun {
		return gone, nil
	}
	if err := s.objects.client.delete(ctx, bucket, key, r.Version); err != nil {
		return source.Deleted{}, wire.Wrap("delete object", err)
	}
	return gone, nil
}

// History implements source.HistoryReader. It includes the versions of a deleted object. In
// a bucket without versions an object has one, without an id.
func (s *Secrets) History(ctx context.Context, r source.Ref) ([]source.VersionInfo, error) {
	bucket, key, err := s.objects.place(r)
	if err != nil {
		return nil, err
	}
	all, err := s.objects.client.versions(ctx, bucket, key)
	if err != nil {
		return nil, wire.Wrap("list versions of object", err)
	}
	if len(all) == 0 {
		return nil, source.ErrNotFound
	}
	infos := make([]source.VersionInfo, len(all))
	for i, v := range all {
		infos[i] = source.VersionInfo{Version: v.VersionID, Created: v.LastModified}
	}
	return infos, nil
}
