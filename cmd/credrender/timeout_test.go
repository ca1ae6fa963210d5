package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/hop"
)

const (
	// shortLimit is the --timeout of these tests, and farTooLong what no command
	// may take with it, on however busy a machine.
	shortLimit = 300 * time.Millisecond
	farTooLong = 20 * time.Second
)

// silentLines has a line for each command, with what makes it ask. One with "-" is
// not about AWS.
func silentLines() map[string]string {
	return map[string]string{
		"render": "render in.tmpl:$DIR/out", "plan": "plan in.tmpl:$DIR/out", "pull": "pull n0 $DIR/out", "lint": "lint in.tmpl",
		"get": "get n0", "put": "put n1 v", "list": "list", "delete": "delete gone", "getall": "getall",
		"generate": "generate n1", "edit": "edit n0", "history": "history n0", "copy": "copy n0 n1", "rollback": "rollback n0 --to 1", "rotate": "rotate n0 --verify true",
		"prune": "prune --keep 1", "rekey": "rekey --key alias/other", "migrate": "migrate", "import": "import secrets.json", "export": "export -o json --plaintext --file $DIR/exported", "verify-store": "verify-store",
		"encrypt": "encrypt in.tmpl", "decrypt": "decrypt blob", "exec": "exec --env V=n0 -- true",
		"setup": "setup", "grant": "grant app --read env=prod", "grants": "grants", "revoke": "revoke app --read env=prod", "policy": "policy in.tmpl",
		"doctor": "doctor in.tmpl", "credstash": "-", "credsmash": "-",
		"daemon": "-", "recover": "recover", "hold": "-", "run-hook": "-", "status": "status", "demo": "-", "docs": "-", "version": "version", "convert": "-", "test": "-", "explain": "-", "config": "-", "init": "-", "help": "help", "completion": "-",
	}
}

// silence accepts connections and never answers.
func silence(t *testing.T) string {
	t.Helper()
	return "http://" + hop.Accept(t, func(c net.Conn) {
		defer c.Close()
		<-t.Context().Done()
	})
}

// Whatever does not answer, every command ends at its --timeout.
func TestEveryCommandEndsAtItsTimeout(t *testing.T) {
	t.Parallel()
	lines := silentLines()
	a := newApp(nil, nil, nil)
	a.globals = newGlobals()
	for _, c := range newRoot(a).Commands() {
		if lines[c.Name()] == "" && c.IsAvailableCommand() {
			t.Errorf("no line for the command %s", c.Name())
		}
	}
	srv := awsfake.Start(t)
	credrender(t, srv, nil, "setup")
	credrender(t, srv, nil, "put", "n0", "v")
	dead := silence(t)
	none := []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN="}
	profile := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(profile, []byte("[default]\ncredential_process = sleep 300 && true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string][]string{
		"AWS":      {"AWS_ENDPOINT_URL=" + dead, "AWS_ENDPOINT_URL_DYNAMODB=" + dead, "AWS_ENDPOINT_URL_KMS=" + dead, "AWS_ENDPOINT_URL_STS=" + dead},
		"KMS":      {"AWS_ENDPOINT_URL_KMS=" + dead},
		"STS":      {"AWS_ENDPOINT_URL_STS=" + dead, "CREDRENDER_ARN=arn:aws:iam::123456789012:role/app"},
		"metadata": append(none, "AWS_EC2_METADATA_SERVICE_ENDPOINT="+dead, "AWS_EC2_METADATA_DISABLED=false", "AWS_REGION=", "AWS_DEFAULT_REGION="),
		"endpoint": append(none, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+dead+"/creds"),
		"process":  append(none, "AWS_CONFIG_FILE="+profile),
	} {
		t.Run(name, func(t *testing.T) {
			var running sync.WaitGroup
			turns := make(chan struct{}, 6) // they only wait
			for command, line := range lines {
				if line == "-" {
					continue
				}
				running.Go(func() {
					turns <- struct{}{}
					defer func() { <-turns }()
					endsInTime(t, srv, name, command, env, line)
				})
			}
			running.Wait()
		})
	}
}

func endsInTime(t *testing.T, srv *awsfake.Server, silent, command string, env []string, line string) {
	dir := t.TempDir()
	for name, text := range map[string]string{"in.tmpl": `{{ secret "n0" }}`, "secrets.json": `{"n0": "v"}`, "blob": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), farTooLong)
	defer cancel()
	cmd := exec.CommandContext(ctx, "credrender", strings.Fields(strings.ReplaceAll(line, "$DIR", dir))...)
	cmd.Dir = dir
	cmd.Env = append(srv.Env(), "PATH="+os.Getenv("PATH"), "HOME="+dir, "CREDRENDER_STATE_DIR="+dir+"/.state", "RUNTIME_DIRECTORY="+dir+"/.run", "EDITOR=true")
	cmd.Env = append(append(cmd.Env, env...), "AWS_MAX_ATTEMPTS=", "CREDRENDER_TIMEOUT="+shortLimit.String())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 10 * time.Second // whoever holds its streams open has outlived it
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if ctx.Err() != nil || errors.Is(err, exec.ErrWaitDelay) {
		t.Errorf("%s silent: %s does not end, or leaves a process behind (%v)\n%s", silent, command, err, &out)
	}
	t.Logf("%s silent: %-12s %v after %v: %s", silent, command, err, took.Round(time.Millisecond), strings.TrimSpace(out.String()))
	local := []string{"lint", "recover", "status", "version", "help", "import"}
	if silent == "AWS" && err == nil && !slices.Contains(local, command) {
		t.Errorf("%s silent: %s succeeds", silent, command)
	}
}

// On a terminal, whoever waits is shown what for; the line is cleared before the error.
// Elsewhere nothing is shown.
func TestShownWhatIsWaitedFor(t *testing.T) {
	t.Parallel()
	srv, dead := awsfake.Start(t), silence(t)
	for _, terminal := range []string{"xterm", "dumb", ""} {
		t.Run(terminal, func(t *testing.T) {
			t.Parallel()
			pattern, dir := command(t, srv, []string{"AWS_ENDPOINT_URL_DYNAMODB=" + dead, "TERM=" + terminal})
			cmd := exec.CommandContext(t.Context(), "credrender-shown", "--timeout", "2s", "get", "n0")
			cmd.Dir, cmd.Env = dir, pattern.Env
			out, err := cmd.CombinedOutput()
			text, code := string(out), cmd.ProcessState.ExitCode()
			shown := strings.Contains(text, "waiting for DynamoDB in eu-west-1")
			if code != exitFailed || shown != (terminal == "xterm") || shown != strings.Contains(text, cleared+"credrender: error: ") {
				t.Errorf("TERM=%s: exit code %d, %v, got %q", terminal, code, err, text)
			}
		})
	}
}

// shownMain is the command, to which each stream is a terminal if TERM is set.
func shownMain() {
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	a.terminal = func(any) bool { return os.Getenv("TERM") != "" }
	os.Exit(a.main(context.Background(), os.Args[1:]))
}

// Whatever the proxy variables are, no proxy is asked for credentials, nor sees the
// token that goes with the question.
func TestNoProxyForCredentials(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		seen.Add(1)
		http.Error(w, "proxy", http.StatusBadGateway)
	}))
	defer proxy.Close()
	srv := awsfake.Start(t)
	for name, env := range map[string][]string{
		"EKS":        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23:1/v1/credentials"},
		"EKS, IPv6":  {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://[fd00:ec2::23]:1/v1/credentials"},
		"ECS":        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials"},
		"metadata":   {"AWS_EC2_METADATA_DISABLED=false"},
		"IPv6":       {"AWS_EC2_METADATA_DISABLED=false", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6"},
		"EC2 a fact": {"AWS_EC2_METADATA_DISABLED=false"},
	} {
		line := []string{"--timeout", "500ms", "get", "n0"}
		if name == "EC2 a fact" {
			line = []string{"--timeout", "500ms", "render", "-"}
		}
		cmd, _ := command(t, srv, append(env, "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "HTTPS_PROXY="+proxy.URL, "NO_PROXY=", "no_proxy=",
			"AWS_CONTAINER_AUTHORIZATION_TOKEN=t0ken", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="), line...)
		cmd.Stdin = strings.NewReader(`{{ ec2 "instance-id" }}`)
		out, err := cmd.CombinedOutput()
		if n := seen.Swap(0); n != 0 || err == nil {
			t.Errorf("%s: the proxy saw %d requests; %v\n%s", name, n, err, out)
		}
	}
}

// The compatibility command lines have no --timeout. They end when nothing answers
// for two minutes, and when AWS gives the same answer for two minutes.
func TestCompatibilityCommandLinesEnd(t *testing.T) {
	if got := newApp(nil, nil, nil).compatTimeout; got != 2*time.Minute {
		t.Errorf("the limit is %v", got)
	}
	srv := awsfake.Start(t)
	srv.SetEnv(t)
	t.Setenv("AWS_DEFAULT_REGION", "eu-west-1")
	t.Setenv("CREDRENDER_STATE_DIR", t.TempDir())
	home := t.TempDir()
	t.Setenv("HOME", home)
	fifo := filepath.Join(home, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	dead := silence(t)
	run := func(t *testing.T, want string, words ...string) {
		t.Helper()
		var out bytes.Buffer
		a := newApp(strings.NewReader(""), &out, &out)
		a.compatTimeout = shortLimit
		began := time.Now()
		code := a.main(t.Context(), words)
		if took := time.Since(began); code != exitFailed || took > farTooLong || !strings.Contains(out.String(), want) {
			t.Errorf("%q: exit code %d after %v, want %q in:\n%s", words, code, took, want, &out)
		}
	}
	t.Run("the same answer", func(t *testing.T) {
		defer srv.Fail(awsfake.Rule{Operation: "DescribeTable", Code: "ResourceNotFoundException"})()
		run(t, "still missing after "+shortLimit.String(), "credstash", "-t", "one", "setup")
		run(t, "still missing after "+shortLimit.String(), "credsmash", "-t", "two", "setup-dynamodb")
	})
	t.Run("a config without an end", func(t *testing.T) {
		t.Setenv("CREDSMASH_CONFIG", fifo)
		run(t, "nothing to read", "credsmash", "list")
		if err := os.Symlink(fifo, filepath.Join(home, ".credstash")); err != nil {
			t.Fatal(err)
		}
		run(t, "nothing to read", "credstash", "list")
		if err := os.Remove(filepath.Join(home, ".credstash")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/dev/zero", filepath.Join(home, ".credstash")); err != nil {
			t.Fatal(err)
		}
		run(t, "too large", "credstash", "list")
		t.Setenv("CREDSMASH_CONFIG", "/dev/zero")
		run(t, "too large", "credsmash", "list")
		if err := os.Remove(filepath.Join(home, ".credstash")); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", dead)
		run(t, "no answer from DynamoDB", "credstash", "get", "n0")
		run(t, "no answer from DynamoDB", "credsmash", "get", "n0")
	})
}

// A signal cancels the context of the command.
func TestInterruptedSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w, err := os.Pipe() // never written to
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	var stdout, stderr strings.Builder
	code := run(ctx, []string{"credrender", "--store", "local:" + t.TempDir() + "/s.db", "put", "name", "-"}, r, &stdout, &stderr)
	if want := "credrender: error: interrupted by a signal\n"; code != exitFailed || stderr.String() != want || stdout.Len() > 0 {
		t.Errorf("got %d, %q, %q; want %d, %q", code, stdout.String(), stderr.String(), exitFailed, want)
	}
}
