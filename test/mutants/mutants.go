// Command mutants puts known bugs back, one at a time, into a copy of the tree, and runs the
// tests that must fail:
//
//	go run ./test/mutants chaos             # every file of testdata/chaos
//	go run ./test/mutants chaos integrity   # those whose name contains integrity
//
// A test that passes with the bug shows nothing. The program prints a line for each bug, and
// exits with 1 if a bug goes unnoticed.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// A mutant is a bug: in File, Old was once New. Each line of Test is an argument of
// go test, or NAME=VALUE for its environment.
type mutant struct {
	name, why, file string
	test            []string
	old, new        string
}

// load reads the mutants of a set, in the order of their names.
func load(root, set string) ([]mutant, error) {
	paths, err := filepath.Glob(filepath.Join(root, "test/mutants/testdata", set, "*.txtar"))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("no bugs in the set %q", set)
	}
	var all []mutant
	for _, path := range paths {
		a, e := txtar.ParseFile(path)
		if e != nil {
			return nil, e
		}
		m, e := parse(strings.TrimSuffix(filepath.Base(path), ".txtar"), a)
		err = errors.Join(err, e)
		all = append(all, m)
	}
	return all, err
}

func parse(name string, a *txtar.Archive) (mutant, error) {
	m := mutant{name: name}
	for line := range strings.Lines(string(a.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "why":
			m.why = value
		case "file":
			m.file = value
		case "test":
			m.test = append(m.test, value)
		case "":
		default:
			return m, fmt.Errorf("%s: unknown key %q", name, key)
		}
	}
	for _, f := range a.Files {
		text := strings.TrimSuffix(string(f.Data), "\n")
		switch f.Name {
		case "old":
			m.old = text
		case "new":
			m.new = text
		}
	}
	if m.why == "" || m.file == "" || m.test == nil || m.old == "" {
		return m, fmt.Errorf("%s: why, file, test and old are required", name)
	}
	return m, nil
}

// apply returns the text of a file with the bug in it.
func (m mutant) apply(text string) (string, error) {
	if n := strings.Count(text, m.old); n != 1 {
		return "", fmt.Errorf("%s: the text is %d times in %s, want once", m.name, n, m.file)
	}
	return strings.Replace(text, m.old, m.new, 1), nil
}

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("no set of mutants: pass SET, then any NAMEs")
	}
	all, err := load(".", args[0])
	if err != nil {
		return err
	}
	dir, err := copyTree(ctx)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	missed, tried := 0, 0
	for _, m := range all {
		if !chosen(m.name, args[1:]) {
			continue
		}
		began := time.Now()
		noticed, output, err := m.try(ctx, dir)
		if err != nil {
			return err
		}
		tried++
		verdict := "noticed"
		if !noticed {
			missed++
			verdict = "NOT NOTICED"
		}
		fmt.Printf("%-12s %-34s %5.0fs  %s\n", verdict, m.name, time.Since(began).Seconds(), m.why)
		if os.Getenv("MUTANTS_VERBOSE") != "" || !noticed {
			fmt.Println(output)
		}
	}
	fmt.Printf("mutants: %d bugs put back, %d noticed\n", tried, tried-missed)
	if missed > 0 || tried == 0 {
		return fmt.Errorf("%d of %d bugs not noticed", missed, tried)
	}
	return nil
}

func chosen(name string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(name, p) {
			return true
		}
	}
	return len(parts) == 0
}

// copyTree copies what git knows, so that no failure touches the tree itself.
func copyTree(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return "", err
	}
	list, err := exec.CommandContext(ctx, "git", "ls-files", "-z", "-co", "--exclude-standard").Output()
	for _, name := range strings.Split(strings.Trim(string(list), "\x00"), "\x00") {
		if err != nil {
			break
		}
		var data []byte
		if data, err = os.ReadFile(name); errors.Is(err, os.ErrNotExist) {
			err = nil // deleted, and not committed
			continue
		}
		to := filepath.Join(dir, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755))
		if err == nil {
			err = os.WriteFile(to, data, 0o644)
		}
	}
	return dir, err
}

// try runs the test with the bug in, and takes the bug out again. A bug that does not
// apply or build shows nothing, and counts as not noticed.
func (m mutant) try(ctx context.Context, dir string) (noticed bool, output string, err error) {
	path := filepath.Join(dir, m.file)
	before, err := os.ReadFile(path)
	if err != nil {
		return false, "", err
	}
	after, err := m.apply(string(before))
	if err != nil {
		return false, "it does not apply: " + err.Error(), nil // the rest of the set is still worth a run
	}
	if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
		return false, "", err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, before, 0o644)) }()
	env, args := os.Environ(), []string{"test", "-count=1"}
	for _, word := range m.test {
		if name, _, ok := strings.Cut(word, "="); ok && !strings.HasPrefix(word, "-") && name == strings.ToUpper(name) {
			env = append(env, word)
			continue
		}
		args = append(args, word)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		return false, "", err
	} else if ok && (exit.ExitCode() > 1 || bytes.Contains(out.Bytes(), []byte("[build failed]"))) {
		return false, "it does not build:\n" + out.String(), nil
	}
	return err != nil, out.String(), nil
}
