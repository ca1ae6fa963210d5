package main

import (
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
)

// altered returns the files of a job that are not as its last good run left them, with
// what is wrong with each.
func (a *app) altered(j *state.Job) map[string]string {
	disk := txn.Disk{FS: a.fs}
	found := map[string]string{}
	for path, recorded := range j.Record().Files {
		if why := render.Altered(j, disk, path, recorded); why != "" {
			found[path] = why
		}
	}
	return found
}
