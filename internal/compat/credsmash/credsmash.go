// Package credsmash implements the command line of credsmash 3.0.2 over credrender's
// store: its commands, options, config file, manifests and Jinja2 templates. A link named
// credsmash replaces the program.
//
// [CommandLine.Run] is the whole program. It has three steps: click.go parses the
// arguments as Python's click does, with the tables in commands.go; settings.go adds the
// config file; and a method per command (secrets.go, put.go, render.go) works on the
// store. [CommandLine.Install] installs all files of a command together. Package jinja
// renders templates.
//
// stdout and exit codes equal credsmash's: 0, 1 for any failure, 2 for usage. Where
// credsmash prints a traceback, this package prints one line. docs/credsmash.md lists
// all differences and their reasons.
package credsmash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// CommandLine is the environment of a command line: streams, files, clock and store.
type CommandLine struct {
	compat.Machine
	// Open opens the store of a command line.
	Open func(ctx context.Context, w Where) (*Backend, error)
	// Install installs all of the files or none. The id identifies the files of a
	// command after a crash.
	Install func(ctx context.Context, id string, files []File) error
}

// Where identifies the store of a command line and its config.
type Where struct{ Table, Key string }

// File is a file to install.
type File struct {
	Path         string // from the working directory
	Data         []byte
	Mode         *fs.FileMode // nil: an existing file's, else 0600
	Owner, Group string       // empty: an existing file's
}

// Backend is an opened store.
type Backend struct {
	*store.Store
	// Create creates the table, if it does not exist.
	Create func(ctx context.Context) (created bool, err error)
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is an error in the arguments.
type usageError struct {
	command *command // nil: of the program itself
	what    string
}

func (e *usageError) Error() string { return e.what }

// Run runs a command line, without the name of the program, and returns the exit code.
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
	if err := s.loadSettings(global); err != nil {
		return err
	}
	if len(rest) == 0 {
		return &usageError{nil, "Missing command."}
	}
	c := find(rest[0])
	if c == nil {
		return &usageError{nil, "No such command '" + compat.Word(rest[0]) + "'."}
	}
	if s.call, err = c.parse(rest[1:]); err != nil {
		return err
	}
	return c.run(s, ctx)
}

// helpOnError is the error for a missing command, after the help was printed.
type helpOnError struct{}

func (*helpOnError) Error() string { return "no command" }

// session is the state of one running command.
type session struct {
	*CommandLine
	settings
	call    *call
	backend *Backend
}

// store opens the store when a command first needs it. With --secrets-file none does.
func (s *session) store(ctx context.Context) (*Backend, error) {
	if s.backend != nil {
		return s.backend, nil
	}
	var err error
	s.backend, err = s.Open(ctx, s.where)
	return s.backend, err
}

// The log levels, with Python's numbers.
const (
	levelInfo    = 20
	levelWarning = 30
)

// log writes a line in the format of credsmash's log.
func (s *session) log(level int, logger, format string, args ...any) {
	if level < s.logLevel {
		return
	}
	name := map[int]string{levelInfo: "INFO", levelWarning: "WARNING"}[level]
	_, _ = fmt.Fprintf(s.Stderr, "%s credsmash.%s [%s] %s\n", compat.LogTime(s.Now()), logger, name, fmt.Sprintf(format, args...))
}

// secretError is an error about one secret.
type secretError struct {
	name    string
	version string
	err     error
}

func (e *secretError) Error() string {
	version := e.version
	if version == "" {
		version = "None"
	}
	switch {
	case errors.Is(e.err, source.ErrNotFound):
		return fmt.Sprintf("Item {'name': '%s', 'version': %s} couldn't be found.", compat.Word(e.name), version)
	case errors.Is(e.err, source.ErrWrongContext):
		return compat.Word(e.name) + ": " + compat.WrongContext
	case errors.Is(e.err, source.ErrIntegrity):
		return fmt.Sprintf("%s: INTEGRITY ERROR: %v", compat.Word(e.name), e.err)
	}
	return source.Show(e.name) + ": " + words(e.err)
}

func (e *secretError) Unwrap() error { return e.err }

// words formats an error of AWS as botocore does, because scripts search for the codes.
func words(err error) string {
	if _, placed := errors.AsType[*secretError](err); placed {
		return err.Error()
	}
	text, _ := compat.ErrorText(err)
	return text
}
