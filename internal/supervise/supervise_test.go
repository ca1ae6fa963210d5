package supervise_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/supervise"
)

// childEnv makes the test binary a child: the value says what it does.
const childEnv = "SUPERVISE_TEST_CHILD"

// toldEnv is the path of a file that a child makes when it gets TERM and stays.
const toldEnv = "SUPERVISE_TEST_TOLD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		os.Exit(child(what))
	}
	os.Exit(m.Run())
}

// child prepares, and then stands for the program: it ends with code 7 at TERM.
func child(what string) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGUSR1)
	if what == "fails" {
		return 3
	}
	p, greeting, err := supervise.Inherit(os.Getppid())
	if err != nil || string(greeting) != "hello" {
		return 100
	}
	if err := p.Report([]byte("ready " + what)); err != nil {
		return 101
	}
	if !p.Await(context.Background()) {
		return 0
	}
	if what == "ends" {
		return 42
	}
	for sig := range signals {
		switch {
		case sig == syscall.SIGUSR1:
			return 8
		case what != "stays":
			return 7
		}
		if err := os.WriteFile(os.Getenv(toldEnv), nil, 0o600); err != nil {
			return 102
		}
	}
	return 0
}

func start(t *testing.T, what string) *supervise.Child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), childEnv+"="+what), os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c, err := supervise.Start(cmd, []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Signal(syscall.SIGKILL) })
	return c
}

// ready starts a child that has reported.
func ready(t *testing.T, what string) *supervise.Child {
	t.Helper()
	c := start(t, what)
	data, err := c.Report(t.Context())
	if err != nil || string(data) != "ready "+what {
		t.Fatalf("report %q, %v", data, err)
	}
	return c
}

func TestProgramEndsByItself(t *testing.T) {
	c := ready(t, "ends")
	s := supervise.New(c, time.Minute, false)
	c.Release()
	if code := s.Wait(); code != 42 {
		t.Errorf("exit code %d, want 42", code)
	}
	next := ready(t, "runs")
	if s.Replace(next) {
		t.Error("replaced a program that has ended")
	}
	if <-next.Done(); next.Code() != 0 {
		t.Errorf("the process that is not needed ended with %d", next.Code())
	}
}

func TestReplace(t *testing.T) {
	first := ready(t, "runs")
	s := supervise.New(first, time.Minute, false)
	first.Release()
	code := make(chan int, 1)
	go func() { code <- s.Wait() }()
	second := ready(t, "runs")
	if !s.Replace(second) {
		t.Fatal("not replaced")
	}
	if <-first.Done(); first.Code() != 7 {
		t.Errorf("the first ended with %d, want TERM's 7", first.Code())
	}
	select {
	case c := <-code:
		t.Fatalf("the supervisor ended with %d though the second runs", c)
	case <-time.After(100 * time.Millisecond):
	}
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if c := <-code; c != 7 {
		t.Errorf("exit code %d, want 7", c)
	}
}

// A program that ignores TERM is killed. If it is told to end meanwhile, nothing
// takes its place.
func TestToldToEndWhileItIsReplaced(t *testing.T) {
	told := filepath.Join(t.TempDir(), "told")
	t.Setenv(toldEnv, told)
	first := ready(t, "stays")
	s := supervise.New(first, 2*time.Second, false)
	first.Release()
	signals := make(chan os.Signal)
	forwarded := make(chan struct{})
	go func() {
		s.Forward(signals)
		close(forwarded)
	}()
	next := ready(t, "runs")
	done := make(chan bool, 1)
	go func() {
		done <- s.Replace(next)
	}()
	for _, err := os.Stat(told); err != nil; _, err = os.Stat(told) {
		time.Sleep(time.Millisecond) // until TERM has come: it is being replaced
	}
	signals <- syscall.SIGTERM
	if <-done {
		t.Error("it was replaced though it was told to end")
	}
	if code := s.Wait(); code != 128+int(syscall.SIGKILL) {
		t.Errorf("exit code %d, want 137", code)
	}
	close(signals)
	<-forwarded
}

func TestForward(t *testing.T) {
	c := ready(t, "runs")
	s := supervise.New(c, time.Minute, true)
	c.Release()
	signals := make(chan os.Signal, 3)
	signals <- syscall.SIGCHLD
	signals <- syscall.SIGINT // the terminal has sent it to the program too
	signals <- syscall.SIGUSR1
	close(signals)
	s.Forward(signals)
	if code := s.Wait(); code != 8 {
		t.Errorf("exit code %d, want 8, of SIGUSR1", code)
	}
}

func TestChildThatCannotPrepare(t *testing.T) {
	c := start(t, "fails")
	if _, err := c.Report(t.Context()); !errors.Is(err, supervise.ErrEnded) {
		t.Errorf("got %v, want ErrEnded", err)
	}
	if <-c.Done(); c.Code() != 3 {
		t.Errorf("exit code %d, want 3", c.Code())
	}
	if _, err := supervise.Start(exec.Command("/no/such/program"), nil); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

func TestDiscard(t *testing.T) {
	c := ready(t, "runs")
	c.Discard()
	select {
	case <-c.Done():
	default:
		t.Error("it still runs")
	}
}
