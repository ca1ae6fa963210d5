package config_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/config"
)

// tree writes files into a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		save(t, filepath.Join(dir, name), text)
	}
	return dir
}

func oneJob(name, dest string) string {
	return "jobs: [{name: " + name + ", content: x, dest: " + dest + "}]\n"
}

// summary says of each job what its file decides.
func summary(c *config.Config) (list []string) {
	for _, j := range c.Jobs {
		list = append(list, strings.TrimSpace(j.Name+" "+j.Files[0].Dest+" "+j.Store.Region+" "+j.Schedule.String()+" "+j.Context["env"]))
	}
	return list
}

func TestDirectoryKeepsSettingsLocal(t *testing.T) {
	dir := tree(t, map[string]string{
		"20.yaml":      "region: b\ncontext: {env: B}\n" + oneJob("b", "/b"),
		"10.yaml":      "region: a\nschedule: '@hourly'\n" + oneJob("a", "/a"),
		"30.yaml":      oneJob("c", "/c"),
		".hidden.yaml": "broken: [",
		"README.md":    "no config",
		"40.yml":       oneJob("d", "/d"),
	})
	c := mustLoad(t, dir)
	if diff := cmp.Diff([]string{"a /a a @hourly", "b /b b  B", "c /c"}, summary(c)); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{dir + "/10.yaml", dir + "/20.yaml", dir + "/30.yaml"}, c.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{dir + "/40.yml is not read: only *.yaml is"}, c.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if c.Settings.Store.Region != "" || c.Base.Store.Region != "" || c.Base.Context != nil || len(c.Broken) != 0 {
		t.Errorf("settings leak: %+v", c)
	}
}

func TestDirectoryDisablesBrokenFiles(t *testing.T) {
	dir := tree(t, map[string]string{
		"10.yaml": oneJob("a", "/a"),
		"20.yaml": "regoin: 1\ntabel: 2\n" + oneJob("b", "/b"),
		"30.yaml": "jobs: [",
		"40.yaml": oneJob("b", "/b"), // the broken file does not claim them
	})
	if err := os.Symlink("nowhere", dir+"/50.yaml"); err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, dir)
	if diff := cmp.Diff([]string{"a /a", "b /b"}, summary(c)); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	var got []string
	for _, err := range c.Broken {
		if _, ok := errors.AsType[*config.Error](err); !ok {
			t.Errorf("%v is no config.Error", err)
		}
		got = append(got, strings.ReplaceAll(err.Error(), dir+"/", ""))
	}
	want := []string{
		"20.yaml:1: regoin: unknown key (did you mean region?)\n20.yaml:2: tabel: unknown key (did you mean table?)",
		"30.yaml:1: not valid YAML: did not find expected node content",
		"50.yaml: no such file or directory",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("broken (-want +got):\n%s", diff)
	}
}

// The job that was there first, in the order of the files, stays.
func TestDirectoryDuplicates(t *testing.T) {
	dir := tree(t, map[string]string{
		"10.yaml": oneJob("a", "/a"),
		"20.yaml": oneJob("a", "/b"),
		"30.yaml": oneJob("c", "/a"),
		"40.yaml": oneJob("d", "/d"),
	})
	c := mustLoad(t, dir)
	if diff := cmp.Diff([]string{"a /a", "d /d"}, summary(c)); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	got := strings.ReplaceAll(errors.Join(c.Broken...).Error(), dir+"/", "")
	want := "20.yaml:1: jobs[0].name: a job of this name is already at 10.yaml:1\n" +
		"30.yaml:1: jobs[0].dest: /a is already written by 10.yaml:1"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDirectoryAgreesOnTheProcess(t *testing.T) {
	dir := tree(t, map[string]string{
		"10.yaml": "state_dir: /s\nlog_level: debug\n" + oneJob("a", "/a"),
		"20.yaml": "state_dir: /s\ntimeout: 5s\nbroken: x\n", // what is right in it counts
		"30.yaml": "state_dir: /other\n" + oneJob("c", "/c"),
	})
	c := mustLoad(t, dir)
	if c.Settings.StateDir != "/s" || c.Settings.Timeout.String() != "5s" || c.Settings.LogLevel.String() != "DEBUG" {
		t.Errorf("got %+v", c.Settings)
	}
	if len(c.Broken) != 2 || !strings.HasSuffix(c.Broken[1].Error(), "30.yaml:1: state_dir: "+dir+"/10.yaml:1 has another value, and this setting applies to all files") {
		t.Errorf("got %v", c.Broken)
	}
	c, err := config.Load(t.Context(), config.Options{Flags: map[string]string{"config": dir, "state-dir": "/flag"}, EUID: me})
	if err != nil || c.Settings.StateDir != "/flag" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestDirectoryKeepsOwnersLocal(t *testing.T) {
	dir := tree(t, map[string]string{
		"10.yaml": "trusted_owners: [7]\n" + oneJob("a", "/a"),
		"20.yaml": "trusted_owners: [8]\n" + oneJob("b", "/b"),
	})
	c, err := config.Load(t.Context(), config.Options{Flags: map[string]string{"config": dir, "trusted-owner": "1,2,3"}, EUID: me})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]int{{1, 2, 3, 7}, {1, 2, 3, 8}}, [][]int{c.Jobs[0].Owners, c.Jobs[1].Owners}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDirectoryEmpty(t *testing.T) {
	if c := mustLoad(t, t.TempDir()); len(c.Files) != 0 || len(c.Jobs) != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestLoadStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := config.Load(ctx, config.Options{Flags: map[string]string{"config": write(t, "")}, EUID: me})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
