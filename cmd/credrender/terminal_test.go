package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// No command passes on what a terminal obeys, or what a reader takes for a line of
// credrender's own: each runs over a store, a config, files and answers in which every
// name, context, version, comment and message is hostileText. terminal_world_test.go
// plants them, terminal_lines_test.go has the command lines. Values are harmless: get
// prints them as they are. With TERMINAL_ALL=1 (make canary) all lines run, otherwise one
// in 97 of those with hostile flags and arguments, and a quarter of the lines that meet a
// fault.
func TestNothingActsOnATerminal(t *testing.T) {
	t.Parallel()
	lines, all := hostileLines(), os.Getenv("TERMINAL_ALL") != ""
	a := newApp(nil, nil, nil)
	a.globals = newGlobals()
	root := newRoot(a)
	for _, name := range commandPaths(root) {
		if len(lines[name]) == 0 {
			t.Errorf("%s: no command line of it in hostileLines", name)
		}
		lines[name] = append(lines[name], hostileWords(find(t, root, name))...)
	}
	for i, f := range hostileFaults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			world := newHostileWorld(t, f)
			if !all && f.share > 0 {
				f.share *= 4
			}
			n := i
			for _, name := range slices.Sorted(maps.Keys(lines)) {
				for _, line := range lines[name] {
					n++
					if line.generic && (!f.generic || !all && n%97 != 0) || f.share > 1 && n%f.share != 0 {
						continue
					}
					world.check(t, line, []string{"text", "json"}[n%2])
				}
			}
			world.checkFiles(t)
		})
	}
}

func find(t *testing.T, root *cobra.Command, path string) *cobra.Command {
	t.Helper()
	c, _, err := root.Find(strings.Fields(path))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// hostileWords are lines of a command with each of its flags, and its arguments, hostile.
func hostileWords(c *cobra.Command) (lines []hostileLine) {
	path := strings.Fields(strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" "))
	add := func(words ...string) {
		lines = append(lines, hostileLine{args: append(slices.Clone(path), words...), generic: true, stop: path[0] == "daemon"})
	}
	for _, h := range []string{hostileText, hostileBytes} {
		add(h)
		add(h, h)
		add(h, h+"="+h)
		for _, prefix := range []string{"ssm:/", "ssm:", "sm:", "s3://", "s3://b/", "payments:", "n?", "sm:x#", "x:"} {
			add(prefix + h)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			add("--" + f.Name + "=" + h)
			add("--"+f.Name+"="+h, "x", "y")
		})
		c.InheritedFlags().VisitAll(func(f *pflag.Flag) { add("--"+f.Name+"="+h, "x") })
	}
	return lines
}

// check runs one line and looks at what it prints.
func (w *hostileWorld) check(t *testing.T, line hostileLine, format string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	program := line.link
	if program == "" {
		program = "credrender"
	}
	cmd := exec.CommandContext(ctx, program, line.args...)
	cmd.Dir, cmd.Env = w.dir, append(slices.Clone(w.env), "CREDRENDER_LOG_FORMAT="+format)
	cmd.Env = append(cmd.Env, line.env...)
	cmd.Stdin = strings.NewReader(line.stdin)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Start()
	if err == nil {
		if line.stop { // a daemon is told to, after its first run
			ended := time.AfterFunc(600*time.Millisecond, func() { _ = cmd.Process.Signal(os.Interrupt) })
			defer ended.Stop()
		}
		err = cmd.Wait()
	}
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("%q: %v", line.args, err)
	}
	if ctx.Err() != nil {
		t.Errorf("%q did not end:\n%q", line.args, stderr.String())
	}
	words := strings.Join(append(line.env, line.args...), " ")
	own := strings.Contains(words, hostileText) // whose words are the user's own
	look(t, fmt.Sprintf("standard error of %s %q %q", program, line.args, line.env), stderr.Bytes(), !own)
	printed := stdout.Bytes()
	if slices.Contains(line.args, "always") { // with the colors that it asks for
		printed = regexp.MustCompile(`\x1b\[(1|31|32|36)?m`).ReplaceAll(printed, nil)
	}
	if !line.raw {
		look(t, fmt.Sprintf("standard output of %s %q %q", program, line.args, line.env), printed, !own)
	}
	w.printed += stdout.String() + stderr.String()
}

// look fails the test where data holds what a terminal obeys, or where lines matter, one
// that somebody else forged.
func look(t *testing.T, where string, data []byte, lines bool) {
	t.Helper()
	if fault := obeyed(data); fault != "" {
		t.Errorf("%s holds %s:\n%q", where, fault, data)
	}
	if lines && forged().Match(data) {
		t.Errorf("%s holds a forged line:\n%q", where, data)
	}
}

// forged matches a line of hostileText, as message or as it is.
func forged() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^(credrender: )?(error: |warning: |Error: )?` + hostileLineStart)
}

// obeyed returns what a terminal would obey in data, or "".
func obeyed(data []byte) string {
	for rest := data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			return fmt.Sprintf("the byte %#x, which is not UTF-8", rest[0])
		case r == '\n' || r == '\t':
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return fmt.Sprintf("%U", r)
		}
		rest = rest[size:]
	}
	return ""
}

// checkFiles looks at the files that people and programs read: metrics, reports, pages.
func (w *hostileWorld) checkFiles(t *testing.T) {
	t.Helper()
	seen := 0
	for _, pattern := range []string{"metrics/*", "*.html", "*.xml", "*.log"} {
		files, err := filepath.Glob(filepath.Join(w.dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			data, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			seen++
			look(t, path, data, !strings.HasSuffix(path, ".html")) // whose lines mean nothing
		}
	}
	if w.fault.generic && seen < 3 {
		t.Errorf("%d files were left, want metrics, a page and a report", seen)
	}
	if !strings.Contains(w.printed, `\x1b`) && !strings.Contains(w.printed, `\u001b`) {
		t.Error("no hostile text was shown at all: the test proves nothing")
	}
}

// On a terminal, get refuses a value that the terminal would obey, and the lists of the
// compatibility command lines show names written out. Elsewhere bytes stay as they are.
func TestValuesOnATerminal(t *testing.T) {
	dir := t.TempDir()
	run := func(terminal bool, args ...string) (code int, stdout, stderr string) {
		var out, errs bytes.Buffer
		a := newApp(strings.NewReader(""), &out, &errs)
		a.environ = append(a.environ, "CREDRENDER_STORE=local:"+dir+"/store.db", "CREDRENDER_LOCAL_KEY="+dir+"/key", "HOME="+dir)
		a.terminal = func(stream any) bool { return terminal && stream == a.stdout }
		return a.main(t.Context(), args), out.String(), errs.String()
	}
	for _, args := range [][]string{{"setup"}, {"put", "obeyed", "a\x1b]52;c;QUJD\x07b"}, {"put", "latin", "a\x9bb"}, {"put", "text", "one\ttwo\r\n\u202ethree\u200d"}, {"put", "plain", "p"}} {
		if code, _, stderr := run(false, args...); code != exitOK {
			t.Fatalf("%q: %d %s", args, code, stderr)
		}
	}
	for _, tc := range []struct {
		name, want string
		code       int
	}{{"obeyed", "", exitFailed}, {"latin", "", exitFailed}, {"text", "one\ttwo\r\n\u202ethree\u200d\n", exitOK}, {"plain", "p\n", exitOK}} {
		code, stdout, stderr := run(true, "get", tc.name)
		if code != tc.code || stdout != tc.want || (code != exitOK) != strings.Contains(stderr, "a terminal obeys") {
			t.Errorf("get %s on a terminal: %d, %q, %s", tc.name, code, stdout, stderr)
		}
	}
	if code, _, stderr := run(false, "delete", "--yes", "latin"); code != exitOK { // binary does not fit dotenv
		t.Fatal(stderr)
	}
	export := []string{"export", "--plaintext", "-o", "dotenv", "--env-names"}
	if code, stdout, stderr := run(true, export...); code != exitFailed || stdout != "" || !strings.Contains(stderr, "a terminal obeys") {
		t.Errorf("export to a terminal: %d, %q, %s", code, stdout, stderr)
	}
	if code, stdout, stderr := run(true, append(export, "plain")...); code != exitOK || stdout != "PLAIN=p\n" {
		t.Errorf("export of a harmless value to a terminal: %d, %q, %s", code, stdout, stderr)
	}
	if code, stdout, _ := run(false, export...); code != exitOK || !strings.Contains(stdout, "\x1b") {
		t.Errorf("export into a pipe: %d, %q", code, stdout)
	}
	if code, stdout, _ := run(false, "get", "obeyed"); code != exitOK || stdout != "a\x1b]52;c;QUJD\x07b" {
		t.Errorf("get into a pipe: %d, %q", code, stdout)
	}
}
