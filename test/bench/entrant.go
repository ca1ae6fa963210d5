package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/credrender/credrender/test/bench/fake"
	"github.com/credrender/credrender/test/bench/race"
)

// run starts a program in its directory, and waits.
func (e *entrant) run(ctx context.Context, args []string) (usage, error) {
	out, err := os.Create(e.stage.path("out"))
	if err != nil {
		return usage{}, err
	}
	defer out.Close()
	return spawned(ctx, e.spawn, command{dir: e.stage.dir, env: e.stage.env(), stdout: out, args: args})
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
