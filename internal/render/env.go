package render

import (
	"context"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// LockEnv is the environment variable that holds the token of the lock. A run that
// a check or hook starts sees by it that its own ancestor holds the lock.
const LockEnv = "CREDRENDER_LOCK"

const stateDirEnv = "CREDRENDER_STATE_DIR"

// Opener opens the source of a store: prefix is empty for the store itself, else the
// prefix of the ref.
type Opener func(ctx context.Context, store job.Store, prefix string) (source.Source, error)

// Env is what a run sees of the machine. Nothing below reads the environment, the
// clock or the working directory by itself.
type Env struct {
	// Open gives the source of a store.
	Open Opener
	// Host answers template functions. ReadFile below takes the place of its own.
	Host template.Host
	// ReadFile reads a job's templates, and the files that the function file reads,
	// if they can be trusted.
	ReadFile func(j *job.Job, path string) ([]byte, error)
	// Tree returns the files below a folder of a job's templates, if it can be trusted.
	Tree func(j *job.Job, dir string) ([]string, error)
	// Home is the HOME of commands.
	Home string
	// StateDirEnv is the state directory if --state-dir or CREDRENDER_STATE_DIR set it, or "".
	// Commands get it too: a render that they start then finds the same lock.
	StateDirEnv string
	// LockToken is the value of LockEnv in our own environment.
	LockToken string
	Disk      txn.Disk
	// Own are the files and directories of the run itself.
	Own []Own
	// Account returns the AWS account of a store, or "" if that is not known. A nil
	// function never knows.
	Account func(context.Context, job.Store) string
	// State is nil if there is no writable state directory.
	State *state.Dir
	// StampFile returns a string that changes when a file that ReadFile reads is
	// changed. It is nil with fixtures, whose answers prove nothing about the next
	// run.
	StampFile func(path string) (string, error)
	// Version is that of the program: another version may render otherwise.
	Version string
	// Sources are the configured prefixes of refs.
	Sources []string
}

// Options are the settings of one run.
type Options struct {
	Timeout     time.Duration // for fetching; 0: none
	LockTimeout time.Duration
	// Wait retries what may succeed later: throttling, an unreachable AWS, rights
	// that a new role does not have yet.
	Wait time.Duration
	// AllowStale keeps the files in place if the store is unreachable and they were
	// rendered no longer ago than this.
	AllowStale time.Duration
	NoHook     bool
	// DeferHooks leaves hooks pending, for the next run.
	DeferHooks bool
	// BeforeHooks is called when all files of the run are in place, with the names
	// of the jobs that have not failed. If it returns false, their hooks are deferred;
	// nil runs them.
	BeforeHooks func(jobs []string) bool
	// Stop is closed to end the run early: jobs that wait for a store or for the lock
	// are left alone. A job that has begun to change files is finished, with its hook.
	// A nil Stop never ends a run.
	Stop <-chan struct{}
	// RunID tells this run from others in logs and state.
	RunID string
	// NoDisk leaves the destinations out: the run fetches and renders only.
	NoDisk bool
	Force  bool
	// FullRefresh is how old the last full refresh may be before a change check does
	// another; 0: each one is full.
	FullRefresh time.Duration
	// Changed skips the change check: somebody has seen a change already.
	Changed bool
	// Patient leaves failed hooks to their backoff, unless their job changes.
	Patient bool
	// AcceptRemoved are names of removed secrets for which secretOr may take its
	// default.
	AcceptRemoved []string
	// Overrides are values that an operator gives in place of the sources'.
	Overrides *Overrides
	// AllowNoMatch permits every pattern to match nothing.
	AllowNoMatch bool
	// Configs are the config files that were read whole, IDs all jobs in them. The
	// state of a job that its config no longer has is dropped.
	Configs, IDs []string
	// Code returns the exit code of an error, for the state.
	Code func(error) int
}
