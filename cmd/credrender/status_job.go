package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/source"
)

// jobStatus is the status of one job, as status -o json prints it.
type jobStatus struct {
	Job         string               `json:"job" doc:"its name"`
	ID          string               `json:"id" doc:"what identifies it among jobs of the same name"`
	LastRun     time.Time            `json:"last_run,omitzero" doc:"when it ran last"`
	LastSuccess time.Time            `json:"last_success,omitzero" doc:"when it last succeeded"`
	LastChange  time.Time            `json:"last_change,omitzero" doc:"when its files last changed"`
	NextTick    time.Time            `json:"next_tick,omitzero" doc:"when a daemon on this host runs it next, with its splay"`
	NextRuns    []time.Time          `json:"next_runs,omitempty" doc:"of the schedule, without splay"`
	Zone        string               `json:"zone,omitempty" doc:"of the schedule"`
	Code        int                  `json:"code" doc:"exit code of the last run"`
	Error       string               `json:"error,omitempty" doc:"of the last run"`
	HookPending bool                 `json:"hook_pending" doc:"the hook has not succeeded since files changed"`
	HookError   string               `json:"hook_error,omitempty" doc:"of the hook"`
	Interrupted bool                 `json:"interrupted,omitempty" doc:"a crash ended the last run"`
	Versions    map[string]string    `json:"versions,omitempty" doc:"versions in place, by REF"`
	Files       []string             `json:"files,omitempty" doc:"its files"`
	Left        []string             `json:"left,omitempty" doc:"files that it made and no longer makes"`
	Altered     map[string]string    `json:"altered,omitempty" doc:"files that are not as the last good run left them, with the reason"`
	HeldUntil   time.Time            `json:"held_until,omitzero" doc:"end of a hold"`
	HeldReason  string               `json:"held_reason,omitempty" doc:"reason of a hold"`
	Overridden  map[string]time.Time `json:"overridden,omitempty" doc:"secrets with a value of --override in place, since when"`

	Config       string                `json:"config,omitempty" doc:"the file that the job is of"`
	Schedule     string                `json:"schedule,omitempty" doc:"the schedule"`
	LastRefresh  time.Time             `json:"last_full_refresh,omitzero" doc:"when all of its secrets were last read"`
	RunID        string                `json:"run,omitempty" doc:"id of the last failed run, as in the log"`
	Failures     int                   `json:"failures,omitempty" doc:"failed runs in a row"`
	FailingSince time.Time             `json:"failing_since,omitzero" doc:"when these began"`
	PendingHook  *pendingHook          `json:"pending_hook,omitempty" doc:"the pending hook"`
	Installed    map[string]fileStatus `json:"installed,omitempty" doc:"the files as they were put in place, by destination"`

	ofConfig bool
	label    string // the name, with its origin if jobs share the name
	missing  string // as app.missing returns it
	nextRuns string
}

// pendingHook is a hook that has not succeeded since files changed.
type pendingHook struct {
	Since    time.Time `json:"since,omitzero" doc:"since when it is pending"`
	Attempts int       `json:"attempts" doc:"failed attempts"`
	Error    string    `json:"error,omitempty" doc:"of the last attempt"`
	Next     time.Time `json:"next,omitzero" doc:"when a daemon tries again"`
	Changed  []string  `json:"changed,omitempty" doc:"files that changed"`
}

// fileStatus is one file as it was put in place.
type fileStatus struct {
	Mode     string    `json:"mode" doc:"octal"`
	UID      int       `json:"uid" doc:"number of the owner"`
	GID      int       `json:"gid" doc:"number of the group"`
	NotAfter time.Time `json:"certificate_expires,omitzero" doc:"end of the certificate in it"`
}

func statusOf(r state.Record) jobStatus {
	s := jobStatus{
		Job: r.Name, ID: r.ID, LastRun: r.LastRun, LastSuccess: r.LastSuccess, LastChange: r.LastChange,
		Code: r.Result.Code, Error: r.Result.Error, HookPending: r.HookPending(), Interrupted: r.Txn.Phase != "",
		Versions: versions(slices.DeleteFunc(r.Trace, func(k source.Known) bool { return r.Overridden(k.Ref) })), Files: slices.Sorted(maps.Keys(r.Files)), Left: slices.Sorted(maps.Keys(r.Left)),
	}
	s.Config, _ = job.ConfigOf(r.ID, r.Name)
	s.LastRefresh, s.RunID, s.Failures, s.FailingSince = r.LastLook, r.Result.Run, r.Result.Count, r.Result.Since
	if d := r.PendingHook; d != nil {
		s.HookError = d.Error
		s.PendingHook = &pendingHook{d.Since, d.Attempts, d.Error, d.Next, d.Dests}
	}
	for _, o := range r.Overrides {
		if s.Overridden == nil {
			s.Overridden = map[string]time.Time{}
		}
		s.Overridden[o.Ref.String()] = o.Since
	}
	for dest, f := range r.Files {
		if s.Installed == nil {
			s.Installed = map[string]fileStatus{}
		}
		s.Installed[dest] = fileStatus{fmt.Sprintf("%04o", f.Mode.Perm()), f.UID, f.GID, f.NotAfter}
	}
	return s
}

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
