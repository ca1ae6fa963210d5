package txn

import (
	"context"
	"errors"
)

// Replaceable reports whether [Txn.Replace] can install the transaction: it renames one
// file, so that every instant has the old or the new one.
func (t *Txn) Replaceable() bool {
	return len(t.files) == 1 && !t.files[0].Remove && !t.files[0].InPlace && !t.files[0].rec.Direct
}

// Replace takes the place of Commit and Done for a transaction that is
// [Txn.Replaceable], if its job has no verify, and no hook that has to be pending. The
// journal stays in phase prepare until the caller journals idle: to undo that phase removes the
// names beside the destination, which is right before the rename and after it. So the
// journal is written twice and not four times, and the staged name need not be durable.
//
// On error the old file is restored, or the new file is in place and the next run removes
// the leftovers.
func (t *Txn) Replace(ctx context.Context) error {
	if t.ended || t.rec.Phase != Prepare || !t.Replaceable() {
		return errEnded
	}
	s := t.files[0]
	if err := t.replace(ctx, s); err != nil {
		return errors.Join(err, t.Rollback(false))
	}
	defer t.end()
	if s.rec.Absent { // no other name exists
		return nil
	}
	err := removeNames(t.fs, s.dir.fd, s.rec)
	t.fs.Step("done.removed")
	err = errors.Join(err, t.dirs.sync())
	t.fs.Step("done.synced")
	return err
}

// replace keeps the old file under its second name, so that Rollback can restore it.
func (t *Txn) replace(ctx context.Context, s *staged) error {
	if err := t.keepOld(s); err != nil {
		return err
	}
	t.fs.Step("commit.kept")
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.install(s); err != nil {
		return err
	}
	t.fs.Step("commit.installed")
	if err := t.dirs.sync(); err != nil {
		return err
	}
	t.fs.Step("commit.done")
	return nil
}
