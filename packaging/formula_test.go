// Package packaging_test runs the scripts of this folder that need no release.
package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// formula runs the script on checksums, and returns what it prints on both streams.
func formula(t *testing.T, sums string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "SHA256SUMS")
	if err := os.WriteFile(path, []byte(sums), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "./formula", "1.2.3", path).CombinedOutput()
	return string(out), err
}

func sum(digit string) string { return strings.Repeat(digit, 64) }

var sums = sum("1") + "  credrender_1.2.3_darwin_arm64.tar.gz\n" + sum("2") + "  credrender_1.2.3_darwin_amd64.tar.gz\n" +
	sum("3") + "  credrender_1.2.3_linux_arm64.tar.gz\n" + sum("4") + "  credrender_1.2.3_linux_amd64.tar.gz\n" + sum("5") + "  credrender_1.2.3_amd64.deb\n"

// Each system gets the archive of its own, with the checksum of that archive.
func TestFormula(t *testing.T) {
	got, err := formula(t, sums)
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	at := 0
	for _, want := range []string{
		"class Credrender < Formula\n", "version \"1.2.3\"\n",
		"on_macos do\n    on_arm do\n", "/v1.2.3/credrender_1.2.3_darwin_arm64.tar.gz\"\n      sha256 \"" + sum("1"),
		"on_intel do\n", "_darwin_amd64.tar.gz\"\n      sha256 \"" + sum("2"),
		"on_linux do\n    on_arm do\n", "_linux_arm64.tar.gz\"\n      sha256 \"" + sum("3"),
		"on_intel do\n", "_linux_amd64.tar.gz\"\n      sha256 \"" + sum("4"),
		"bin.install \"credrender\"\n",
	} {
		i := strings.Index(got[at:], want)
		if i < 0 {
			t.Fatalf("no %q after\n%s\nin\n%s", want, got[:at], got)
		}
		at += i + len(want)
	}
	if strings.Contains(got, sum("5")) {
		t.Error("the deb's checksum is in the formula")
	}
}

// A release without one of the archives has no formula.
func TestFormulaOfAnIncompleteRelease(t *testing.T) {
	got, err := formula(t, strings.Replace(sums, "linux_arm64", "linux_riscv64", 1))
	if err == nil || !strings.Contains(got, "has no credrender_1.2.3_linux_arm64.tar.gz") || strings.Contains(got, "class") {
		t.Errorf("%v: %q", err, got)
	}
}
