package store

import (
	"context"

	"github.com/credrender/credrender/pkg/source"
)

// RefWriter writes the secrets of a Store by their refs, as every source can be written.
type RefWriter struct{ *Store }

var (
	_ source.Writer        = RefWriter{}
	_ source.HistoryReader = RefWriter{}
)

// Put implements source.Writer.
func (s RefWriter) Put(ctx context.Context, ref source.Ref, w source.Write) (source.Stored, error) {
	switch {
	case w.Tier != "":
		return source.Stored{}, &source.RefusalError{Reason: "only Parameter Store has tiers"}
	case w.Version != "" && (w.IfAbsent || w.Expect != source.Trace{}):
		return source.Stored{}, &source.RefusalError{Reason: "a condition on the newest version needs the next version, but another one is set"}
	}
	version, changed, err := s.Store.Put(ctx, PutRequest{
		Name: ref.Name, Value: w.Value, Context: ref.Context, Version: w.Version, Comment: w.Comment,
		Algorithm: w.Format, IfChanged: w.IfChanged, IfAbsent: w.IfAbsent, Expect: w.Expect.Version,
	})
	return source.Stored{Version: version, Changed: changed}, err
}

// Delete implements source.Writer.
func (s RefWriter) Delete(ctx context.Context, ref source.Ref, d source.Deletion) (source.Deleted, error) {
	remove := s.Store.Delete
	if d.DryRun {
		remove = s.Deletable
	}
	gone, err := remove(ctx, ref.Name, ref.Version)
	var out source.Deleted
	for _, e := range gone {
		out.Versions = append(out.Versions, e.Version)
	}
	return out, err
}

// History implements source.HistoryReader. Items have neither dates nor authors.
func (s RefWriter) History(ctx context.Context, ref source.Ref) ([]source.VersionInfo, error) {
	stored, err := s.stored(ctx, ref.Name, ref.Version)
	infos := make([]source.VersionInfo, len(stored))
	for i, item := range stored {
		infos[i] = source.VersionInfo{Version: item.Version, Comment: item.Comment}
	}
	return infos, err
}
