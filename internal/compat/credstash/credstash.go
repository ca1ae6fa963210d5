// Package credstash is credstash 1.17.1's command line over our own store: its
// commands, flags, environment, output and exit codes, so that a link named
// credstash takes the program's place under scripts that know nothing of it.
//
// [CommandLine.Run] is the whole program. A command line goes through three steps:
//
//   - [parse] reads it as Python's argparse would, by the tables in grammar.go;
//     argparse's habits (positionals between options, abbreviations, "-5" as a
//     value) are what scripts rely on without knowing;
//   - a runner per command (get.go, put.go, ...) works on the store;
//   - the dump_*.go files print, byte for byte what Python's json, csv and
//     PyYAML print.
//
// stdout and exit codes are credstash's: 0, 1 for any failure, 2 for usage.
// Messages on stderr keep what scripts search for ("KMS ERROR", AWS's codes)
// and say more. docs/credstash.md lists every difference and its reason.
package credstash

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/credrender/credrender/pkg/store"
)

// CommandLine is what the command line sees of the world.
type CommandLine struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(name string) (string, bool)
	Home           string // where .credstash is, and ~ leads
	Now            func() time.Time
	// ReadFile reads ~/.credstash and the file of a word @FILE; ReadAll reads
	// standard input. Both may give up.
	ReadFile func(path string) ([]byte, error)
	ReadAll  func(io.Reader) ([]byte, error)
	// Open opens the store that a command line names.
	Open func(ctx context.Context, w Where) (*Backend, error)
}

// Where is the store that a command line names. Empty fields are left to the
// environment and ~/.aws; a region that nothing names is [DefaultRegion].
type Where struct {
	Region, KMSRegion string
	Profile, RoleARN  string // never both
	Table, Key        string
}

// What credstash does where nobody says otherwise.
const (
	DefaultRegion = "us-east-1"
	defaultTable  = "credential-store"
	defaultKey    = "alias/credstash"
)

// SessionName is what credstash calls the session of a role it assumes; trust
// policies may ask for it.
const SessionName = "AssumeRoleCredstashSession1"

// Backend is an opened store.
type Backend struct {
	*store.Store
	// History finds shadowed versions without a scan.
	History store.Historian
	// Create makes the table with the given tags, if it is not there.
	Create func(ctx context.Context, tags map[string]string) (created bool, err error)
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// Run runs one command line, without the program's name, and returns its exit
// code.
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

// refuse prints what is wrong with a command line as argparse does.
func (f *CommandLine) refuse(err error) int {
	_, _ = fmt.Fprintln(f.Stderr, err)
	return exitUsage
}

// session is one command under way.
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

// where reads the global flags, as credstash does before it looks at the
// command.
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

// warn says on stderr what credstash keeps to itself.
func (s *session) warn(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Stderr, "credstash: warning: "+format+"\n", args...)
}

// print writes a result.
func (s *session) print(text string) error {
	if _, err := io.WriteString(s.Stdout, text); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}
