package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/input"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/document"
	"github.com/credrender/credrender/pkg/template/mask"
)

// The names of standard input as a template and of standard output as a destination.
const (
	stdinName  = "-"
	stdoutName = "-"
)

// readNamed reads a file given by a flag or an argument, with a warning if it is not
// trusted, because the user chose it.
func (a *app) readNamed(path string) ([]byte, error) {
	path = a.abs(path)
	data, doubt, err := a.readDoubted(path)
	if doubt != nil {
		a.log.Warn(doubt.Error())
	}
	return data, fileError(nameFile(path, err))
}

// readDoubted reads a file, trusted or not. doubt tells why it is not.
func (a *app) readDoubted(path string) (data []byte, doubt, err error) {
	if a.trust == nil { // the command has no config, or is one of another program
		data, err = a.input.ReadFile(path)
		return data, nil, err
	}
	return a.trust.ReadNamed(path)
}

// readForPeer reads a file of a compatibility command line. Root is warned of one that others
// can write, whose name may be a value and is not shown.
func (a *app) readForPeer(program, path string) ([]byte, error) {
	trust := config.Trust{EUID: a.euid, Read: a.input.ReadFile}
	if a.euid != 0 || !filepath.IsAbs(path) {
		return trust.Read(path)
	}
	data, doubt, err := trust.ReadNamed(path)
	if doubt != nil {
		_, _ = fmt.Fprintf(a.stderr, "%s: warning: a file that this command reads is not trusted: others can write it or a directory above it\n", program)
	}
	return data, err
}

// warnSharedConfig warns root of AWS's own files if others can write them: they name programs
// that run for credentials, and the servers that requests go to.
func (a *app) warnSharedConfig(trust config.Trust) {
	if a.euid != 0 {
		return
	}
	for name, usual := range map[string]string{"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"} {
		path, ok := a.lookupEnv(name)
		if !ok || path == "" {
			path = filepath.Join(a.home(), ".aws", usual)
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || !filepath.IsAbs(path) {
			continue // such as /dev/null; a ~ the SDK's own reading explains
		}
		if _, doubt, _ := trust.ReadNamed(path); doubt != nil {
			a.log.Warn(doubt.Error(), "variable", name)
		}
	}
}

// readValue reads a file whose name may be a value, and is not shown.
func (a *app) readValue(what, path string) ([]byte, error) {
	data, doubt, err := a.readDoubted(a.abs(path))
	if doubt != nil {
		a.log.Warn(what + " is not trusted: others can write it or a directory above it")
	}
	return data, err
}

// readStdin reads standard input to its end. It may be empty.
func (a *app) readStdin() ([]byte, error) {
	data, err := a.input.ReadAll(a.stdin, true)
	return data, fileError(nameFile("standard input", err))
}

// readInput reads standard input, which must not be empty.
func (a *app) readInput(what string) ([]byte, error) {
	data, err := a.input.ReadAll(a.stdin, true)
	return refuseEmpty(what, data, err)
}

// refuseEmpty refuses empty standard input, which usually means that the command before
// the pipe failed.
func refuseEmpty(what string, data []byte, err error) ([]byte, error) {
	if err == nil && len(data) == 0 {
		return nil, usagef("%s: standard input is empty: was there an error before the pipe?", what)
	}
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", nameFile("standard input", err))
	}
	return data, nil
}

// text is the result of reading a file.
type text struct {
	data []byte
	err  error
}

// readPipes reads pipes and standard input before a render takes its lock: they may
// block, and can be read only once. --wait reuses the content.
func (a *app) readPipes(cfg *config.Config, jobs []job.Job, named map[string]bool) {
	for i := range jobs {
		paths := slices.Clone(jobs[i].Partials)
		for _, f := range jobs[i].Files {
			paths = append(paths, f.Src)
		}
		for _, path := range paths {
			info, err := os.Stat(path)
			_, read := a.piped[path]
			if path != stdinName && (err != nil || read || info.Mode().IsRegular() || info.IsDir()) || read {
				continue
			}
			data, err := a.readFile(cfg, &jobs[i], path, named)
			a.piped[path] = text{data, err}
		}
	}
}

// nameFile adds the name of a file to errors of package input.
func nameFile(path string, err error) error {
	switch {
	case errors.Is(err, input.ErrTooLarge):
		return usagef("%s: %w", path, err)
	case errors.Is(err, input.ErrSilent):
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// readFile reads a file of a job if it is trusted. An untrusted file given on the command
// line is read with a warning, because the user chose it.
func (a *app) readFile(cfg *config.Config, j *job.Job, path string, named map[string]bool) ([]byte, error) {
	if t, ok := a.piped[path]; ok {
		return t.data, t.err
	}
	if path == stdinName {
		return a.readPiped()
	}
	trust := cfg.Trust
	trust.Owners = append(append([]int{}, trust.Owners...), j.Owners...)
	if !named[path] {
		data, err := trust.ReadFile(path)
		return data, fileError(nameFile(path, err))
	}
	data, doubt, err := trust.ReadNamed(path)
	if doubt != nil {
		a.log.Warn(doubt.Error())
	}
	return data, fileError(nameFile(path, err))
}

// tree returns the files below a folder of a job, if it is trusted.
func (a *app) tree(cfg *config.Config, j *job.Job, dir string) ([]string, error) {
	trust := cfg.Trust
	trust.Owners = append(append([]int{}, trust.Owners...), j.Owners...)
	return trust.Tree(dir)
}

// readPiped returns standard input as a template. It keeps the content for other jobs
// with the same template, and for --wait.
func (a *app) readPiped() ([]byte, error) {
	if t, ok := a.piped[stdinName]; ok {
		return t.data, t.err
	}
	data, err := a.input.ReadAll(a.stdin, a.atTerminal(a.stdin))
	data, err = refuseEmpty("a template", data, err) // an empty template would replace a good file
	a.piped[stdinName] = text{data, err}
	return data, err
}

// fileError turns an error about a file of the config or the command line into a usage
// error.
func fileError(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return &usageError{fmt.Errorf("%s: %w", mask.Visible(pe.Path), pe.Err)}
	}
	return err
}

// readVars parses the file of --vars. An empty file has no variables.
func readVars(path string, data []byte) (map[string]any, error) {
	v, err := document.YAML(string(data))
	if errors.Is(err, document.ErrEmpty) {
		return map[string]any{}, nil
	}
	if err != nil {
		return nil, usagef("--vars: %s: %w", source.Show(path), err)
	}
	vars, ok := v.(map[string]any)
	if !ok {
		return nil, usagef("--vars: %s is not a YAML mapping", source.Show(path))
	}
	return vars, nil
}

// A program that is started with a closed standard input (`put NAME - <&-`) never
// notices: before main, Go's runtime opens /dev/null in its place, for reading and
// writing. The command would then store an empty value. Shells and systemd open the
// device for reading only. A closed standard output is not detected in the same way,
// because Python's DEVNULL and Node's "ignore", which cannot be told from it, are usual
// ways to discard output.

// closedStream fails on each use.
type closedStream struct{}

func (closedStream) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: "standard input", Err: syscall.EBADF}
}

// openInput returns standard input, or a reader that fails if it is closed.
func openInput(stdin io.Reader) io.Reader {
	if f, ok := stdin.(*os.File); ok && isClosed(f) {
		return closedStream{}
	}
	return stdin
}

func isClosed(f *os.File) bool {
	fd := int(f.Fd())
	if fd > 2 || !isNull(fd) {
		return false
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR
}

// isNull reports whether a descriptor is /dev/null, by whatever path.
func isNull(fd int) bool {
	var is, null unix.Stat_t
	return unix.Fstat(fd, &is) == nil && unix.Stat(os.DevNull, &null) == nil && is.Mode&unix.S_IFMT == unix.S_IFCHR && is.Rdev == null.Rdev
}
