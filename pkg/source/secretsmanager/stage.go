package secretsmanager

import (
	"context"
	"fmt"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

var (
	_ source.Stager    = (*Secrets)(nil)
	_ source.Publisher = (*Secrets)(nil)
)

const (
	pending  = "AWSPENDING" // as AWS's own rotations use it
	previous = "AWSPREVIOUS"
	// replaced is the stage of the version that a staged one is to replace. It shows
	// which staging is ours. AWS deletes no version that has a stage.
	replaced = "CREDRENDER_REPLACED"
)

// Stage implements source.Stager: the version has the stage AWSPENDING. The current one is
// marked first, so that a staging that was cut off is none.
func (s *Secrets) Stage(ctx context.Context, ref source.Ref, w source.Write) (source.Stored, error) {
	if err := refuse(ref, w); err != nil {
		return source.Stored{}, err
	}
	id, _, _ := strings.Cut(ref.Name, "#")
	held, err := s.describe(ctx, id)
	if err != nil {
		return source.Stored{}, err
	}
	if err := s.permits(held, w.Force); err != nil {
		return source.Stored{}, err
	}
	now, theirs := held.version(current), held.version(pending)
	switch {
	case w.Expect.Version != "" && w.Expect.Version != now:
		return source.Stored{}, source.ErrChanged
	case theirs != "" && theirs != now && held.version(replaced) == "":
		return source.Stored{}, fmt.Errorf("%w: another program has staged a version as %s", source.ErrExists, pending)
	}
	if err := s.move(ctx, id, replaced, held.version(replaced), now); err != nil {
		return source.Stored{}, err
	}
	w.Expect = source.Trace{Version: now}
	return s.put(ctx, ref, w, pending)
}

// Staged implements source.Stager.
func (s *Secrets) Staged(ctx context.Context, ref source.Ref) (source.Staging, error) {
	id, _, _ := strings.Cut(ref.Name, "#")
	held, err := s.describe(ctx, id)
	if err != nil {
		return source.Staging{}, err
	}
	staged := source.Staging{Version: held.version(pending), Before: held.version(replaced)}
	if staged.Version == "" || staged.Before == "" || staged.Version == staged.Before {
		return source.Staging{}, source.ErrNotFound
	}
	staged.Replaced = staged.Version == held.version(previous)
	return staged, nil
}

// Publish implements source.Publisher.
func (s *Secrets) Publish(ctx context.Context, ref source.Ref, expect source.Trace) error {
	id, _, _ := strings.Cut(ref.Name, "#")
	held, err := s.describe(ctx, id)
	if err != nil {
		return err
	}
	to := held.version(ref.Version) // of a stage
	if _, ok := held.VersionIDsToStages[ref.Version]; ok {
		to = ref.Version
	}
	from := held.version(current)
	switch {
	case to == "":
		return source.ErrNotFound
	case to == from:
		return nil
	case expect.Version != "" && expect.Version != from:
		return source.ErrChanged
	}
	return s.publish(ctx, id, from, to)
}

// Unstage implements source.Stager. The mark of the replaced version goes last, since
// without it there is no staging.
func (s *Secrets) Unstage(ctx context.Context, ref source.Ref) error {
	id, _, _ := strings.Cut(ref.Name, "#")
	held, err := s.describe(ctx, id)
	if err != nil {
		return err
	}
	if held.version(replaced) == "" {
		return nil
	}
	if err := s.move(ctx, id, pending, held.version(pending), ""); err != nil {
		return err
	}
	return s.move(ctx, id, replaced, held.version(replaced), "")
}

// move moves a stage from one version to another; empty: from or to none.
func (s *Secrets) move(ctx context.Context, secret, stage, from, to string) error {
	if from == to {
		return nil
	}
	var out struct{}
	in := stageInput{SecretID: secret, VersionStage: stage, MoveToVersionID: to, RemoveFromVersionID: from}
	if err := s.client.Do(ctx, "UpdateSecretVersionStage", &in, &out); err != nil {
		return refusal("move the stage "+stage, err)
	}
	return nil
}
