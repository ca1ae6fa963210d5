package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tool is a program that renders files and runs hooks.
type tool interface {
	name() string
	version(ctx context.Context, bin string) (string, error)
	// configure writes the program's configuration for s into dir and returns
	// the arguments of one run.
	configure(dir string, s setup) (args []string, err error)
	// can reports whether the program has what s asks for.
	can(s setup) bool
}

// setup is what a scenario wants rendered: files whose text is the value of
// the run, a newline at its end.
type setup struct {
	files   []file
	check   string // of each file; {{.src}} is the staged one
	verify  string // of all, in place
	hook    command
	timeout time.Duration // of the hook
}

type file struct {
	dest string
	mode string // octal; empty: not stated
	// fails: the template cannot be executed where the value is "bad".
	fails bool
}

// command is a line for the shell, or a list that is executed without one.
type command struct {
	shell string
	args  []string
}

func (c command) isZero() bool { return c.shell == "" && len(c.args) == 0 }

// stage is where a scenario is played. The first error of its own stops it
// from doing more; what the program does is never an error.
type stage struct {
	ctx  context.Context
	tool tool
	bin  string
	dir  string
	args []string
	err  error
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stage) note(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *stage) configure(c setup) {
	args, err := s.tool.configure(s.dir, c)
	s.note(err)
	s.args = args
}

func (s *stage) write(name, text string) {
	s.note(os.WriteFile(s.path(name), []byte(text), 0o600))
}

func (s *stage) mkdir(name string, mode os.FileMode) {
	s.note(os.Mkdir(s.path(name), mode))
	s.note(os.Chmod(s.path(name), mode))
}

// read returns a file's text without its last newline, "(none)" where it is
// not there.
func (s *stage) read(name string) string {
	text, err := os.ReadFile(s.path(name))
	if err != nil {
		return "(none)"
	}
	return strings.TrimSuffix(string(text), "\n")
}

// told is how often the hook has written a line to its log.
func (s *stage) told() int {
	text, _ := os.ReadFile(s.path("log"))
	return bytes.Count(text, []byte("\n"))
}

// result is one run of the program.
type result struct {
	code   int // -1: killed
	output string
}

func (r result) String() string {
	if r.code < 0 {
		return "killed"
	}
	return "exit " + strconv.Itoa(r.code)
}

// valuesFile has the value of a run for programs that read it from a file.
const valuesFile = "values.yaml"

// tooLong ends a program that does not end by itself.
const tooLong = time.Minute

// render runs the program once over value.
func (s *stage) render(value string) result {
	s.note(writeJSON(s.path(valuesFile), map[string]any{"secret": map[string]string{"value": value}}))
	if s.err != nil {
		return result{}
	}
	ctx, cancel := context.WithTimeout(s.ctx, tooLong)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bin, s.args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "VALUE=" + value, "RUNTIME_DIRECTORY=" + s.path(".run"), "AWS_EC2_METADATA_DISABLED=true"}
	out, err := os.CreateTemp(s.dir, ".output-") // no pipe: a child could hold it open
	if err != nil {
		s.note(err)
		return result{}
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	var r result
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		r.code = exit.ExitCode()
	} else if err != nil {
		s.note(fmt.Errorf("start %s: %w", s.bin, err))
	}
	text, err := os.ReadFile(out.Name())
	s.note(err)
	r.output = string(text)
	return r
}

// firstLine runs a program for its version.
func firstLine(ctx context.Context, bin string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, bin, args...).CombinedOutput()
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line), err
}
