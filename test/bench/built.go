package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/credrender/credrender/test/bench/race"
)

// built are the peers that test/bench/build-peers makes from their sources.
// docs/dev/peers.md has their versions and how each is led to the fake.
func built(ctx context.Context, folder string) []contender {
	of := func(name string) string { return filepath.Join(folder, name) }
	all := []contender{
		{
			Contender: race.Contender{Name: "gcredstash", Does: "`template` to standard output; whole tables: `getall`"}, weight: heavy,
			start: []string{of("gcredstash"), "--version"},
			can:   not(tenFiles), command: func(s *stage) ([]string, error) { return gcredstash(s, of("gcredstash")) },
		},
		{
			Contender: race.Contender{Name: "unicreds", Does: "`get`, a process for each secret, from a shell; whole tables: `getall`"}, weight: heavy,
			start: []string{of("unicreds"), "--version"},
			can:   not(tenFiles, quietTick), command: func(s *stage) ([]string, error) { return unicreds(s, of("unicreds")) },
		},
		{
			Contender: race.Contender{Name: "chamber", Does: "`export`: all of a path in Parameter Store"}, weight: heavy,
			start: []string{of("chamber"), "version"},
			can:   onlyParameters,
			command: func(*stage) ([]string, error) {
				return []string{of("chamber"), "export", "--format", "dotenv", pathOfParameters}, nil
			},
		},
		{
			Contender: race.Contender{Name: "confd", Does: "`ssm --onetime`: a template, from all of a path in Parameter Store"}, weight: heavy,
			start: []string{of("confd"), "--version"},
			can:   onlyParameters, command: func(s *stage) ([]string, error) { return confd(s, of("confd")) },
		},
		{
			Contender: race.Contender{Name: "gomplate", Does: "a template from Parameter Store (`aws+smp`)"}, weight: heavy,
			start: []string{of("gomplate"), "--version"},
			can:   onlyParameters, command: func(s *stage) ([]string, error) { return gomplate(s, of("gomplate")) },
		},
	}
	for i := range all {
		if all[i].Version = versionOf(ctx, all[i].start); all[i].Version == "" {
			all[i].Missing = "test/bench/build-peers has not built it"
		}
	}
	return all
}

// pathOfParameters is the path below which chamber and confd read: the fake has every
// parameter below every path.
const pathOfParameters = "bench"

func gcredstash(s *stage, program string) ([]string, error) {
	if s.c.way == wholeTable {
		return []string{program, "getall"}, nil
	}
	pairs, err := s.write(`{{ get %q }}`)
	return []string{program, "template", pairs[0][0]}, err
}

func unicreds(s *stage, program string) ([]string, error) {
	if s.c.way == wholeTable {
		return []string{program, "-r", region, "getall"}, nil
	}
	return shellLoop(s.c.secrets(), program, "-r", region, "get"), nil
}

// confd (abtreece's) reads the keys of a template before it renders it. A key is a path: a
// parameter itself has nothing below it, and would come out empty.
func confd(s *stage, program string) ([]string, error) {
	for _, sub := range []string{"conf.d", "templates"} {
		if err := os.MkdirAll(s.path(sub), 0o700); err != nil {
			return nil, err
		}
	}
	pairs, err := s.write(`{{ getv "/` + pathOfParameters + `/%s" }}`)
	for _, pair := range pairs {
		if err != nil {
			break
		}
		base := filepath.Base(pair[0])
		resource := fmt.Sprintf("[template]\nsrc = %q\ndest = %q\nkeys = [%q]\n", base, pair[1], "/"+pathOfParameters)
		if err = os.WriteFile(s.path(filepath.Join("conf.d", base+".toml")), []byte(resource), 0o600); err == nil {
			err = os.Rename(pair[0], s.path(filepath.Join("templates", base)))
		}
	}
	return []string{program, "ssm", "--onetime", "--confdir", s.dir}, err
}

func gomplate(s *stage, program string) ([]string, error) {
	pairs, err := s.write(`{{ ds "p" "/%s" }}`)
	args := []string{program, "-d", "p=aws+smp:///"}
	for _, p := range pairs {
		args = append(args, "-f", p[0], "-o", p[1])
	}
	return args, err
}

// versionOf is the number in what a program says of itself, and "" where there is none.
func versionOf(ctx context.Context, command []string) string {
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return ""
	}
	for _, word := range strings.Fields(string(out)) {
		if number := strings.TrimPrefix(word, "v"); number[:min(1, len(number))] >= "0" && number[:min(1, len(number))] <= "9" {
			return number
		}
	}
	return filepath.Base(command[0])
}
