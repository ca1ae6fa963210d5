package main

import (
	"fmt"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
)

// noReader is a user for whom listing a folder checks nothing: its files are not read.
const noReader = 1

// filesOf returns the files that a job makes: those of its folders as they are now, and
// those of its patterns as they were last rendered.
func filesOf(j *job.Job, rec state.Record) ([]job.File, error) {
	expanded, err := job.Expand(j, job.World{
		Tree: config.Trust{EUID: noReader}.Tree,
		Names: func(pattern source.Ref) ([]string, error) {
			for _, m := range rec.Matches {
				if m.Pattern == pattern {
					return m.Names, nil
				}
			}
			return nil, fmt.Errorf("for_each %s was not rendered yet", source.Show(pattern.Text()))
		},
	})
	if err != nil {
		return nil, err
	}
	return expanded.Files, nil
}

// recordOf returns the record of a job, which is empty if it has none.
func recordOf(st *state.Dir, id string) state.Record {
	if st == nil {
		return state.Record{}
	}
	jobs, _ := st.Jobs() // damaged ones are reported elsewhere
	for _, j := range jobs {
		if rec := j.Record(); rec.ID == id {
			return rec
		}
	}
	return state.Record{}
}

// missingNow is missing for a daemon, which has no record at hand.
func (a *app) missingNow(cfg *config.Config, j job.Job) string {
	if len(j.Patterns()) == 0 {
		return a.missing(j, state.Record{})
	}
	st, err := a.readState(cfg)
	if err != nil {
		return err.Error()
	}
	defer st.Close()
	return a.missing(j, recordOf(st, j.ID))
}

// madeFiles returns the files that are certain to be those of a job of the config: without
// the ones of a pattern that was not rendered yet.
func (a *app) madeFiles(cfg *config.Config, j *job.Job) []job.File {
	if !j.IsMany() {
		return j.Files
	}
	rec := state.Record{}
	if st, err := a.readState(cfg); err == nil {
		rec = recordOf(st, j.ID)
		st.Close()
	}
	var files []job.File
	for _, f := range j.Files {
		one := *j
		one.Files, one.Keypairs = []job.File{f}, nil
		made, _ := filesOf(&one, rec)
		files = append(files, made...)
	}
	return files
}
