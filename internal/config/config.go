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
	// Flags are the global flags that were given, by long name; see [Flags]. The values
	// of a repeated flag are joined by commas.
	Flags map[string]string
	// Environ is the environment, as key=value.
	Environ []string
	// Dir is the working directory. Relative paths in flags and environment start here;
	// relative paths in a file start at the directory of the file.
	Dir string
	// EUID is the effective user ID. 0 turns on the checks of [Trust] and
	// keeps state in /var/lib.
	EUID int
	// Read is passed to [Trust].
	Read func(path string) ([]byte, error)
	// Default replaces DefaultPath if it is not empty.
	Default string
	// Snapshot, if set, is used instead of the files on disk, which were checked when the
	// snapshot was made.
	Snapshot *Snapshot
}

// Snapshot holds the content of config files at the time they were read. A daemon's
// renders use the snapshot that the daemon has accepted, even if the files have changed
// since.
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
	// Trust is for files named on the command line. The files of a job use the job's
	// Owners.
	Trust Trust
	// Base is the start of a job made on the command line: the store, contexts and vars
	// of the config file, if it is a single one.
	Base job.Job
	// OtherStores are the files of a directory whose store or sources differ
	// from those of Base, broken ones included. Only the jobs of such a file use
	// them.
	OtherStores []string
	// Jobs are in the order of the files, and within a file as written.
	Jobs []job.Job
	// Files are the absolute paths of all config files, broken ones included.
	Files []string
	// Broken holds an error for each disabled file of a directory. The error joins
	// Errors.
	Broken []error
	// Warnings are lines of text.
	Warnings []string
	// Read is the content of Files.
	Read Snapshot
}

// Settings apply to the whole process. In a directory, all files may state them (except
// Store), but must agree.
type Settings struct {
	Store job.Store
	// GrantTokens are passed with requests to KMS.
	GrantTokens []string
	// StateDir is absolute. It is empty if the home directory is unknown.
	StateDir  string
	Timeout   time.Duration // for AWS, credentials and inputs; 0: no limit
	LogLevel  slog.Level
	LogFormat string // text or json
	// FullRefresh is the age at which a full refresh has to be repeated. With 0, every
	// change check is a full refresh.
	FullRefresh time.Duration
	// Listen is the address of the daemon's endpoints, unix:PATH or a loopback
	// ADDRESS:PORT. If it is empty, there are none.
	Listen string
	// Textfile is the path to which the daemon and one-shot renders write metrics, or "".
	Textfile string
	// BootWait is how long a daemon whose files all exist waits for a successful render
	// before it reports ready.
	BootWait time.Duration
	// Ready is ReadyFiles or ReadyBestEffort.
	Ready string
}

// Values of the setting ready. With ReadyFiles, the daemon waits at its start until all
// jobs have their files, and fails without them; with ReadyBestEffort it starts anyway.
const (
	ReadyFiles      = "files"
	ReadyBestEffort = "best-effort"
)

// Load reads flags, environment and config. It returns an error, a join of [Error], only
// if no job can run. A directory with some broken files is not an error.
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
