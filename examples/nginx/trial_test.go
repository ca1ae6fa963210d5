package nginx_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/examples/nginx"
)

type file struct {
	Src, Secret, Dest, Mode, Owner, Group, Format string
}

type config struct {
	Jobs []struct {
		Vars         map[string]string
		Files        []file
		Verify, Hook string
	}
}

func TestTrialChangesOnlyWhatItSays(t *testing.T) {
	trial := nginx.Trial{
		Root: "/srv/trial", HTTP: "127.0.0.1:8080", HTTPS: "127.0.0.1:8443",
		Upstream: "127.0.0.1:9443", UpstreamName: "localhost", User: "me",
		Verify: "nginx -t -c /srv/trial/etc/nginx/nginx.conf",
	}
	want := parse(t, must(nginx.FS.ReadFile("credrender.yaml"))(t))
	want.Jobs[0].Vars = map[string]string{
		"server_name": want.Jobs[0].Vars["server_name"],
		"prefix":      "/srv/trial", "http": "127.0.0.1:8080", "https": "127.0.0.1:8443",
		"upstream": "127.0.0.1:9443", "upstream_name": "localhost", "user": "me",
	}
	want.Jobs[0].Verify, want.Jobs[0].Hook = trial.Verify, ""
	for i := range want.Jobs[0].Files {
		want.Jobs[0].Files[i].Owner, want.Jobs[0].Files[i].Group = "", ""
	}
	got := parse(t, must(trial.Config())(t))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config of a trial (-want +got):\n%s", diff)
	}
}

func TestTrialOfRootKeepsOwners(t *testing.T) {
	production := parse(t, must(nginx.FS.ReadFile("credrender.yaml"))(t))
	got := parse(t, must(nginx.Trial{Root: "/srv/trial"}.Config())(t))
	if diff := cmp.Diff(production.Jobs[0].Files, got.Jobs[0].Files); diff != "" {
		t.Errorf("files (-production +trial):\n%s", diff)
	}
}

// Every value that a template uses must be in the job's vars, or the render
// of somebody who copies the example fails.
func TestTemplatesUseOnlyDeclaredVars(t *testing.T) {
	declared := parse(t, must(nginx.FS.ReadFile("credrender.yaml"))(t)).Jobs[0].Vars
	text := string(must(nginx.FS.ReadFile("nginx.conf.tmpl"))(t))
	parts := strings.Split(text, ".Vars.")[1:]
	if len(parts) == 0 {
		t.Fatal("nginx.conf.tmpl uses no vars")
	}
	for _, part := range parts {
		name, _, _ := strings.Cut(part, " ")
		if _, ok := declared[name]; !ok {
			t.Errorf("nginx.conf.tmpl uses .Vars.%s, which credrender.yaml does not have", name)
		}
	}
}

func TestWriteMakesWhatTheConfigNames(t *testing.T) {
	root := t.TempDir()
	path := must(nginx.Trial{Root: root}.Write())(t)
	cfg := parse(t, must(os.ReadFile(path))(t))
	for _, f := range cfg.Jobs[0].Files {
		if f.Src != "" {
			must(os.Stat(filepath.Join(filepath.Dir(path), f.Src)))(t)
		}
		must(os.Stat(filepath.Join(root, filepath.Dir(f.Dest))))(t)
	}
}

func parse(t *testing.T, text []byte) config {
	t.Helper()
	var c config
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
