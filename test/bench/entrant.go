package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/credrender/credrender/test/bench/fake"
	"github.com/credrender/credrender/test/bench/race"
)

// run starts a program in its directory, and waits. Its usage is that of all
// the processes that it waited for, too.
func (e *entrant) run(ctx context.Context, args []string) (*syscall.Rusage, error) {
	ctx, cancel := context.WithTimeout(ctx, tooLong)
	defer cancel()
	out, err := os.Create(e.stage.path("out"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stderr strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = e.stage.dir, out, &stderr
	cmd.Env = e.stage.env()
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, lastLine(stderr.String()))
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return nil, errors.New("no resource usage")
	}
	return usage, nil
}

// env leads every SDK to the fake, by the names that each has for that.
func (s *stage) env() []string {
	env := []string{
		"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"), "AWS_DEFAULT_REGION=" + region,
		"AWS_ENDPOINT_URL_SSM=" + s.far.keys, "CHAMBER_AWS_SSM_ENDPOINT=" + s.far.keys,
		"AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE=1",
	}
	for _, kv := range s.far.env() {
		if name, value, _ := strings.Cut(kv, "="); value != "" {
			env = append(env, name+"="+value)
		}
	}
	if ca := s.far.certificate(); ca != "" {
		env = append(env, "NODE_EXTRA_CA_CERTS="+ca)
	}
	return env
}

// verify looks for every value in what a program has written, to files or to
// its standard output. The limit program decrypts nothing, and a quiet tick
// of ours leaves what was there.
func (e *entrant) verify() error {
	if e.Name == race.Limit {
		return nil
	}
	files, err := filepath.Glob(e.stage.path("out*"))
	if err != nil {
		return err
	}
	var all strings.Builder
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all.Write(text)
	}
	for _, name := range e.stage.c.secrets() {
		if !strings.Contains(all.String(), fake.Value(name, e.stage.c.size)) {
			return fmt.Errorf("%s is not in what it wrote", name)
		}
	}
	return nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
