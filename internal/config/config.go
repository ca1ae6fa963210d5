// Package config loads settings and jobs from flags, environment and YAML files.
//
// [Load] is the entry point. The value of a setting comes from its flag, else from the
// environment (CREDRENDER_KMS_REGION for --kms-region), else from the config file
// (kms_region), else from a default; viper implements this. The rest of a file (jobs,
// contexts, vars) is decoded by a strict walk over its YAML nodes, because viper changes
// the case of keys and splits them at dots. An unknown key, a duplicate key or a value of
// the wrong kind is an [Error] with file, line and key. Load reports all faults, not only
// the first.
//
// A config is a file or a directory of files. In a directory, settings stay local to
// their file, and a broken file disables only its own jobs ([Config.Broken]). As root,
// Load reads only files that nobody else can write ([Trust]).
//
// The package reads only files; flags and environment are passed in [Options].
package config

import (
	"context"
	"log/slog"
	"time"

	"github.com/credrender/credrender/internal/job"
)

// DefaultPath is the config that Load reads if none is given and this file exists.
const DefaultPath = "/etc/credrender/credrender.yaml"

// Options are the parts of the process's environment that Load uses.
type Options struct {
	// Flags are the global flags that were given, by long name; see [Flags].
	// One that can be repeated has its values joined by commas.
	Flags map[string]string
	// Environ is the environment, as key=value.
	Environ []string
	// Dir is the working directory: relative paths in flags and environment
	// start there, those in a file where the file is.
	Dir string
	// EUID is the effective user ID. 0 turns on the checks of [Trust] and
	// keeps state in /var/lib.
	EUID int
	// Read becomes that of the [Trust].
	Read func(path string) ([]byte, error)
	// Default replaces DefaultPath; empty: it does not.
	Default string
	// Snapshot is read in place of the files on the disk: they were believed
	// when it was made.
	Snapshot *Snapshot
}

// Snapshot is what the files of a config held when they were read. A daemon's
// renders go by the one that it has accepted, whatever has become of the files.
type Snapshot struct {
	Single bool   `json:"single"` // no directory
	Files  []Text `json:"files"`
}

// Text is one file of a Snapshot.
type Text struct {
	Path string `json:"path"`
	Data []byte `json:"data"`
}

// Config is what Load found.
type Config struct {
	Settings Settings
	// Trust is for files named on the command line. A job's files go by the
	// job's Owners.
	Trust Trust
	// Base is what a job made on the command line starts from: the store,
	// contexts and vars of the config file, if it is a single one.
	Base job.Job
	// OtherStores are the files of a directory whose store or sources differ
	// from those of Base, broken ones included. Only the jobs of such a file use
	// them.
	OtherStores []string
	// Jobs are in the order of the files and as written there.
	Jobs []job.Job
	// Files are the config files, absolute, broken ones included.
	Files []string
	// Broken holds an error for each file of a directory that is disabled: a
	// join of Errors.
	Broken []error
	// Warnings are one line each.
	Warnings []string
	// Read is what Files held.
	Read Snapshot
}

// Settings are for the process as a whole. Where the config is a directory,
// its files have a say in all but Store, and must not contradict each other.
type Settings struct {
	Store job.Store
	// GrantTokens are passed with requests to KMS.
	GrantTokens []string
	// StateDir is absolute; empty: there is no home directory to put it in.
	StateDir  string
	Timeout   time.Duration // of waiting for AWS, credentials and inputs; 0: none
	LogLevel  slog.Level
	LogFormat string // text or json
	// FullRefresh is how old a full look may be before a quiet tick is
	// followed by another; 0: each is.
	FullRefresh time.Duration
	// Listen is unix:PATH or a loopback ADDRESS:PORT of the daemon's
	// endpoints; empty: none.
	Listen string
	// Textfile is where the daemon and one-shot renders write metrics; empty:
	// nowhere.
	Textfile string
	// BootWait is how long a daemon whose files are all in place waits for news
	// before it is ready.
	BootWait time.Duration
	// Ready is ReadyFiles or ReadyBestEffort.
	Ready string
}

// Values of the setting ready: the daemon's start waits for the files of all
// jobs and fails without them, or comes to its end without them too.
const (
	ReadyFiles      = "files"
	ReadyBestEffort = "best-effort"
)

// Load reads flags, environment and config. The error, a join of [Error], says
// why nothing can be run at all; a directory that is only in part broken is no
// error.
func Load(ctx context.Context, o Options) (*Config, error) {
	l, err := newLoader(o)
	if err != nil {
		return nil, err
	}
	paths, single, err := l.find()
	if err != nil {
		return nil, err
	}
	l.config.Read.Single = single
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := l.load(path); err != nil {
			if single {
				return nil, err
			}
			l.config.Broken = append(l.config.Broken, err)
		}
	}
	return l.finish(single)
}
