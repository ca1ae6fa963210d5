package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// slowToStart tells, of packages that take part of each start because something imports
// them, what they do in it. docs/dev/measured.md has the figures.
func slowToStart(path string) string {
	const sdk = "github.com/aws/aws-sdk-go-v2/service/"
	switch {
	case strings.HasPrefix(path, sdk) && strings.HasSuffix(path, "/schemas"):
		return "describes all messages of a service: keep to the releases without it, or use pkg/source/internal/wire"
	case slices.Contains([]string{sdk + "dynamodb", sdk + "kms", sdk + "ssm", sdk + "secretsmanager"}, path):
		return "compiles the endpoint rules of another service: use pkg/source/internal/wire"
	case path == "runtime/metrics":
		return "describes all metrics: use runtime.MemStats"
	case strings.HasPrefix(path, "github.com/credrender/credrender/test/"), path == "testing":
		return "is for tests"
	}
	return ""
}

// Nothing that is slow to start is part of the program.
func TestStartInitializesLittle(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Fields(string(out))
	if len(paths) < 100 {
		t.Fatalf("only %d packages", len(paths))
	}
	for _, path := range paths {
		if why := slowToStart(path); why != "" {
			t.Errorf("%s is part of the program, and %s", path, why)
		}
	}
}
