package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/credrender/credrender/test/bench/race"
)

//go:embed nodecredstash.js
var nodeScript string

// installed are the peers that interop/prepare puts into a Python environment
// and a folder of Node's modules.
func installed(ctx context.Context, venv, modules string) []contender {
	credstash := []string{filepath.Join(venv, "bin", "credstash"), "--log-file", os.DevNull}
	credsmash := []string{filepath.Join(venv, "bin", "credsmash"), "-c", os.DevNull, "-t", "credential-store"}
	peers := []contender{
		{
			Contender: race.Contender{Name: "credstash getall", Does: "all of the table, 64 threads"}, weight: light,
			can:     not(tenFiles),
			command: func(*stage) ([]string, error) { return append(credstash, "getall"), nil },
		},
		{
			Contender: race.Contender{Name: "credstash get 'n*'", Does: "all that match, one after the other"}, weight: loop,
			can:     not(tenFiles, wholeTable, quietTick),
			most:    50,
			command: func(*stage) ([]string, error) { return append(credstash, "get", "n*"), nil },
		},
		{
			Contender: race.Contender{Name: "credstash get, a loop", Does: "a process for each secret, from a shell"}, weight: loop,
			can: not(tenFiles, wholeTable, quietTick),
			command: func(s *stage) ([]string, error) {
				return shellLoop(s.c.secrets(), append(credstash, "get")...), nil
			},
		},
	}
	for i := range peers {
		peers[i].Version = pythonVersion(ctx, venv, "credstash")
	}
	peers = append(peers, contender{
		Contender: race.Contender{Name: "credsmash", Version: pythonVersion(ctx, venv, "credsmash"), Does: "`render-template`; ten files: `render-templates`"}, weight: heavy,
		can:     not(wholeTable),
		command: func(s *stage) ([]string, error) { return credsmashCommand(s, credsmash) },
	}, nodecredstash(modules))
	aws := filepath.Join(venv, "awscli", "bin", "aws")
	tens := parameterStore(ctx, aws)
	peers = append(peers, tens, parameterLoop(tens, aws))
	for i := range peers {
		if peers[i].Version == "" {
			peers[i].Missing = "not installed"
		}
	}
	return peers
}

func credsmashCommand(s *stage, program []string) ([]string, error) {
	pairs, err := s.write(`{{ secrets[%q] }}`)
	if err != nil || s.c.way != tenFiles {
		return append(program, "render-template", pairs[0][0], pairs[0][1]), err
	}
	var manifest []map[string]string
	for _, p := range pairs {
		manifest = append(manifest, map[string]string{"source": p[0], "destination": p[1]})
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		return nil, err
	}
	return append(program, "render-templates", s.path("manifest.json")), os.WriteFile(s.path("manifest.json"), text, 0o600)
}

// nodecredstash is a library: the program around it asks for all secrets at
// once, as well as it can be used.
func nodecredstash(modules string) contender {
	c := contender{
		Contender: race.Contender{Name: "nodecredstash", Does: "`Promise.all` of `getSecret`"}, weight: light,
		can: not(tenFiles),
		command: func(s *stage) ([]string, error) {
			names := s.c.secrets()
			if s.c.way == wholeTable {
				names = nil
			}
			return append([]string{"node", s.path("get.js"), modules}, names...), os.WriteFile(s.path("get.js"), []byte(nodeScript), 0o600)
		},
	}
	var module struct{ Version string }
	text, err := os.ReadFile(filepath.Join(modules, "nodecredstash", "package.json"))
	if err == nil && json.Unmarshal(text, &module) == nil {
		c.Version = module.Version
	}
	if _, err := exec.LookPath("node"); err != nil {
		c.Version = ""
	}
	return c
}

// parameterStore is Amazon's own command line, with the same values as
// parameters, of which one request can get ten: no key has to be asked for.
func parameterStore(ctx context.Context, aws string) contender {
	out, err := exec.CommandContext(ctx, aws, "--version").Output()
	version := ""
	if fields := strings.Fields(string(out)); err == nil && len(fields) > 0 {
		version = strings.TrimPrefix(fields[0], "aws-cli/")
	}
	return contender{
		Contender: race.Contender{Name: "aws ssm", Version: version, Does: "`get-parameters`, ten in a process, from a shell: Parameter Store"}, weight: loop,
		can: onlyParameters,
		command: func(s *stage) ([]string, error) {
			var tens []string
			names := s.c.secrets()
			for i := 0; i < len(names); i += 10 {
				tens = append(tens, "'"+strings.Join(names[i:min(i+10, len(names))], " ")+"'")
			}
			script := `for s in ` + strings.Join(tens, " ") + `; do "$@" $s || exit 1; done`
			return []string{"sh", "-c", script, "sh", aws, "ssm", "get-parameters", "--with-decryption", "--query", "Parameters[].Value", "--output", "text", "--names"}, nil
		},
	}
}

// parameterLoop is how most scripts read Parameter Store.
func parameterLoop(tens contender, aws string) contender {
	tens.Name, tens.Does = "aws ssm, a loop", "`get-parameter`, a process for each parameter, from a shell"
	tens.command = func(s *stage) ([]string, error) {
		return shellLoop(s.c.secrets(), aws, "ssm", "get-parameter", "--with-decryption", "--query", "Parameter.Value", "--output", "text", "--name"), nil
	}
	return tens
}

// pythonVersion is "" where there is no such package.
func pythonVersion(ctx context.Context, venv, name string) string {
	script := fmt.Sprintf("import importlib.metadata as m; print(m.version(%q))", name)
	out, err := exec.CommandContext(ctx, filepath.Join(venv, "bin", "python"), "-c", script).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
