package main

import (
	"errors"

	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
)

// altered returns the files of a job that are not as its last good run left them, with
// what is wrong with each. Content is read only if the file's inode, size or ctime is
// new.
func (a *app) altered(j *state.Job) map[string]string {
	disk := txn.Disk{FS: a.fs}
	found := map[string]string{}
	for path, recorded := range j.Record().Files {
		stamp, err := disk.Stamp(path)
		why := ""
		switch {
		case isKind(err):
			why = "is no file any more"
		case err != nil:
			why = "cannot be examined: " + err.Error()
		case stamp == "":
			why = "is missing"
		case !isSameFile(j, recorded, stamp):
			why = compareFile(j, disk, path, recorded)
		}
		if why != "" {
			found[path] = why
		}
	}
	return found
}

func isKind(err error) bool {
	_, ok := errors.AsType[*txn.KindError](err)
	return ok
}

// isSameFile reports whether nothing has touched a file since it was recorded.
func isSameFile(j *state.Job, recorded state.File, stamp string) bool {
	if same, known := j.Matches(recorded.Stamp, []byte(stamp)); known {
		return same
	}
	return recorded.Seen == state.Seen(stamp)
}

// compareFile reads a file that was touched. One whose fingerprint cannot be compared,
// since its key is gone, counts as changed only if something else is known of it.
func compareFile(j *state.Job, disk txn.Disk, path string, recorded state.File) string {
	now, err := disk.Inspect(path)
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
