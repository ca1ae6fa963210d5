package main

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/txn"
)

// destHint is the hint of an error of a destination, or "".
func destHint(err error) string {
	if kind, ok := errors.AsType[*txn.KindError](err); ok {
		if kind.Kind == txn.KindDirectory {
			return "DEST is the file itself, such as " + kind.Path + "/NAME"
		}
		return "- as DEST is standard output: credrender render SRC:-"
	}
	if _, ok := errors.AsType[*render.PlaceError](err); ok {
		return "give the file another destination; 'credrender lint' shows all that clash"
	}
	if _, ok := errors.AsType[*render.CycleError](err); ok {
		return "let one of them read something that no job of the run writes"
	}
	if rights, ok := errors.AsType[*txn.RightsError](err); ok {
		return rightsHint(rights)
	}
	if errors.Is(err, txn.ErrMountPoint) {
		return "in_place: true in the config, or --in-place, writes into the file that is mounted"
	}
	if errors.Is(err, txn.ErrFixed) {
		return "'lsattr -d' shows the attributes; 'chattr -i -a' removes them"
	}
	if errors.Is(err, unix.EROFS) {
		return "the file system is read-only for this process: under systemd, ReadWritePaths= of the unit names what may be written"
	}
	return ""
}

func rightsHint(e *txn.RightsError) string {
	permit := "permit: [" + e.What + "] in the config, or --permit " + e.What + ", takes what the file system gives"
	if e.Err != nil && e.What == "owner" {
		return "run as root, or state your own user and group as owner and group; " + permit
	}
	return permit
}
