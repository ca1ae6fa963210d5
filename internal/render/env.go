package render

import (
	"context"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
)

// LockEnv is the environment variable by which a run that a check or hook
// starts knows that the lock it would wait for is its ancestor's.
const LockEnv = "CREDRENDER_LOCK"

// World is what a run sees of the machine. Nothing below reads the
// environment, the clock or the working directory by itself.
type World struct {
	// Open gives the source of a store.
	Open Opener
	// ReadFile reads a job's templates and what the function file names in
	// them, if it is believed.
	ReadFile  func(j *job.Job, path string) ([]byte, error)
	LookupEnv func(name string) (string, bool)
	Hostname  func() (string, error)
	Now       func() time.Time
	Zone      *time.Location
	// Home is the HOME of commands.
	Home string
	// LockToken is the value of LockEnv in our own environment.
	LockToken string
	Disk      txn.Disk
	// Own are the files and directories of the run itself.
	Own []Own
	// Account tells the AWS account of a store, or "" where that is not known;
	// nil: it never is.
	Account func(context.Context, job.Store) string
	// State is nil where there is no state directory that can be written.
	State *state.Dir
	// HostKey is for the salts of htpasswd.
	HostKey func() ([]byte, error)
	// StampFile is another string after a file that ReadFile reads was changed.
	// nil: answers are not of this machine (fixtures), and prove nothing about
	// the next run.
	StampFile func(path string) (string, error)
	// Version of the program: another may render otherwise.
	Version string
	// Sources are the configured prefixes of refs.
	Sources []string
}

// Options are what one run is told.
type Options struct {
	Timeout     time.Duration // for fetching; 0: none
	LockTimeout time.Duration
	// Wait keeps trying what may heal: throttling, an unreachable AWS, rights
	// that a new role does not have yet.
	Wait time.Duration
	// AllowStale lets the files in place stand where the store is out of
	// reach and they were rendered no longer ago than this.
	AllowStale time.Duration
	NoHook     bool
	// NoDisk is for what a run fetches and renders, whatever its destinations.
	NoDisk bool
	Force  bool
	// FullRefresh is how old the last full look may be before a probe gives
	// way to another; 0: it always does.
	FullRefresh time.Duration
	// Changed says that somebody has seen a change: nothing is probed.
	Changed bool
	// Patient leaves hooks that failed to their backoff, unless their job
	// changes.
	Patient bool
	// AcceptRemoved are names whose removal secretOr may take for granted.
	AcceptRemoved []string
	// AllowNoMatch permits every pattern to match nothing.
	AllowNoMatch bool
	// Configs are the config files that were read whole, IDs all jobs in them:
	// state of a job that is in neither run nor config is dropped.
	Configs, IDs []string
	// Code is the exit code that an error stands for, for the state.
	Code func(error) int
}
