// Package credsmash is credsmash 3.0.2's command line over our own store: its
// commands, options, config file, manifests and Jinja2 templates, so that a link
// named credsmash takes the program's place.
//
// [CommandLine.Run] is the whole program. A command line goes through three steps:
// click.go reads it as Python's click would, by the tables in grammar.go;
// settings.go adds the config file; and a runner for each command (secrets.go,
// put.go, render.go) works on the store. Files, of get and of templates, are
// handed to [CommandLine.Install] together. Package jinja renders.
//
// stdout and exit codes are credsmash's: 0, 1 for any failure, 2 for usage.
// What credsmash tells by a traceback is one line here. docs/credsmash.md lists
// every difference and its reason.
package credsmash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/credrender/credrender/pkg/store"
)

// CommandLine is what the command line sees of the world.
type CommandLine struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(name string) (string, bool)
	Now            func() time.Time
	// ReadFile reads what the command line, the config or a manifest names,
	// from the working directory.
	ReadFile func(path string) ([]byte, error)
	// ReadAll reads standard input. Both may give up.
	ReadAll func(io.Reader) ([]byte, error)
	// Open opens the store that a command line names.
	Open func(ctx context.Context, w Where) (*Backend, error)
	// Install puts files in place, all or none. The id tells one command's
	// files from another's after a crash.
	Install func(ctx context.Context, id string, files []File) error
}

// Where is the store that a command line and the config name.
type Where struct{ Table, Key string }

// File is a file to put in place.
type File struct {
	Path         string // from the working directory
	Data         []byte
	Mode         *fs.FileMode // nil: an existing file's, else 0600
	Owner, Group string       // empty: an existing file's
}

// Backend is an opened store.
type Backend struct {
	*store.Store
	// Create makes the table, if it is not there.
	Create func(ctx context.Context) (created bool, err error)
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a fault in the command line.
type usageError struct {
	command *command // nil: of the program itself
	what    string
}

func (e *usageError) Error() string { return e.what }

// Run runs one command line, without the program's name, and returns its exit
// code.
func (f *CommandLine) Run(ctx context.Context, args []string) int {
	err := f.run(ctx, args)
	var help helpWanted
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &help):
		if _, err = io.WriteString(f.Stdout, help.text); err == nil {
			return exitOK
		}
	case errors.As(err, new(*helpOnError)):
		return exitUsage
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(f.Stderr, "Usage: %s\nTry '%s --help' for help.\n\nError: %s\n",
			usage.command.usage(), usage.command.path(), usage.what)
		return exitUsage
	}
	for line := range strings.SplitSeq(words(err), "\n") {
		_, _ = fmt.Fprintln(f.Stderr, "Error: "+line)
	}
	return exitFailed
}

func (f *CommandLine) run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		_, _ = io.WriteString(f.Stderr, programHelp())
		return &helpOnError{}
	}
	global, rest, err := parseGlobal(args)
	if err != nil {
		return err
	}
	s := &session{CommandLine: f}
	if err := s.settle(global); err != nil {
		return err
	}
	if len(rest) == 0 {
		return &usageError{nil, "Missing command."}
	}
	c := find(rest[0])
	if c == nil {
		return &usageError{nil, "No such command '" + rest[0] + "'."}
	}
	if s.call, err = c.parse(rest[1:]); err != nil {
		return err
	}
	return c.run(s, ctx)
}

// helpOnError: no command at all, which has been answered with the help.
type helpOnError struct{}

func (*helpOnError) Error() string { return "no command" }

// session is one command under way.
type session struct {
	*CommandLine
	settings
	call    *call
	backend *Backend
}

// store opens the store when a command first needs it: with --secrets-file none
// does.
func (s *session) store(ctx context.Context) (*Backend, error) {
	if s.backend != nil {
		return s.backend, nil
	}
	var err error
	s.backend, err = s.Open(ctx, s.where)
	return s.backend, err
}

// print writes a result.
func (s *session) print(data []byte) error {
	if _, err := s.Stdout.Write(data); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

// Levels of the log, as Python numbers them.
const (
	levelInfo    = 20
	levelWarning = 30
)

// log writes a line as credsmash's log has it.
func (s *session) log(level int, logger, format string, args ...any) {
	if level < s.logLevel {
		return
	}
	name := map[int]string{levelInfo: "INFO", levelWarning: "WARNING"}[level]
	stamp := strings.Replace(s.Now().Format("2006-01-02 15:04:05.000"), ".", ",", 1)
	_, _ = fmt.Fprintf(s.Stderr, "%s credsmash.%s [%s] %s\n", stamp, logger, name, fmt.Sprintf(format, args...))
}
