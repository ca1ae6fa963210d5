package config_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/document"
)

const me = 1000 // anybody but root: no trust checks

// write puts a file into a new directory and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	save(t, path, text)
	return path
}

func save(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// load loads a config with a home directory and no other environment.
func load(t *testing.T, path string) (*config.Config, error) {
	t.Helper()
	return config.Load(t.Context(), config.Options{
		Flags:   map[string]string{"config": path},
		Environ: []string{"HOME=/home/me"},
		EUID:    me,
	})
}

func mustLoad(t *testing.T, path string) *config.Config {
	t.Helper()
	c, err := load(t, path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mode(m fs.FileMode) *fs.FileMode { return &m }

// manual is the example of the manual.
const manual = `
region: eu-west-1
context: {env: prod}                 # for jobs only
contexts:
  web: {Env: prod, app.tier: web}    # keys keep their case and dots
schedule: "*/5 * * * *"
splay: 2m
jobs:
  - name: web-tls
    files:
      - {src: nginx.conf.tmpl, dest: /etc/nginx/nginx.conf, mode: "0644"}
      - {secret: web.tls.key, context: web, dest: /etc/nginx/tls.key, mode: 0600, owner: root, group: 33}
      - {secret: web.tls.crt, context: {}, dest: /etc/nginx/../nginx/tls.crt, mode: 0o644}
    keypairs: [{cert: /etc/nginx/tls.crt, key: /etc/nginx/tls.key}]
    verify: nginx -t
    hook: systemctl try-reload-or-restart nginx
  - {name: app, src: app.json.tmpl, dest: /run/app/config.json, format: json, check: [jq, ., "{{.src}}"], hook: [systemctl, try-restart, app]}
`

// ofManual is what the file of that path says.
func ofManual(path string) *config.Config {
	dir := filepath.Dir(path)
	base := job.Job{
		CheckTimeout: 30 * time.Second,
		HookTimeout:  2 * time.Minute,
		PruneLimit:   10,
		Contexts:     map[string]map[string]string{"web": {"Env": "prod", "app.tier": "web"}},
		Context:      map[string]string{"env": "prod"},
		Schedule:     schedule.MustParse("*/5 * * * *"),
		Splay:        2 * time.Minute,
		Store:        job.Store{Kind: "dynamodb", Table: "credential-store", Key: "alias/credstash", Region: "eu-west-1"},
	}
	web, app := base, base
	web.ID, web.Name, web.Origin = path+"#web-tls", "web-tls", path+":9"
	web.Files = []job.File{{
		Src: dir + "/nginx.conf.tmpl", Origin: path + ":11",
		Dest: "/etc/nginx/nginx.conf", Mode: mode(0o644),
	}, {
		Secret: source.Ref{Name: "web.tls.key"}, Origin: path + ":12", Context: map[string]string{"Env": "prod", "app.tier": "web"},
		Dest: "/etc/nginx/tls.key", Mode: mode(0o600), Owner: "root", Group: "33",
	}, {
		Secret: source.Ref{Name: "web.tls.crt"}, Origin: path + ":13", Context: map[string]string{},
		Dest: "/etc/nginx/tls.crt", Mode: mode(0o644),
	}}
	web.Keypairs = []job.Keypair{{Cert: "/etc/nginx/tls.crt", Key: "/etc/nginx/tls.key"}}
	web.Verify = job.Command{Shell: "nginx -t"}
	web.Hook = job.Command{Shell: "systemctl try-reload-or-restart nginx"}
	app.ID, app.Name, app.Origin = path+"#app", "app", path+":17"
	app.Files = []job.File{{
		Src: dir + "/app.json.tmpl", Origin: path + ":17", Dest: "/run/app/config.json", Format: "json",
		Check: job.Command{Args: []string{"jq", ".", "{{.src}}"}},
	}}
	app.Hook = job.Command{Args: []string{"systemctl", "try-restart", "app"}}
	return &config.Config{
		Settings: config.Settings{
			Store: base.Store, StateDir: "/home/me/.local/state/credrender",
			Timeout: 2 * time.Minute, LogLevel: slog.LevelInfo, LogFormat: "text", FullRefresh: 10 * time.Minute, BootWait: 2 * time.Second, Ready: config.ReadyFiles,
		},
		Trust: config.Trust{EUID: me},
		Base:  base,
		Jobs:  []job.Job{web, app},
		Files: []string{path},
	}
}

func TestLoadJobs(t *testing.T) {
	path := write(t, manual)
	want := ofManual(path)
	got := mustLoad(t, path)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(source.Context{}), cmpopts.IgnoreFields(config.Config{}, "Read")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// What was read is the config, whatever the disk has meanwhile.
	if err := os.WriteFile(path, []byte("broken: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := config.Load(t.Context(), config.Options{Snapshot: &got.Read, Environ: []string{"HOME=/home/me"}, EUID: me})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Jobs, again.Jobs, cmp.AllowUnexported(source.Context{})); diff != "" {
		t.Errorf("from the snapshot (-want +got):\n%s", diff)
	}
}

// The keys that the manual's example does not show.
func TestLoadOtherKeys(t *testing.T) {
	path := write(t, `
vars: {port: 80, since: 2026-01-02, on: yes, list: [1, 2.5, true, null], deep: {A.b: x}}
jobs:
  - name: a
    source: /abs/a.tmpl
    destination: /a
    create_dirs: true
    in_place: true
    delims: ["[[", "]]"]
    timeout: 5s
    env: {PORT: "80", EMPTY: ""}
    vars: {port: 81}
    allow: ["web.*"]
    restrict: true
    schedule: "@hourly"
    splay: 0s
  - name: b
    files:
      - {content: "x", dest: /b1}
      - {secret: "s3://b/x?y=z", dest: /b2}
    hook: [notify, ""]
`)
	c := mustLoad(t, path)
	decimal, err := document.JSON("2.5")
	if err != nil {
		t.Fatal(err)
	}
	common := map[string]any{
		"since": "2026-01-02", "on": "yes",
		"list": []any{1, decimal, true, nil}, "deep": map[string]any{"A.b": "x"},
	}
	vars := func(port int) map[string]any {
		m := map[string]any{"port": port}
		for k, v := range common {
			m[k] = v
		}
		return m
	}
	a, b := c.Base, c.Base
	a.ID, a.Name, a.Origin = path+"#a", "a", path+":4"
	a.Files = []job.File{{
		Src: "/abs/a.tmpl", Origin: path + ":4", Dest: "/a", CreateDirs: true, InPlace: true, LeftDelim: "[[", RightDelim: "]]",
	}}
	a.CheckTimeout, a.HookTimeout = 5*time.Second, 5*time.Second
	a.Env = map[string]string{"PORT": "80", "EMPTY": ""}
	a.Vars = vars(81)
	a.Allow, a.Restrict = []string{"web.*"}, true
	a.Schedule, a.Splay = schedule.MustParse("@hourly"), 0
	b.ID, b.Name, b.Origin = path+"#b", "b", path+":17"
	b.Vars = vars(80)
	b.Files = []job.File{
		{Content: "x", Origin: path + ":19", Dest: "/b1"},
		{Secret: source.Ref{Source: "s3", Name: "b/x?y=z"}, Origin: path + ":20", Dest: "/b2"},
	}
	b.Hook = job.Command{Args: []string{"notify", ""}}
	if diff := cmp.Diff([]job.Job{a, b}, c.Jobs, cmp.AllowUnexported(source.Context{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadMode(t *testing.T) {
	for text, want := range map[string]fs.FileMode{
		`"0640"`: 0o640, `"640"`: 0o640, `'0o640'`: 0o640, "0640": 0o640, "0o640": 0o640, "00640": 0o640, `"0000"`: 0, "0777": 0o777,
	} {
		c := mustLoad(t, write(t, "jobs: [{name: a, content: x, dest: /a, mode: "+text+"}]"))
		if got := c.Jobs[0].Files[0].Mode; got == nil || *got != want {
			t.Errorf("%s: got %v, want %04o", text, got, want)
		}
	}
	const decimal, digits, special = "decimal number", "expected three octal digits", "are not supported"
	for text, want := range map[string]string{
		"640": decimal, "600": decimal, "4755": decimal, "416": decimal,
		"0": digits, "64": digits, `"064"`: digits, "0888": digits, "0x1a0": digits, `"u=rw"`: digits, "-640": digits, "0b1": digits, "6.40": digits, `""`: digits,
		`"01777"`: special, "04755": special, `"2750"`: special,
		"true": "expected octal digits, got true or false", "~": "got nothing", "[0640]": "got a list",
	} {
		_, err := load(t, write(t, "jobs: [{name: a, content: x, dest: /a, mode: "+text+"}]"))
		if err == nil || !strings.Contains(err.Error(), "jobs[0].mode: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestLoadMerge(t *testing.T) {
	c := mustLoad(t, write(t, `
contexts:
  base: &base {env: prod, tier: all}
  web: {<<: *base, tier: web}
  two: {<<: [{a: "1"}, {a: "2", b: "2"}]}
context: *base
jobs: []
`))
	want := map[string]map[string]string{
		"base": {"env": "prod", "tier": "all"}, "web": {"env": "prod", "tier": "web"}, "two": {"a": "1", "b": "2"},
	}
	if diff := cmp.Diff(want, c.Base.Contexts); diff != "" {
		t.Errorf("contexts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want["base"], c.Base.Context); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
}

// Jobs may share what they do not own, but changing one must not reach another.
func TestLoadJobsAreApart(t *testing.T) {
	c := mustLoad(t, write(t, `
contexts: {web: {a: b}}
vars: {x: 1}
jobs:
  - {name: a, content: x, dest: /a, context: web, vars: {x: 2}}
  - {name: b, content: x, dest: /b, context: web}
`))
	c.Jobs[0].Context["a"] = "changed"
	if got := c.Jobs[1].Context["a"]; got != "b" {
		t.Errorf("context of the other job: %q", got)
	}
	if got := c.Jobs[1].Vars["x"]; got != 1 {
		t.Errorf("var of the other job: %v", got)
	}
}

func TestLoadNothing(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "comment": "# none\n", "null": "~\n", "empty document": "---\n...\n", "settings": "table: t\n"} {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, write(t, text))
			if len(c.Jobs) != 0 || len(c.Files) != 1 {
				t.Errorf("got jobs %v, files %v", c.Jobs, c.Files)
			}
		})
	}
}

func TestLoadMissing(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.yaml")
	t.Run("named", func(t *testing.T) {
		_, err := load(t, missing)
		var e *config.Error
		if !errors.As(err, &e) || !errors.Is(err, fs.ErrNotExist) || err.Error() != missing+": no such file or directory" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("in the environment", func(t *testing.T) {
		_, err := config.Load(t.Context(), config.Options{Environ: []string{"CREDRENDER_CONFIG=" + missing}, EUID: me})
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("by default", func(t *testing.T) {
		c, err := config.Load(t.Context(), config.Options{Default: missing, EUID: me})
		if err != nil || len(c.Files) != 0 || c.Settings.Store.Table != "credential-store" {
			t.Errorf("got %+v, %v", c, err)
		}
	})
	t.Run("by default, in a file", func(t *testing.T) {
		_, err := config.Load(t.Context(), config.Options{Default: write(t, "nope: 1"), EUID: me})
		if err == nil {
			t.Error("a broken default config is no error")
		}
	})
	t.Run("none", func(t *testing.T) {
		if c := mustLoad(t, os.DevNull); len(c.Files) != 0 {
			t.Errorf("got files %v", c.Files)
		}
	})
	t.Run("by default, not readable", func(t *testing.T) {
		if os.Getuid() == 0 {
			t.Skip("root reads everything")
		}
		path := write(t, "table: x")
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(t.Context(), config.Options{Default: path, EUID: me})
		if err != nil || len(c.Files) != 0 || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "permission denied") {
			t.Errorf("got %+v, %v", c, err)
		}
		if _, err := load(t, path); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("asked for: got %v", err)
		}
	})
}
