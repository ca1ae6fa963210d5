package edit

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

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
