// Package job defines the unit of change: files that change together or not at all,
// the commands that check them, and the hook that runs afterwards.
//
// A [Job] comes from the config file or from a command line (SRC:DEST, pull, exec).
// This package defines jobs, reads their templates ([Load]), validates rendered files
// ([Validate], [CheckKeypair]) and compares them with the disk ([Diff]). Package txn
// writes the files, and package render decides when.
package job

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// IsDirectory reports whether a destination is written as a directory: it ends in a
// slash, . or .., which path.Clean would remove.
func IsDirectory(dest string) bool {
	last := dest[strings.LastIndexByte(dest, '/')+1:]
	return last == "" || last == "." || last == ".."
}

// Job is a set of files with their commands. All of its files change, or none.
type Job struct {
	// ID identifies the job in the state directory: "config path#name", or the
	// destination of a job of the command line.
	ID   string
	Name string
	// Origin is where the job is defined, as file:line, for messages.
	Origin string

	Files    []File
	Keypairs []Keypair
	Verify   Command
	Hook     Command

	// CheckTimeout applies to a check or verify.
	CheckTimeout, HookTimeout time.Duration
	// Env is added to the environment of the job's commands.
	Env map[string]string
	// Vars is .Vars in templates.
	Vars map[string]any
	// Partials are the absolute paths of files with definitions for all templates.
	Partials []string
	// Contexts are the named contexts that templates may use.
	Contexts map[string]map[string]string
	// Context is the default context of secrets: the job's, else the config's.
	Context map[string]string
	// Allow limits the names that templates may use (* patterns); empty: all.
	Allow []string
	// AllowNoMatch are patterns of names (* too) that may match nothing; any
	// other pattern of a template that matches nothing is an error.
	AllowNoMatch []string
	// Prune removes files that the job made earlier and that are no longer its files, at
	// most PruneLimit percent of all that it made in one run.
	Prune      bool
	PruneLimit int
	// Restrict refuses functions that look outside the store: env, file,
	// hostname, ec2 and the clock.
	Restrict bool

	// Schedule is when a daemon runs the job; zero: at its start only. Splay is the
	// longest delay after each of these times; each host has its own.
	Schedule schedule.Schedule
	Splay    time.Duration

	// Store may differ between the files of a config directory.
	Store Store
	// Owners are the user IDs, besides root, that may own the job's templates.
	Owners []int
}

// PruneLimit is the default of [Job.PruneLimit].
const PruneLimit = 10

// Default timeouts.
const (
	CheckTimeout = 30 * time.Second
	HookTimeout  = 2 * time.Minute
)

// Store is the location of the job's secrets. It is comparable: jobs with equal
// Stores share clients.
type Store struct {
	Kind      string // dynamodb, local or s3; of a source also ssm or secretsmanager
	Path      string // local: the store file; s3: bucket or bucket/prefix
	LocalKey  string // local: the key file; store.key beside the store by default
	Table     string
	Key       string // KMS key for writes
	Region    string
	KMSRegion string
	Profile   string
	RoleARN   string
	// Sources are the named sources of the config; nil: none. The jobs of a file
	// share one value.
	Sources *Sources
}

// Sources are locations besides the store, by the prefix that selects them in a ref:
// "payments" in "payments:db.password".
type Sources map[string]Store

// Named returns the source of that name.
func (s Store) Named(name string) (Store, bool) {
	if s.Sources == nil {
		return Store{}, false
	}
	named, ok := (*s.Sources)[name]
	return named, ok
}

// SourceNames returns the names of the sources, sorted.
func (s Store) SourceNames() []string {
	if s.Sources == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(*s.Sources))
}

// File is one destination.
type File struct {
	// Exactly one of Src (the absolute path of a template), Content (a template),
	// Secret (a value that is copied unchanged) and Data (bytes that a compatibility
	// command line rendered) is set.
	Src     string
	Content string
	Secret  source.Ref
	Data    []byte
	// Origin is where the file is defined in the config, as file:line.
	Origin string

	// Folder: Src is a directory of templates and other files, and Dest the one for their
	// results. Each makes a file for each of its entries, and Dest is a template. [Expand]
	// turns such a File into those of its results: Verbatim ones are copies of Src, and
	// Entry is what the template of a file knows as .Key and .Value.
	Folder   bool
	Each     *Each
	Verbatim bool
	Entry    *template.Entry

	Dest         string            // absolute and clean; empty: standard output
	Mode         *fs.FileMode      // nil: an existing file's, else 0600
	Owner, Group string            // name or number; empty: an existing file's
	Permit       txn.Permit        // what the file system may ignore
	Context      map[string]string // nil: the job's
	Check        Command
	Format       string // one of Formats, or empty
	CreateDirs   bool
	InPlace      bool
	LeftDelim    string // empty: {{
	RightDelim   string // empty: }}
}

// Keypair is a certificate and the private key that must belong to it, both
// destinations of the same job.
type Keypair struct{ Cert, Key string }

// Command is a list of arguments, which runs without a shell, or a string, which runs
// through /bin/sh -c. The zero Command is none.
type Command struct {
	Args  []string
	Shell string
}

// IsZero reports whether there is no command.
func (c Command) IsZero() bool { return len(c.Args) == 0 && c.Shell == "" }

// IDSeparator separates the config's path from the job's name in the ID of a job of a
// config.
const IDSeparator = "#"

// ConfigOf returns the path of the config that defines the job with this id and name,
// if there is one. The name is needed because paths, names and the destinations that
// identify jobs of the command line may all contain separators.
func ConfigOf(id, name string) (path string, ok bool) {
	return strings.CutSuffix(id, IDSeparator+name)
}
