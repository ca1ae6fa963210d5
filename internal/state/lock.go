package state

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/activity"
	"github.com/credrender/credrender/internal/txn/fsys"
)

const (
	lockName = "lock"
	lockPoll = 50 * time.Millisecond
)

// holder is the content of the lock file.
type holder struct {
	PID   int    `json:"pid"`
	Token string `json:"token"`
}

// Lock is held until Release. The kernel releases it when the process ends. Commands that
// the holder starts do not inherit it.
type Lock struct {
	fs    fsys.FS
	fd    int
	token string
}

// Lock waits up to timeout for the lock of the state directory; 0 tries once.
// inside is the value of [Lock.Token] in the environment of this process, if any. If the
// run with that token holds the lock, Lock fails at once, because the run waits for this
// process. The error is a *[LockedError], or ctx's.
func (d *Dir) Lock(ctx context.Context, timeout time.Duration, inside string) (*Lock, error) {
	if d.o.ReadOnly {
		return nil, ErrNotWritable
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, ErrLocked)
	defer cancel()
	var end func()
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		l, err := d.tryLock(inside)
		if locked := (*LockedError)(nil); !errors.As(err, &locked) || locked.Inside {
			return l, err
		}
		if end == nil {
			end = activity.Begin(ctx, "waiting for another run to end")
			defer end()
		}
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}
		if errors.Is(context.Cause(ctx), ErrLocked) {
			return nil, err
		}
		return nil, context.Cause(ctx)
	}
}

// tryLock takes the lock or fails with *LockedError.
func (d *Dir) tryLock(inside string) (*Lock, error) {
	fd, err := d.o.FS.Open(d.fd, lockName, unix.O_RDWR|unix.O_CREAT, 0o600)
	if err != nil {
		return nil, d.lockError("open", err)
	}
	l, err := d.hold(fd, inside)
	if err != nil {
		_ = d.o.FS.Close(fd)
		return nil, err
	}
	return l, nil
}

func (d *Dir) hold(fd int, inside string) (*Lock, error) {
	err := d.o.FS.Lock(fd)
	if errors.Is(err, unix.EWOULDBLOCK) {
		h := d.readHolder()
		return nil, &LockedError{PID: h.PID, Inside: inside != "" && inside == h.Token}
	}
	if err != nil {
		return nil, d.lockError("lock", err)
	}
	// A lock on a file that was removed excludes no other process.
	mine, err := d.o.FS.Stat(fd)
	named, errNamed := d.o.FS.StatAt(d.fd, lockName)
	if err := errors.Join(err, errNamed); err != nil || !mine.Same(named) {
		return nil, &LockedError{}
	}
	id, err := random(d.o.Rand)
	if err != nil {
		return nil, err
	}
	l := &Lock{d.o.FS, fd, hex.EncodeToString(id[:16])}
	if err := l.sign(); err != nil {
		return nil, d.lockError("write", err)
	}
	d.o.FS.Step("lock.taken")
	return l, d.sweep()
}

// sign writes pid and token to the lock file. Only messages and the renders that a command
// starts depend on them, so they need not be durable.
func (l *Lock) sign() error {
	b, err := json.Marshal(holder{os.Getpid(), l.token})
	if err != nil {
		return err
	}
	if err := l.fs.Truncate(l.fd, 0); err != nil {
		return err
	}
	return fsys.WriteAll(l.fs, l.fd, b)
}

func (d *Dir) readHolder() (h holder) {
	data, _, err := fsys.ReadFile(d.o.FS, d.fd, lockName, 4096)
	if err == nil {
		_ = json.Unmarshal(data, &h) // being written just now: unknown
	}
	return h
}

// sweep removes temporary files that a crash left, and syncs the directory. Without the
// sync, a power cut could take back the phase of a journal, which a killed run had renamed
// and not synced, after this run has acted on it. A directory without a record has none.
func (d *Dir) sweep() error {
	names, err := d.o.FS.Names(d.fd)
	if err != nil {
		return &fs.PathError{Op: "list", Path: d.o.Dir, Err: err}
	}
	var errs []error
	empty := true
	for _, name := range names {
		empty = empty && name == lockName
		if !strings.HasPrefix(name, tmpPrefix) {
			continue
		}
		err := d.o.FS.Unlink(d.fd, name)
		if err != nil && !errors.Is(err, unix.EISDIR) { // none of ours
			errs = append(errs, &fs.PathError{Op: "remove", Path: path.Join(d.o.Dir, name), Err: err})
		}
	}
	if empty {
		return nil
	}
	if err := fsys.SyncDir(d.o.FS, d.fd); err != nil {
		errs = append(errs, &fs.PathError{Op: "sync", Path: d.o.Dir, Err: err})
	}
	return errors.Join(errs...)
}

func (d *Dir) lockError(op string, err error) error {
	return &fs.PathError{Op: op, Path: path.Join(d.o.Dir, lockName), Err: err}
}

// Token returns the token for the environment of the holder's commands. A render that
// such a command starts passes it to Dir.Lock as inside.
func (l *Lock) Token() string { return l.token }

// Release releases the lock.
func (l *Lock) Release() error { return l.fs.Close(l.fd) }
