// Package credstash implements the command line of credstash 1.17.1 over credrender's
// store: its commands, flags, environment, output and exit codes. With a link named
// credstash, scripts written for credstash work unchanged.
//
// [CommandLine.Run] is the whole program. It has three steps:
//
//   - [parse] parses the arguments as Python's argparse does, with the tables in
//     commands.go. Scripts depend on argparse's behavior, such as positionals between
//     options, abbreviated flags, and "-5" as a value.
//   - A method per command (get.go, put.go, ...) works on the store.
//   - dump.go prints the same bytes as Python's json, csv and PyYAML.
//
// stdout and exit codes equal credstash's: 0, 1 for any failure, 2 for usage. Messages on
// stderr contain the text that scripts search for ("KMS ERROR", AWS's error codes) and
// more. docs/credstash.md lists all differences and their reasons.
package credstash

import (
	"context"
	"fmt"
	"io"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/pkg/store"
)

// CommandLine is the environment of a command line: streams, files, clock and store.
type CommandLine struct {
	compat.Machine
	Home string // where .credstash is, and ~ leads
	// Open opens the store of a command line.
	Open func(ctx context.Context, w Where) (*Backend, error)
}

// Where identifies the store of a command line. Empty fields are set by the environment
// and ~/.aws. Without any region, [DefaultRegion] applies.
type Where struct {
	Region, KMSRegion string
	Profile, RoleARN  string // never both
	Table, Key        string
}

// credstash's defaults.
const (
	DefaultRegion = "us-east-1"
	defaultTable  = "credential-store"
	defaultKey    = "alias/credstash"
)

// SessionName is credstash's name for the session of an assumed role. Trust policies may
// require it.
const SessionName = "AssumeRoleCredstashSession1"

// Backend is an opened store.
type Backend struct {
	*store.Store
	// History finds hidden versions without a scan.
	History store.VersionLister
	// Create creates the table with the given tags, if it does not exist.
	Create func(ctx context.Context, tags map[string]string) (created bool, err error)
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// Run runs a command line, without the name of the program, and returns the exit code.
func (f *CommandLine) Run(ctx context.Context, args []string) int {
	call, err := parse(args)
	if err != nil {
		return f.refuse(err)
	}
	if call.help != "" {
		if _, err := io.WriteString(f.Stdout, call.help); err != nil {
			_, _ = fmt.Fprintln(f.Stderr, err)
			return exitFailed
		}
		return exitOK
	}
	s := &session{CommandLine: f, call: call}
	if err := s.openLog(); err != nil {
		_, _ = fmt.Fprintln(f.Stderr, err)
		return exitFailed
	}
	defer s.closeLog()
	if err := s.run(ctx); err != nil {
		if usage, ok := err.(*usageError); ok {
			return f.refuse(usage)
		}
		s.report(err)
		return exitFailed
	}
	return exitOK
}

// refuse prints a usage error in the format of argparse.
func (f *CommandLine) refuse(err error) int {
	_, _ = fmt.Fprintln(f.Stderr, err)
	return exitUsage
}

// session is the state of one running command.
type session struct {
	*CommandLine
	call *call
	log  *logFile
}

func (s *session) run(ctx context.Context) error {
	runners := map[string]func(context.Context, *Backend) error{
		"delete": s.delete, "get": s.get, "getall": s.getall, "keys": s.keys,
		"list": s.list, "put": s.put, "putall": s.putall, "setup": s.setup,
	}
	where, err := s.where()
	if err != nil {
		return err
	}
	b, err := s.Open(ctx, where)
	if err != nil {
		return err
	}
	return runners[s.call.command](ctx, b)
}

// where reads the global flags. Like credstash, it does so before it checks the command.
func (s *session) where() (Where, error) {
	w := Where{
		Region: s.call.text("region"), KMSRegion: s.call.text("kms_region"),
		Profile: s.call.text("profile"), RoleARN: s.call.text("arn"),
		Table: defaultTable, Key: defaultKey,
	}
	if t, ok := s.LookupEnv("CREDSTASH_DEFAULT_TABLE"); ok {
		w.Table = t
	}
	if s.call.given("table") {
		w.Table = s.call.text("table")
	}
	if s.call.given("key") {
		w.Key = s.call.text("key")
	}
	if w.KMSRegion != "" {
		return w, nil
	}
	saved, err := s.savedKMSRegion()
	w.KMSRegion = saved
	return w, err
}

// warn prints a warning that credstash does not have.
func (s *session) warn(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Stderr, "credstash: warning: "+format+"\n", args...)
}
