package render

import (
	"errors"

	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
)

// Altered returns what is wrong with a file that is not as the last good run left it, or
// "". It reads the content only if the file's inode, size or ctime is new.
func Altered(j *state.Job, disk txn.Disk, dest string, recorded state.File) string {
	stamp, err := disk.Stamp(dest)
	_, noFile := errors.AsType[*txn.KindError](err)
	switch {
	case noFile:
		return "is no longer a file"
	case err != nil:
		return "cannot be examined: " + err.Error()
	case stamp == "":
		return "is missing"
	case untouched(j, recorded, stamp):
		return ""
	}
	return compare(j, disk, dest, recorded)
}

// untouched reports whether nothing has touched a file since it was recorded.
func untouched(j *state.Job, recorded state.File, stamp string) bool {
	if same, known := j.Matches(recorded.Stamp, []byte(stamp)); known {
		return same
	}
	return recorded.Seen == state.Seen(stamp)
}

// compare reads a file that was touched. One whose fingerprint cannot be compared,
// since its key is gone, counts as changed only if something else is known of it.
func compare(j *state.Job, disk txn.Disk, dest string, recorded state.File) string {
	now, err := disk.Inspect(dest)
	if err != nil {
		return "cannot be examined: " + err.Error()
	}
	same, known := j.Matches(recorded.Print, now.Data)
	switch {
	case known && !same, !known && recorded.Seen != "":
		return "was changed by another program"
	case now.Mode != recorded.Mode, recorded.UID >= 0 && now.UID != recorded.UID, recorded.GID >= 0 && now.GID != recorded.GID:
		return "has another mode or owner"
	}
	return ""
}
