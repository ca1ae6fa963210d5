// Package edit lets a user change a value in an editor.
//
// The value is in a file of mode 0600 in a directory of mode 0700, in memory (tmpfs) if
// the machine has such a file system, see [NewWorkspace]. The directory is removed when
// the workspace is closed. A run that is killed leaves it behind, so each new workspace
// first removes what dead runs of this user left.
//
// Vim and Neovim are told to keep no swap, undo, backup and history files, which they
// would write to other directories. Other editors do what their settings say.
package edit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// Editor is a command that edits one file.
type Editor struct {
	// Command is run by /bin/sh with the name of the file as its last argument.
	Command string
	Env     []string
	Dir     string // working directory
	// Streams of the editor. Nil is /dev/null.
	Stdin, Stdout, Stderr *os.File
}

// killAfter is how long an editor may take to end after SIGTERM.
const killAfter = 5 * time.Second

// Run runs the editor on a file. If ctx ends, the editor is terminated.
func (e Editor) Run(ctx context.Context, path string) error {
	args := append([]string{"-c", e.Command + ` "$@"`, "editor"}, e.quiet(ctx)...)
	cmd := exec.CommandContext(ctx, "/bin/sh", append(args, path)...)
	cmd.Env, cmd.Dir = e.Env, e.Dir
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = killAfter
	if e.Stdin != nil {
		cmd.Stdin = e.Stdin
		if state, err := term.GetState(int(e.Stdin.Fd())); err == nil {
			defer func() { _ = term.Restore(int(e.Stdin.Fd()), state) }()
		}
	}
	if e.Stdout != nil {
		cmd.Stdout = e.Stdout
	}
	if e.Stderr != nil {
		cmd.Stderr = e.Stderr
	}
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("the editor failed: %w", err)
	}
	return nil
}

// Edited returns what the user made of before. Many editors end a file with a newline
// whatever it held, so if before did not end in one, one newline is removed from after.
func Edited(before, after []byte) []byte {
	if bytes.HasSuffix(before, []byte("\n")) {
		return after
	}
	if bytes.Contains(before, []byte("\r\n")) {
		if line, ok := bytes.CutSuffix(after, []byte("\r\n")); ok {
			return line
		}
	}
	return bytes.TrimSuffix(after, []byte("\n"))
}

// versionTimeout is how long a program named vi may take to state its version.
const versionTimeout = 2 * time.Second

// leaveNothing keeps vim from writing the text to any other file, and from obeying
// commands in it (modelines).
const leaveNothing = "set noswapfile noundofile nobackup nowritebackup nomodeline"

// quiet returns the arguments that keep vim from writing beside the file. The settings
// are made whenever a file is read or written, so neither the user's configuration nor
// the order of commands in the editor's own command line comes after them.
func (e Editor) quiet(ctx context.Context) []string {
	words := strings.Fields(e.Command)
	if len(words) == 0 || !e.isVim(ctx, words[0]) {
		return nil
	}
	return []string{
		"-n", "-i", "NONE",
		"--cmd", "augroup credrender", "--cmd", "autocmd BufReadPre,BufNewFile,BufWritePre * " + leaveNothing, "--cmd", "augroup END",
		"-c", leaveNothing,
	}
}

// isVim reports whether a program is vim or Neovim, by the name of the file that links
// lead to. A file named vi may be another editor, which would refuse vim's arguments, so
// it is asked for its version.
func (e Editor) isVim(ctx context.Context, program string) bool {
	path := e.lookPath(program)
	if path == "" {
		return false
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	base := filepath.Base(path)
	switch {
	case strings.HasPrefix(strings.TrimLeft(base, "gmnr"), "vim"): // gvim, mvim, nvim, rvim, vim.basic
		return true
	case base != "vi" && base != "view" && base != "ex":
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.Env, cmd.WaitDelay = e.Env, versionTimeout
	out, err := cmd.Output()
	return err == nil && bytes.Contains(out, []byte("VIM"))
}

// lookPath finds a program in the PATH of the editor.
func (e Editor) lookPath(program string) string {
	if strings.Contains(program, "/") {
		if !filepath.IsAbs(program) {
			program = filepath.Join(e.Dir, program)
		}
		return program
	}
	for _, kv := range e.Env {
		list, ok := strings.CutPrefix(kv, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil && dir != "" {
				return path
			}
		}
	}
	return ""
}
