package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
)

// jobStatus is the status of one job, as status -o json prints it.
type jobStatus struct {
	Job         string            `json:"job"`
	ID          string            `json:"id"`
	LastRun     time.Time         `json:"last_run,omitzero"`
	LastSuccess time.Time         `json:"last_success,omitzero"`
	LastChange  time.Time         `json:"last_change,omitzero"`
	NextTick    time.Time         `json:"next_tick,omitzero"`  // when a daemon on this host runs the job next, with its splay
	NextRuns    []time.Time       `json:"next_runs,omitempty"` // of the schedule, without splay
	Zone        string            `json:"zone,omitempty"`      // of the schedule
	Code        int               `json:"code"`
	Error       string            `json:"error,omitempty"`
	HookPending bool              `json:"hook_pending"`
	HookError   string            `json:"hook_error,omitempty"`
	Interrupted bool              `json:"interrupted,omitempty"`
	Versions    map[string]string `json:"versions,omitempty"`
	Files       []string          `json:"files,omitempty"`
	Left        []string          `json:"left,omitempty"` // made by the job, and no longer its files
	// Altered are the files that are not as the last good run left them, with the reason.
	Altered    map[string]string `json:"altered,omitempty"`
	HeldUntil  time.Time         `json:"held_until,omitzero"`
	HeldReason string            `json:"held_reason,omitempty"`
	// Overridden are the secrets of which an operator's value is in place, since when.
	Overridden map[string]time.Time `json:"overridden,omitempty"`

	Config       string                `json:"config,omitempty"` // the file that the job is of
	Schedule     string                `json:"schedule,omitempty"`
	LastRefresh  time.Time             `json:"last_full_refresh,omitzero"`
	RunID        string                `json:"run,omitempty"`      // of the last failure, as in the daemon's log
	Failures     int                   `json:"failures,omitempty"` // in a row
	FailingSince time.Time             `json:"failing_since,omitzero"`
	PendingHook  *pendingHook          `json:"pending_hook,omitempty"`
	Installed    map[string]fileStatus `json:"installed,omitempty"` // by destination

	ofConfig bool
	missing  string // as app.missing returns it
	nextRuns string
}

// pendingHook is a hook that has not succeeded since files changed.
type pendingHook struct {
	Since    time.Time `json:"since,omitzero"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"`
	Next     time.Time `json:"next,omitzero"` // when a daemon tries again
	Changed  []string  `json:"changed,omitempty"`
}

// fileStatus is one file as it was put in place.
type fileStatus struct {
	Mode     string    `json:"mode"`
	UID      int       `json:"uid"`
	GID      int       `json:"gid"`
	NotAfter time.Time `json:"certificate_expires,omitzero"`
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
