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

// optional are the peers that no registry serves: each takes part where a
// variable names its program. All have to take the fake's address from the
// SDK's AWS_ENDPOINT_URL_* variables, as the second version of the SDK does.
func optional(ctx context.Context) []contender {
	peers := []struct {
		variable string
		contender
	}{
		{"GCREDSTASH_BIN", contender{
			Contender: race.Contender{Name: "gcredstash template", Does: "a template to standard output"}, weight: heavy,
			can: not(tenFiles, wholeTable), command: gcredstash,
		}},
		{"UNICREDS_BIN", contender{
			Contender: race.Contender{Name: "unicreds", Does: "`get`, a process for each secret, from a shell"}, weight: heavy,
			can: not(tenFiles, wholeTable, quietTick),
			command: func(s *stage) ([]string, error) {
				return shellLoop(s.c.secrets(), os.Getenv("UNICREDS_BIN"), "-r", region, "get"), nil
			},
		}},
		{"CHAMBER_BIN", contender{
			Contender: race.Contender{Name: "chamber", Does: "`export`: all of a path in Parameter Store"}, weight: heavy,
			can: not(tenFiles, quietTick),
			command: func(s *stage) ([]string, error) {
				return []string{os.Getenv("CHAMBER_BIN"), "export", "--format", "dotenv", "bench"}, nil
			},
		}},
		{"CONFD_BIN", contender{
			Contender: race.Contender{Name: "confd", Does: "`ssm --onetime`: templates from Parameter Store"}, weight: heavy,
			can: not(wholeTable), command: confd,
		}},
		{"GOMPLATE_BIN", contender{
			Contender: race.Contender{Name: "gomplate", Does: "a template from Parameter Store (`aws+smp`)"}, weight: heavy,
			can: not(wholeTable), command: gomplate,
		}},
	}
	var all []contender
	for _, p := range peers {
		p.Version = versionOf(ctx, os.Getenv(p.variable))
		if p.Version == "" {
			p.Missing = "name its program in `" + p.variable + "`"
		}
		all = append(all, p.contender)
	}
	return all
}

func gcredstash(s *stage) ([]string, error) {
	pairs, err := s.write(`{{ get %q }}`)
	return []string{os.Getenv("GCREDSTASH_BIN"), "template", pairs[0][0]}, err
}

// confd (abtreece's) reads the keys of a template before it renders it.
func confd(s *stage) ([]string, error) {
	for _, sub := range []string{"conf.d", "templates"} {
		if err := os.MkdirAll(s.path(sub), 0o700); err != nil {
			return nil, err
		}
	}
	pairs, err := s.write(`{{ getv "/%s" }}`)
	for i, names := range s.c.files() {
		if err != nil {
			break
		}
		base := filepath.Base(pairs[i][0])
		resource := fmt.Sprintf("[template]\nsrc = %q\ndest = %q\nkeys = [\"/%s\"]\n", base, pairs[i][1], strings.Join(names, `", "/`))
		if err = os.WriteFile(s.path(filepath.Join("conf.d", base+".toml")), []byte(resource), 0o600); err == nil {
			err = os.Rename(pairs[i][0], s.path(filepath.Join("templates", base)))
		}
	}
	return []string{os.Getenv("CONFD_BIN"), "ssm", "--onetime", "--confdir", s.dir}, err
}

func gomplate(s *stage) ([]string, error) {
	pairs, err := s.write(`{{ (ds "p" "/%s").Value }}`)
	args := []string{os.Getenv("GOMPLATE_BIN"), "-d", "p=aws+smp:///"}
	for _, p := range pairs {
		args = append(args, "-f", p[0], "-o", p[1])
	}
	return args, err
}

// versionOf is what a program says of itself, the file's name where it says
// nothing, and "" where there is none.
func versionOf(ctx context.Context, bin string) string {
	if bin == "" {
		return ""
	}
	if _, err := os.Stat(bin); err != nil {
		return ""
	}
	out, err := exec.CommandContext(ctx, bin, "--version").CombinedOutput()
	if line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n"); err == nil && line != "" {
		return strings.ReplaceAll(line, "|", " ")
	}
	return filepath.Base(bin)
}
