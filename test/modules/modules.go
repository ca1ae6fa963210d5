// Command modules writes docs/dev/modules.md: every module that credrender is built or
// tested with, its licence, and for direct dependencies why they are there.
//
//	go run ./test/modules > docs/dev/modules.md
//	go run ./test/modules sbom FILE   # compares a bill of materials with the binary
//
// Its tests compare the page with the code, and check that no licence is new and that
// every tool is pinned.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// command is the package of the binary.
const command = "github.com/credrender/credrender/cmd/credrender"

// module is a dependency.
type module struct {
	Path, Version, Dir string
	Main, Indirect     bool
	inBinary           bool
}

func main() {
	err := run(context.Background(), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "modules:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == "sbom" {
		return checkBill(ctx, args[1])
	}
	text, err := page(ctx, ".")
	if err == nil {
		_, err = io.WriteString(os.Stdout, text)
	}
	return err
}

// checkBill compares a bill of materials with the modules that the binary is built of.
func checkBill(ctx context.Context, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var bill struct {
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(data, &bill); err != nil {
		return err
	}
	listed := map[string]string{}
	for _, c := range bill.Components {
		listed[c.Name] = c.Version
	}
	built, err := list(ctx, ".", command)
	if err != nil {
		return err
	}
	for name, m := range built {
		if listed[name] != m.Version {
			err = errors.Join(err, fmt.Errorf("%s lists %s %q, and the binary has %s", path, name, listed[name], m.Version))
		}
	}
	if err == nil {
		fmt.Printf("sbom: %s lists the %d modules of the binary\n", path, len(built))
	}
	return err
}

// used lists the modules whose packages are built for the binary, the examples or a test.
func used(ctx context.Context, root string) (map[string]module, error) {
	all, err := list(ctx, root, "-test", "./...")
	if err != nil {
		return nil, err
	}
	binary, err := list(ctx, root, command)
	for path := range binary {
		m := all[path]
		m.inBinary = true
		all[path] = m
	}
	return all, err
}

func list(ctx context.Context, root string, args ...string) (map[string]module, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}\t{{.Indirect}}{{end}}{{end}}"}, args...)...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	found := map[string]module{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) == 4 {
			found[f[0]] = module{Path: f[0], Version: f[1], Dir: f[2], Indirect: f[3] == "true"}
		}
	}
	return found, nil
}

// required lists the direct dependencies of go.mod.
func required(ctx context.Context, root string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "edit", "-json")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &file); err != nil {
		return nil, err
	}
	var direct []string
	for _, r := range file.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	return direct, nil
}

// page returns the text of docs/dev/modules.md.
func page(ctx context.Context, root string) (string, error) {
	all, err := used(ctx, root)
	if err != nil {
		return "", err
	}
	direct, err := required(ctx, root)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(preface)
	var errs []error
	row := func(m module, more string) {
		licence, err := licenceOf(m.Dir)
		errs = append(errs, err)
		where := "tests"
		if m.inBinary {
			where = "binary"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |%s\n", m.Path, m.Version, licence, where, more)
	}
	b.WriteString("\n## Direct dependencies\n\n| module | version | licence | built into | why |\n|---|---|---|---|---|\n")
	for _, path := range direct {
		m, ok := all[path]
		if !ok || reasons[path] == "" {
			errs = append(errs, fmt.Errorf("%s: no package of it is built, or reasons.go does not say why it is there", path))
			continue
		}
		row(m, " "+reasons[path]+" |")
		delete(all, path)
	}
	b.WriteString("\n## Their dependencies\n\n| module | version | licence | built into |\n|---|---|---|---|\n")
	for _, path := range slices.Sorted(maps.Keys(all)) {
		row(all[path], "")
	}
	return b.String(), errors.Join(errs...)
}

const preface = `# Modules

This page is generated: ` + "`UPDATE_DOCS=1 go test ./test/modules`" + ` writes it. A module is here if a package
of it is built into the binary, or for the tests and examples alone. The tools of development are a
module of their own (` + "`tools/go.mod`" + `) and are not listed.

A new module needs a reason in ` + "`test/modules/reasons.go`" + ` and one of the licences that
` + "`TestLicences`" + ` permits. ` + "`make verify`" + ` compares the downloaded modules with go.sum, ` + "`make vuln`" + ` asks
the vulnerability database, ` + "`make sbom`" + ` writes the bill of materials of the binary (CycloneDX), and
` + "`make reproducible`" + ` builds the same commit in two folders and compares the hashes.
`

// licences are found by a sentence that none of the others has.
var licences = []struct {
	name  string
	parts []string
}{
	{"Apache-2.0", []string{"Apache License", "Version 2.0"}},
	{"Unlicense", []string{"free and unencumbered software"}},
	{"MPL-2.0", []string{"Mozilla Public License", "2.0"}},
	{"MIT", []string{"Permission is hereby granted, free of charge"}},
	{"ISC", []string{"Permission to use, copy, modify, and/or distribute this software"}},
	{"BSD-3-Clause", []string{"Redistribution and use in source and binary forms", "endorse or promote"}},
	{"BSD-2-Clause", []string{"Redistribution and use in source and binary forms"}},
}

// licenceOf reads the licence of a module. Modules within a repository have it at the
// root of the repository, which the module cache does not have.
func licenceOf(dir string) (string, error) {
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "License*", "COPYING*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(names) == 0 {
			continue
		}
		data, err := os.ReadFile(names[0])
		if err != nil {
			return "", err
		}
		text := strings.Join(strings.Fields(string(data)), " ")
		for _, l := range licences {
			if !slices.ContainsFunc(l.parts, func(part string) bool { return !strings.Contains(text, part) }) {
				return l.name, nil
			}
		}
		return "", fmt.Errorf("%s: no licence that this program knows", names[0])
	}
	return "", fmt.Errorf("%s: no licence", dir)
}
