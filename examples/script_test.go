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

// released returns an archive with the part of a release that user data installs, and its
// sum. TestPackageArchive of test/interop finds the same files in a real one.
func released(t *testing.T) (archive, sum string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "systemd"), os.DirFS("../packaging/systemd")); err != nil {
		t.Fatal(err)
	}
	archive = filepath.Join(t.TempDir(), "credrender.tar.gz")
	out, code := clitest.Run(t.Context(), t, nil, "", "sh", "-ec",
		`cp "$1" "$2/credrender"; tar -C "$2" -cf - credrender systemd | gzip -1 > "$3"; sha256sum < "$3"`, "sh", binary, dir, archive)
	if code != 0 {
		t.Fatal(out)
	}
	return archive, strings.Fields(out)[0]
}

// boot runs the user data below a folder that holds the directory which tells what
// schedules there, with a program that brings the archive, and secrets from a local store.
func boot(t *testing.T, downloader, scheduler, archive, sum string) (root, out string, code int) {
	t.Helper()
	root, programs := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, scheduler), 0o755); err != nil {
		t.Fatal(err)
	}
	brings := "#!/bin/sh\nwhile [ $# -gt 0 ]; do case $1 in -o | -O) cp " + archive + " \"$2\" ;; esac; shift; done\n"
	if err := os.WriteFile(filepath.Join(programs, downloader), []byte(brings), 0o755); err != nil {
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
		"PATH=" + programs + ":" + clitest.SystemPath, "ROOT=" + root, "ARCHIVE_URL=https://example.com/release", "ARCHIVE_SHA256=" + sum,
		"CREDRENDER_STORE=" + store, "CREDRENDER_STATE_DIR=" + filepath.Join(root, "state"),
	}, withoutHook(t, read(t, "ec2-user-data/user-data.sh")), "sh")
	return root, out, code
}

// withoutHook keeps the service manager of this machine out of it.
func withoutHook(t *testing.T, script string) string {
	t.Helper()
	const hook = "    hook: $hook\n"
	if !strings.Contains(script, hook) {
		t.Fatal("the script has no such hook any more")
	}
	return strings.Replace(script, hook, "", 1)
}

func TestUserDataRuns(t *testing.T) {
	t.Parallel()
	if n := len(read(t, "ec2-user-data/user-data.sh")); n > 16<<10 {
		t.Errorf("%d bytes, EC2 takes 16384", n)
	}
	archive, sum := released(t)
	for name, c := range map[string]struct{ scheduler, scheduled, line string }{
		"systemd": {"run/systemd/system", "etc/systemd/system/credrender-render.timer", "OnCalendar=*:0/5"},
		"crond":   {"etc/crontabs", "etc/crontabs/root", "*/5 * * * * /usr/local/bin/credrender render --splay 2m"},
	} {
		t.Run(name, func(t *testing.T) {
			root, out, code := boot(t, "curl", c.scheduler, archive, sum)
			if code != 0 || strings.Contains(out, "is not a credrender setting") {
				t.Fatalf("exit code %d:\n%s", code, out)
			}
			wantRendered(t, filepath.Join(root, "etc/app/app.env"))
			if got := read(t, filepath.Join(root, c.scheduled)); !strings.Contains(got, c.line+"\n") {
				t.Errorf("%s has no line %s:\n%s", c.scheduled, c.line, got)
			}
		})
	}
}

// wantRendered compares the values as a shell and a program that reads .env files see them.
func wantRendered(t *testing.T, path string) {
	t.Helper()
	got, _ := clitest.Run(t.Context(), t, nil, "", "sh", "-c", ". "+path+`; printf '%s\n' "$DATABASE_URL" "$SESSION_KEY"`)
	want := "postgres://app:a%20b%2Bc%2F%25%27d@db.internal.example.com/app\n$k\n"
	if got != want {
		t.Errorf("%s says\n%swant\n%s", path, got, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", path, info.Mode(), err)
	}
}

// A download that is not the release is described, and nothing is installed.
func TestUserDataRefusesAnotherArchive(t *testing.T) {
	t.Parallel()
	page := write(t, "error.html", "<html>403 Forbidden by proxy</html>\n")
	wanted := strings.Repeat("0", 64)
	root, out, code := boot(t, "curl", "run/systemd/system", page, wanted)
	got, _ := clitest.Run(t.Context(), t, nil, read(t, page), "sha256sum")
	for _, want := range []string{
		"https://example.com/release: wrong checksum; nothing is installed", "want SHA-256 " + wanted, "got  SHA-256 " + strings.Fields(got)[0],
		"36 bytes that begin with: <html>403 Forbidden by proxy</html>",
	} {
		if code == 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, want %q in\n%s", code, want, out)
		}
	}
	wantNothingInstalled(t, root)
}

// Without a scheduler the file would be rendered once and grow old in silence.
func TestUserDataRefusesWithoutScheduler(t *testing.T) {
	t.Parallel()
	archive, sum := released(t)
	root, out, code := boot(t, "curl", "etc", archive, sum)
	if code == 0 || !strings.Contains(out, "neither systemd nor /etc/crontabs") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	wantNothingInstalled(t, root)
}

func wantNothingInstalled(t *testing.T, root string) {
	t.Helper()
	for _, dir := range []string{"usr", "etc/credrender", "etc/app"} {
		if _, err := os.Stat(filepath.Join(root, dir)); err == nil {
			t.Errorf("%s was made", dir)
		}
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
