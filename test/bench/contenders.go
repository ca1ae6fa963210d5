package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/credrender/credrender/test/bench/race"
)

// contender is a program in the race.
type contender struct {
	race.Contender
	weight weight
	can    func(way) bool
	most   int // refs that are worth the time; 0: any number
	// command writes the files that the program needs into an empty directory,
	// and returns its arguments, the program first.
	command func(s *stage) ([]string, error)
	// start is how the program prints its version; none: it takes no part in that case.
	start []string
	// before returns arguments for a run that is not measured, before each.
	before func(s *stage) []string
}

// stage is one case, about to be run by one contender in a directory of its
// own. What a program writes is in files whose names begin with out; its
// standard output is one of them.
type stage struct {
	c   raceCase
	far *far
	dir string
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// write writes one template for each file, and returns the pairs of paths.
func (s *stage) write(ref string) (pairs [][2]string, err error) {
	for i, names := range s.c.files() {
		var b strings.Builder
		for _, name := range names {
			fmt.Fprintf(&b, ref+"\n", name)
		}
		pair := [2]string{s.path(fmt.Sprintf("in%d", i)), s.path(fmt.Sprintf("out%d", i))}
		if err := os.WriteFile(pair[0], []byte(b.String()), 0o600); err != nil {
			return nil, err
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

// ours is the program that all of this is about.
func ours(bin string) contender {
	command := func(s *stage) ([]string, error) {
		args := []string{bin, "--state-dir", s.path("state")}
		if s.c.way == wholeTable {
			return append(args, "getall"), nil
		}
		ref := `{{ secret %q }}`
		if s.c.way == parameters {
			ref = `{{ ssm %q }}`
		}
		pairs, err := s.write(ref)
		args = append(args, "render")
		for _, p := range pairs {
			if s.c.printed {
				args = append(args, p[0])
				continue
			}
			args = append(args, p[0]+":"+p[1])
		}
		return args, err
	}
	return contender{
		Contender: race.Contender{Name: race.Ours, Version: "this tree", Does: "`render`, `getall`; the tick is a second `render`"},
		can:       func(way) bool { return true },
		start:     []string{bin, "version"},
		command:   command,
		before: func(s *stage) []string {
			if s.c.way != quietTick {
				return nil
			}
			args, err := command(s)
			if err != nil {
				return nil
			}
			return args
		},
	}
}

// limits is the limit program, this one.
func limits(self string) contender {
	return contender{
		Contender: race.Contender{Name: race.Limit, Version: "this tree", Does: "the same signed requests at once, each on a connection of its own (whole tables: 256 to KMS), and nothing else"},
		can:       not(),
		command: func(s *stage) ([]string, error) {
			ways := map[way]string{wholeTable: "table", quietTick: "probe"}
			return []string{self, "limit", "-tables", s.far.tables, "-keys", s.far.keys, "-ca", s.far.certificate(), "-n", fmt.Sprint(s.c.Refs), "-way", ways[s.c.way]}, nil
		},
	}
}

// shellLoop runs a program once for each secret, as scripts do.
func shellLoop(names []string, program ...string) []string {
	script := `for s in ` + strings.Join(names, " ") + `; do "$@" "$s" || exit 1; done`
	return append([]string{"sh", "-c", script, "sh"}, program...)
}

// onlyParameters is for those that read nothing but Parameter Store.
func onlyParameters(w way) bool { return w == parameters }

// not is every way but these, and but Parameter Store.
func not(ways ...way) func(way) bool {
	ways = append(ways, parameters, starting)
	return func(w way) bool {
		for _, x := range ways {
			if w == x {
				return false
			}
		}
		return true
	}
}
