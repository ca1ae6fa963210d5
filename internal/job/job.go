// Package job is the unit of change: files that stand or fall together, with
// the commands that check them and the hook that is told.
//
// A [Job] comes from the config file or from a command line (SRC:DEST, pull,
// exec). This package holds what a job is, reads its sources ([Load]) and
// compares rendered bytes with the disk ([Diff]). How bytes reach the disk is
// package txn's, when is package render's.
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
)

// IsDirectory reports whether a destination is written as a directory: with a
// slash at the end, or as . or .. of one. Cleaned, it would be a file.
func IsDirectory(dest string) bool {
	last := dest[strings.LastIndexByte(dest, '/')+1:]
	return last == "" || last == "." || last == ".."
}

// Job is a set of files with their commands. All of its files change, or none.
type Job struct {
	// ID is what state and debts belong to: "config path#name", or the
	// destination of a job made on the command line.
	ID   string
	Name string
	// Origin is where the job was written, as file:line, for messages.
	Origin string

	Files    []File
	Keypairs []Keypair
	Verify   Command
	Hook     Command

	// Timeouts: of a check or verify, of a hook.
	CheckTimeout, HookTimeout time.Duration
	// Env is added to the environment of the job's commands.
	Env map[string]string
	// Vars is what templates see as .Vars.
	Vars map[string]any
	// Contexts are the named contexts that templates may use.
	Contexts map[string]map[string]string
	// Context is used by a secret that names none: the job's, else the config's.
	Context map[string]string
	// Allow limits the names that templates may ask for (* patterns); empty: all.
	Allow []string
	// AllowNoMatch are patterns of names (* too) that may match nothing; any
	// other pattern of a template that matches nothing is an error.
	AllowNoMatch []string
	// Restrict refuses functions that look outside the store: env, file,
	// hostname, ec2 and the clock.
	Restrict bool

	// Schedule is when a daemon runs the job; zero: at its start only. Splay is the
	// longest delay after each of these times; each host has its own.
	Schedule schedule.Schedule
	Splay    time.Duration

	// Settings that may differ from config file to config file.
	Store Store
	// Owners are the user IDs that may own the files a job names, beside root.
	Owners []int
}

// Timeouts of a job that states none.
const (
	CheckTimeout = 30 * time.Second
	HookTimeout  = 2 * time.Minute
)

// Store says where the job's secrets are. It is comparable: jobs with equal
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
	// Sources are the config's named ones; nil: none. The jobs of a file share
	// one.
	Sources *Sources
}

// Sources are places besides the store that refs may name by a prefix:
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
	// Exactly one of Src (a template file, absolute), Content (a template),
	// Secret (a value copied as it is) and Data (the bytes themselves, made
	// by another face of the program) is set.
	Src     string
	Content string
	Secret  source.Ref
	Data    []byte
	// Origin is where the file was written in the config, as file:line.
	Origin string

	Dest         string            // absolute and clean; empty: standard output
	Mode         *fs.FileMode      // nil: an existing file's, else 0600
	Owner, Group string            // name or number; empty: an existing file's
	Permit       txn.Permit        // what the file system need not be able to do
	Context      map[string]string // nil: the job's
	Check        Command
	Format       string // json, yaml, toml, env, pem or empty
	CreateDirs   bool
	InPlace      bool
	LeftDelim    string // empty: {{
	RightDelim   string // empty: }}
}

// Keypair is a certificate and the private key that must belong to it, both
// destinations of the same job.
type Keypair struct{ Cert, Key string }

// Command runs without a shell where it was given as a list, through
// /bin/sh -c where as a string. The zero Command is none.
type Command struct {
	Args  []string
	Shell string
}

// IsZero reports whether there is no command.
func (c Command) IsZero() bool { return len(c.Args) == 0 && c.Shell == "" }

// IDSeparator stands between the config's path and the job's name in the ID of
// a job that comes from a config.
const IDSeparator = "#"

// ConfigOf returns the path of the config that a job of this id and name comes
// from, if any: path, name and the destinations that are ids of jobs of the
// command line may all have separators.
func ConfigOf(id, name string) (path string, ok bool) {
	return strings.CutSuffix(id, IDSeparator+name)
}
