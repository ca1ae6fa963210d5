package hook_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

func shell(s string) job.Command        { return job.Command{Shell: s} }
func list(args ...string) job.Command   { return job.Command{Args: args} }
func spec(c job.Command) hook.Spec      { return hook.Spec{Command: c, Env: environ()} }
func environ() []string                 { return hook.Environ("/", nil, "web", nil) }
func marker(t *testing.T) (path string) { return filepath.Join(t.TempDir(), "marker") }

func TestRunOutput(t *testing.T) {
	dir := t.TempDir()
	tests := map[string]struct {
		spec hook.Spec
		want string
	}{
		"list without a shell": {spec: spec(list("echo", "$HOME;", "a b")), want: "$HOME; a b\n"},
		"string by a shell":    {spec: spec(shell(`echo "$HOME" | tr / x`)), want: "x\n"},
		"both streams":         {spec: spec(shell("echo a; echo b >&2; echo c")), want: "a\nb\nc\n"},
		"standard input":       {spec: spec(list("cat")), want: ""},
		"directory":            {spec: hook.Spec{Command: list("pwd"), Env: environ(), Dir: dir}, want: dir + "\n"},
		"no directory":         {spec: spec(list("pwd")), want: "/\n"},
		"environment": {
			spec: spec(list("env")),
			want: "CREDRENDER_JOB=web\nHOME=/\nPATH=" + hook.SystemPath + "\n",
		},
		"no environment": {spec: hook.Spec{Command: list("/usr/bin/env")}, want: ""},
		"within the time": {
			spec: hook.Spec{Command: shell("echo in time"), Env: environ(), Timeout: time.Minute},
			want: "in time\n",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := hook.Run(t.Context(), tc.spec)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Output); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunFailures(t *testing.T) {
	tests := map[string]struct {
		command job.Command
		want    hook.ExitError
		message string
	}{
		"exit status": {
			command: shell("echo why >&2; exit 7"),
			want:    hook.ExitError{Code: 7, Output: "why\n"},
			message: "exit status 7",
		},
		"signal": {
			command: shell("kill -9 $$"),
			want:    hook.ExitError{Code: -1, Signal: syscall.SIGKILL},
			message: "ended by signal 9 (killed)",
		},
		"a program that exits 127 by itself": {
			command: list("sh", "-c", "exit 127"),
			want:    hook.ExitError{Code: 127},
			message: "exit status 127",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := hook.Run(t.Context(), spec(tc.command))
			var exit *hook.ExitError
			if !errors.As(err, &exit) || errors.Is(err, hook.ErrStart) {
				t.Fatalf("got %v, want an ExitError that is no ErrStart", err)
			}
			got := hook.ExitError{Code: exit.Code, Signal: exit.Signal, TimedOut: exit.TimedOut, Output: exit.Output}
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if err.Error() != tc.message {
				t.Errorf("message %q, want %q", err, tc.message)
			}
		})
	}
}

func TestRunCannotStart(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		spec hook.Spec
		want string
	}{
		"nothing":             {spec: spec(job.Command{}), want: "empty command"},
		"empty name":          {spec: spec(list("")), want: "empty command"},
		"not in PATH":         {spec: spec(list("no-such-tool")), want: "no-such-tool: not found in PATH"},
		"no PATH":             {spec: hook.Spec{Command: list("true")}, want: "true: not found in PATH"},
		"not executable":      {spec: hook.Spec{Command: list("script"), Env: []string{"PATH=" + dir}}, want: script + ": permission denied"},
		"path not executable": {spec: spec(list(script)), want: "permission denied"},
		"path not there":      {spec: spec(list("/no/such")), want: "no such file"},
		"no such directory":   {spec: hook.Spec{Command: list("true"), Env: environ(), Dir: "/no/such"}, want: "no such file"},
		"not found by sh":     {spec: spec(shell("no-such-tool --x")), want: "exit status 127"},
		"refused by sh":       {spec: spec(shell(script)), want: "exit status 126"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := hook.Run(t.Context(), tc.spec)
			if !errors.Is(err, hook.ErrStart) || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want ErrStart with %q", err, tc.want)
			}
			var exit *hook.ExitError
			if tc.spec.Command.Shell != "" && (!errors.As(err, &exit) || exit.Output == "") {
				t.Errorf("%v does not carry what the shell said", err)
			}
		})
	}
}

// Whoever can write the working directory must not decide what runs.
func TestRunIgnoresRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tool", []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := hook.Run(t.Context(), hook.Spec{Command: list("tool"), Env: []string{"PATH=.:"}, Dir: "."})
	if !errors.Is(err, hook.ErrStart) {
		t.Errorf("got %v, want ErrStart", err)
	}
}

// The list form matters: consul-template kills the group for strings only.
func TestTimeoutEndsGrandchildren(t *testing.T) {
	file := marker(t)
	script := `trap "" TERM; sh -c 'trap "" TERM; echo $$ >"$0"; exec sleep 600' "$0" & wait`
	s := spec(list("sh", "-c", script, file))
	s.Timeout, s.KillAfter = 300*time.Millisecond, 100*time.Millisecond
	_, err := hook.Run(t.Context(), s)
	var exit *hook.ExitError
	if !errors.As(err, &exit) || !exit.TimedOut || exit.Signal != syscall.SIGKILL || err.Error() != "timed out" {
		t.Fatalf("got %v (%+v), want a time-out that ended in SIGKILL", err, exit)
	}
	waitGone(t, readPID(t, file))
}

// A grandchild that has its output elsewhere cannot be waited for, but is
// ended too.
func TestTimeoutEndsSilentGrandchildren(t *testing.T) {
	file := marker(t)
	s := spec(shell(`(trap "" TERM; exec sleep 600) >/dev/null 2>&1 & echo $! >` + file + `; wait`))
	s.Timeout, s.KillAfter = 300*time.Millisecond, time.Minute
	if _, err := hook.Run(t.Context(), s); err == nil {
		t.Fatal("no error")
	}
	waitGone(t, readPID(t, file))
}

// dash ends at SIGTERM while its child still cleans up.
func TestTimeoutLeavesGraceToTheGroup(t *testing.T) {
	file := marker(t)
	s := spec(shell(`sh -c 'trap "sleep 0.3; echo clean >` + file + `; exit" TERM; echo ready; while :; do sleep 0.05; done'; true`))
	s.Timeout, s.KillAfter = 500*time.Millisecond, time.Minute
	_, err := hook.Run(t.Context(), s)
	var exit *hook.ExitError
	if !errors.As(err, &exit) || !strings.HasPrefix(exit.Output, "ready\n") {
		t.Fatalf("got %v (%q), want a time-out after the child was ready", err, exit.Output)
	}
	if b, err := os.ReadFile(file); string(b) != "clean\n" {
		t.Errorf("the child was not left to clean up: %q, %v", b, err)
	}
}

func TestTimeoutOfCommandThatThenSucceeds(t *testing.T) {
	s := spec(shell(`trap "exit 0" TERM; while :; do sleep 0.05; done`))
	s.Timeout = 200 * time.Millisecond
	_, err := hook.Run(t.Context(), s)
	var exit *hook.ExitError
	if !errors.As(err, &exit) || !exit.TimedOut || exit.Code != 0 {
		t.Fatalf("got %v, want a time-out with exit status 0", err)
	}
}

func TestContext(t *testing.T) {
	t.Run("ends a command", func(t *testing.T) {
		file := marker(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("told to stop")
		go func() {
			for !exists(file) {
				time.Sleep(5 * time.Millisecond)
			}
			cancel(why)
		}()
		_, err := hook.Run(ctx, spec(shell("echo x >"+file+"; sleep 600")))
		var exit *hook.ExitError
		if !errors.As(err, &exit) || exit.TimedOut || !errors.Is(err, why) || err.Error() != "stopped: told to stop" {
			t.Fatalf("got %v, want an ExitError caused by %v", err, why)
		}
	})
	t.Run("that has ended starts nothing", func(t *testing.T) {
		file := marker(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := hook.Run(ctx, spec(list("touch", file)))
		if err != context.Canceled || exists(file) {
			t.Fatalf("got %#v, file made: %v", err, exists(file))
		}
	})
}

// A daemon that a hook starts is neither waited for nor ended.
func TestBackgroundChildHoldsPipe(t *testing.T) {
	file := marker(t)
	got, err := hook.Run(t.Context(), spec(shell("sleep 600 & echo $! >"+file+"; echo started")))
	pid := readPID(t, file)
	defer syscall.Kill(pid, syscall.SIGKILL)
	if err != nil || got.Output != "started\n" {
		t.Fatalf("got %q, %v", got.Output, err)
	}
	if !alive(t, pid) {
		t.Error("the background child has ended")
	}
}

func TestOutputIsTheTail(t *testing.T) {
	got, err := hook.Run(t.Context(), spec(shell("seq 100000; echo end >&2")))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Output) != hook.TailSize || !strings.HasSuffix(got.Output, "\n99999\n100000\nend\n") {
		t.Errorf("got %d bytes that end in %q", len(got.Output), got.Output[max(0, len(got.Output)-30):])
	}
}

// The value begins long before what is kept of the output.
func TestOutputIsMaskedAcrossTheCut(t *testing.T) {
	secret := strings.Repeat("s3cr3t-and-long/", 2000)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ script, want string }{
		"cut by the limit":   {"cat %; echo; echo end; exit 1", "(secret)\nend\n"},
		"far before":         {"cat %; seq -w 2000 >&2; exit 1", ""},
		"cut by the command": {"echo begin; head -c 2000 %; exit 1", "begin\n(secret)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec(shell(strings.ReplaceAll(tc.script, "%", file)))
			s.Masker = hook.NewMasker([]source.Secret{source.NewSecret([]byte(secret))})
			_, err := hook.Run(t.Context(), s)
			var exit *hook.ExitError
			if !errors.As(err, &exit) || strings.Contains(exit.Output, "s3cr3t") {
				t.Fatalf("%v shows the secret", err)
			}
			if len(exit.Output) > hook.TailSize {
				t.Errorf("got %d bytes", len(exit.Output))
			}
			if tc.want != "" && exit.Output != tc.want {
				t.Errorf("got %q, want %q", exit.Output, tc.want)
			}
		})
	}
}

func exists(file string) bool { _, err := os.Stat(file); return err == nil }

func readPID(t *testing.T, file string) int {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// alive reports whether pid runs; an orphan that nobody has reaped yet does not.
func alive(t *testing.T, pid int) bool {
	t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// waitGone allows for the moment between a signal and its effect.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	for range 500 {
		if !alive(t, pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	syscall.Kill(pid, syscall.SIGKILL)
	t.Errorf("process %d outlived its group", pid)
}

// A command gets values as standard input and as file descriptors, larger than a pipe
// holds too, and need not read them.
func TestInputs(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 64<<10) // 1 MiB
	s := spec(shell(`wc -c; cat <&3; printf .; wc -c <&4`))
	s.Inputs = []source.Secret{source.NewSecret([]byte(big)), source.NewSecret([]byte("three")), source.NewSecret([]byte(big[:100000]))}
	got, err := hook.Run(t.Context(), s)
	if want := "1048576\nthree.100000"; err != nil || strings.ReplaceAll(strings.TrimSpace(got.Output), " ", "") != want {
		t.Errorf("got %q, %v; want %q", got.Output, err, want)
	}
	for _, line := range []string{"true", "sleep 600 >/dev/null 2>&1 & echo $!"} { // the child keeps the pipes open
		s.Command = shell(line)
		got, err := hook.Run(t.Context(), s)
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(got.Output)); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	s = spec(shell(`read -r line; echo "read $?"`))
	if got, err := hook.Run(t.Context(), s); err != nil || got.Output != "read 1\n" {
		t.Errorf("without inputs: %q, %v", got.Output, err)
	}
}
