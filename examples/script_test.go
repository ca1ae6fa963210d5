package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/test/clitest"
)

func TestScriptsParse(t *testing.T) {
	scripts, err := filepath.Glob("*/*.sh")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range scripts {
		if out, code := clitest.Run(t.Context(), t, nil, read(t, path), "sh", "-n"); code != 0 {
			t.Errorf("%s: %s", path, out)
		}
	}
}

// boot runs the user data below a folder, with a curl that brings the binary,
// and secrets from a local store.
func boot(t *testing.T, sum string) (root, out string, code int) {
	t.Helper()
	root, programs := t.TempDir(), t.TempDir()
	curl := "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" != -o ] || cp " + binary + " \"$2\"; shift; done\n"
	if err := os.WriteFile(filepath.Join(programs, "curl"), []byte(curl), 0o755); err != nil {
		t.Fatal(err)
	}
	store := "local:" + filepath.Join(t.TempDir(), "store.db")
	for _, args := range [][]string{
		{"setup"},
		{"put", "app.db.password", "a b+c/%'d", "env=prod", "service=app"},
		{"put", "app.session.key", "$k", "env=prod", "service=app"},
	} {
		credrender(t, append([]string{"--store", store}, args...)...)
	}
	out, code = clitest.Run(t.Context(), t, []string{
		"PATH=" + programs + ":" + clitest.SystemPath, "ROOT=" + root, "BINARY_SHA256=" + sum,
		"CREDRENDER_STORE=" + store, "CREDRENDER_STATE_DIR=" + filepath.Join(root, "state"),
	}, withoutHook(t, read(t, "ec2-user-data/user-data.sh")), "sh")
	return root, out, code
}

// withoutHook keeps the service manager of this machine out of it.
func withoutHook(t *testing.T, script string) string {
	t.Helper()
	const hook = "    hook: systemctl --no-block try-restart app\n"
	if !strings.Contains(script, hook) {
		t.Fatal("the script has no such hook any more")
	}
	return strings.Replace(script, hook, "", 1)
}

func TestUserDataRuns(t *testing.T) {
	if n := len(read(t, "ec2-user-data/user-data.sh")); n > 16<<10 {
		t.Errorf("%d bytes, EC2 takes 16384", n)
	}
	sum, code := clitest.Run(t.Context(), t, nil, "", "sha256sum", binary)
	if code != 0 {
		t.Fatal(sum)
	}
	root, out, code := boot(t, strings.Fields(sum)[0])
	if code != 0 || strings.Contains(out, "is not a credrender setting") || strings.Contains(out, "is no setting") {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	// The values as a shell and a program that reads .env files see them.
	rendered := filepath.Join(root, "etc/app/app.env")
	got, _ := clitest.Run(t.Context(), t, nil, "", "sh", "-c", ". "+rendered+`; printf '%s\n' "$DATABASE_URL" "$SESSION_KEY"`)
	want := "postgres://app:a%20b%2Bc%2F%25%27d@db.internal.example.com/app\n$k\n"
	if got != want {
		t.Errorf("%s says\n%swant\n%s", rendered, got, want)
	}
	if info, err := os.Stat(rendered); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", rendered, info.Mode(), err)
	}
}

func TestUserDataRefusesAnotherBinary(t *testing.T) {
	root, out, code := boot(t, strings.Repeat("0", 64))
	if code == 0 || !strings.Contains(out, "SHA-256") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if _, err := os.Stat(filepath.Join(root, "usr")); err == nil {
		t.Error("something was installed")
	}
}

var cronLine = regexp.MustCompile(`^((?:\S+ ){4}\S+|@reboot) root (.*)$`)

// Each line of the crontab has a schedule, and a command line that credrender knows.
func TestCrontabs(t *testing.T) {
	lines := 0
	for _, path := range []string{"crontab/credrender.cron"} {
		for line := range strings.Lines(read(t, path)) {
			m := cronLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				continue
			}
			lines++
			if _, err := schedule.Parse(m[1]); err != nil && m[1] != "@reboot" {
				t.Errorf("%s: %v", path, err)
			}
			args := strings.Fields(m[2])
			if args[0] != "credrender" {
				t.Errorf("%s runs %s", path, args[0])
			}
			credrender(t, append(args[1:], "--help")...) // unknown flags are refused all the same
		}
	}
	if lines != 3 {
		t.Errorf("%d lines of crontabs, expected 3", lines)
	}
}
