package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credrender/credrender/test/clitest"
)

var binary string

func TestMain(m *testing.M) { os.Exit(clitest.Main(m, &binary)) }

// credrender runs the binary, which must exit with 0, with a state of its own.
func credrender(t *testing.T, args ...string) string {
	t.Helper()
	out, code := clitest.Run(t.Context(), t, []string{"CREDRENDER_STATE_DIR=" + t.TempDir()}, "", append([]string{binary}, args...)...)
	if code != 0 {
		t.Fatalf("%q: exit code %d:\n%s", args, code, out)
	}
	return out
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// write puts a text into a folder of its own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// without takes out what needs root or programs that are not here: groups, and
// the lines of checks and hooks.
func without(text string) string {
	text = strings.NewReplacer(", group: logstash", "", ", owner: root, group: root", "", ", owner: root, group: www-data", "").Replace(text)
	var kept []string
	for line := range strings.Lines(text) {
		key, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		if key != "verify" && key != "hook" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// Every config of the examples: what lint finds, and what comes out where.
func TestConfigs(t *testing.T) {
	pair := newPair(t)
	tls := func(ca, crt, key, context string) string {
		return "secret:\n  " + ca + "?" + context + ": " + quote(pair.crt) + "\n  " +
			crt + "?" + context + ": " + quote(pair.crt) + "\n  " + key + "?" + context + ": " + quote(pair.key) + "\n"
	}
	for path, c := range map[string]struct {
		fixtures string
		files    map[string]string
	}{
		"crontab/credrender.yaml": {read(t, "crontab/fixtures.yaml"), map[string]string{
			"etc/billing/config.json": `"password": "quo\"te"`,
		}},
		"nginx/credrender.yaml": {"secret:\n" +
			"  web.tls.crt: " + quote(pair.crt) + "\n  web.tls.key: " + quote(pair.key) + "\n  web.upstream.ca: " + quote(pair.crt) + "\n" +
			"  web.upstream.password: u\n  web.admin.password: a\n", map[string]string{
			"etc/nginx/nginx.conf": "server_name www.example.com;", "etc/nginx/htpasswd": "admin:$",
		}},
		"logstash-beats/logstash.yaml": {tls("logstash.ca.crt", "logstash.server.crt", "logstash.server.key", "env=prod&role=server"), map[string]string{
			"etc/logstash/conf.d/10-beats.conf": `ssl_client_authentication => "required"`, "etc/logstash/tls/server.key": "PRIVATE KEY",
		}},
		"logstash-beats/filebeat.yaml": {tls("beats.ca.crt", "beats.client.crt", "beats.client.key", "env=prod&role=client"), map[string]string{
			"etc/filebeat/filebeat.yml": `hosts: ["logstash.internal.example.com:5044"]`, "etc/filebeat/tls/client.key": "PRIVATE KEY",
		}},
	} {
		t.Run(path, func(t *testing.T) {
			config := filepath.Join(copyOf(t, filepath.Dir(path)), filepath.Base(path))
			if out := credrender(t, "-c", config, "lint"); strings.Contains(out, "warning") {
				t.Errorf("lint:\n%s", out)
			}
			if err := os.WriteFile(config, []byte(without(read(t, path))), 0o644); err != nil {
				t.Fatal(err)
			}
			root := newRoot(t)
			credrender(t, "-c", config, "render", "--fixtures", write(t, "fixtures.yaml", c.fixtures), "--root", root)
			for dest, want := range c.files {
				if got := read(t, filepath.Join(root, dest)); !strings.Contains(got, want) {
					t.Errorf("%s has no %s:\n%s", dest, want, got)
				}
			}
		})
	}
}

// copyOf copies an example's files, since configs are read with their
// templates beside them.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// newRoot is a folder with what packages would have made.
func newRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"etc/nginx", "etc/logstash/conf.d", "etc/logstash/tls", "etc/filebeat/tls", "secrets"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
