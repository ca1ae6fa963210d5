package secretsmanager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/credrender/credrender/pkg/source"
)

// Delete implements source.Writer. AWS deletes a secret after its default recovery window
// of 30 days. A key of a JSON object is removed from the newest version.
func (s *Secrets) Delete(ctx context.Context, ref source.Ref, d source.Deletion) (source.Deleted, error) {
	id, key, isKey := strings.Cut(ref.Name, "#")
	if ref.Version != "" {
		return source.Deleted{}, &source.RefusalError{Reason: "AWS itself deletes old versions of a secret", Instead: "leave out --version"}
	}
	held, err := s.describe(ctx, id)
	switch {
	case err != nil:
		return source.Deleted{}, err
	case held.DeletedDate != nil:
		return source.Deleted{}, fmt.Errorf("%w: the secret is pending deletion already", source.ErrNotFound)
	}
	if err := (&Secrets{}).permits(held, d.Force); err != nil { // its key does not matter
		return source.Deleted{}, err
	}
	whole := source.Deleted{Versions: []string{""}}
	if isKey {
		return s.deleteKey(ctx, id, key, held, d)
	}
	if d.DryRun {
		return whole, nil
	}
	var out deleteOutput
	if err := s.client.Do(ctx, "DeleteSecret", describeInput{SecretID: id}, &out); err != nil {
		return source.Deleted{}, refusal("delete secret", err)
	}
	whole.Until = time.Unix(int64(out.DeletionDate), 0)
	return whole, nil
}

func (s *Secrets) deleteKey(ctx context.Context, id, key string, held *describeOutput, d source.Deletion) (source.Deleted, error) {
	if d.DryRun {
		now := s.one(ctx, want{id: id}).result(key)
		if now.Err != nil {
			return source.Deleted{}, now.Err
		}
		return source.Deleted{Versions: []string{""}}, nil
	}
	gone := func(old []byte) ([]byte, error) { //nolint:unparam // nil deletes the key
		if old == nil {
			return nil, fmt.Errorf("%w: it has no key %s", source.ErrNotFound, source.Show(key))
		}
		return nil, nil
	}
	_, err := s.retry(ctx, func() (source.Stored, error) {
		stored, err := s.change(ctx, id, key, version{before: held.version(current), stage: private}, gone)
		if errors.Is(err, errRace) {
			if now, lookErr := s.describe(ctx, id); lookErr == nil {
				held = now
			}
		}
		return stored, err
	})
	if err != nil {
		return source.Deleted{}, err
	}
	return source.Deleted{Versions: []string{""}}, nil
}
