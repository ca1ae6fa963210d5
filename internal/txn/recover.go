package txn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Recovered is the result of [Disk.Recover].
type Recovered struct {
	Phase       Phase    // of the transaction; Idle: there was none
	HookPending bool     // its hook is pending
	Restored    []string // destinations that were restored
	Left        []Left   // destinations that were not
}

// Left is a destination that recovery left unchanged. Its transaction ends nevertheless,
// and the next render replaces the file.
type Left struct {
	Dest string
	Why  string
}

// Recover undoes the transaction that r records, at whatever point it ended, and
// journals idle; a pending hook stays pending. r must be durable, as state.Dir.Lock makes
// it. Recover can be interrupted anywhere and repeated. It returns an error if another
// attempt may succeed (a full or failing disk), and then leaves the journal unchanged.
func (d Disk) Recover(ctx context.Context, r Record, j Journal) (Recovered, error) {
	out := Recovered{Phase: r.Phase, HookPending: r.HookPending}
	if r.Phase == Idle {
		return out, nil
	}
	if err := r.Check(); err != nil {
		return out, err
	}
	d.Root = r.Root
	rc := recovery{disk: d, u: undoer{fs: d.fs(), j: j}, r: r, out: &out}
	rc.dirs.fs = d.fs()
	defer rc.dirs.close()
	d.fs().Step("recover.begin")
	if err := rc.run(ctx); err != nil {
		return out, err
	}
	if err := j.Save(Record{HookPending: r.HookPending}); err != nil {
		return out, fmt.Errorf("journal idle: %w", err)
	}
	d.fs().Step("recover.end")
	return out, nil
}

type recovery struct {
	disk Disk
	u    undoer
	r    Record
	dirs openDirs
	out  *Recovered
}

func (rc *recovery) run(ctx context.Context) error {
	var errs []error
	for i := range rc.r.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		errs = append(errs, rc.file(&rc.r.Files[i]))
	}
	if rc.r.Phase != Done {
		errs = append(errs, rc.dirs.remove(rc.r))
	}
	return errors.Join(append(errs, rc.dirs.sync())...)
}

func (rc *recovery) file(f *FileRecord) error {
	dir, why, err := rc.open(f.dir())
	if err != nil {
		return err
	}
	if why != "" {
		if rc.r.Phase == Commit && !f.Absent {
			rc.out.Left = append(rc.out.Left, Left{rc.disk.Host(f.Dest), why})
		}
		return nil
	}
	o, err := rc.u.file(rc.r.Phase, f, dir)
	if o.left != "" {
		rc.out.Left = append(rc.out.Left, Left{rc.disk.Host(f.Dest), o.left})
	}
	if o.restored && err == nil {
		rc.out.Restored = append(rc.out.Restored, rc.disk.Host(f.Dest))
	}
	return err
}

// open opens a directory of the record, or returns why it is no longer reachable.
func (rc *recovery) open(dir string) (d *openDir, why string, err error) {
	p, err := fsys.OpenDir(rc.disk.fs(), rc.disk.Root, dir)
	if why := unreachable(err); why != "" {
		return nil, why, nil
	}
	if err != nil {
		return nil, "", err
	}
	defer p.Close()
	if d, err = rc.dirs.add(p); err == nil {
		d.changed = true
	}
	return d, "", err
}

func unreachable(err error) string {
	link := (*fsys.LinkError)(nil)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR):
		return leftNoDir
	case errors.As(err, &link), errors.Is(err, unix.ELOOP):
		return leftUnsafe
	}
	return ""
}
