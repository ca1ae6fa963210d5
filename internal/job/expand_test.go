package job_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// each returns a job of one file per entry.
func each(dest string, entries ...template.Entry) *job.Job {
	return &job.Job{Vars: map[string]any{"dir": "vars"}, Files: []job.File{{Content: "x", Dest: dest, Each: &job.Each{Entries: entries}}}}
}

func dests(j *job.Job) (list []string) {
	for _, f := range j.Files {
		list = append(list, f.Dest)
	}
	return list
}

func TestExpandEach(t *testing.T) {
	values := []template.Entry{{Key: "a", Value: map[string]any{"kind": "web"}}, {Key: "b", Value: map[string]any{"kind": "db"}}}
	got, err := job.Expand(each("/etc/{{ .Vars.dir }}/{{ .Value.kind }}/x-{{ .Key | upper }}.conf", values...), job.World{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/etc/vars/web/x-A.conf", "/etc/vars/db/x-B.conf"}, dests(got)); diff != "" {
		t.Error(diff)
	}
	if got.IsMany() || got.Files[1].Entry.Key != "b" {
		t.Errorf("got %+v", got.Files)
	}
}

// No entry leads to another directory than the one that the config states.
func TestExpandRefusesPaths(t *testing.T) {
	for _, key := range []string{"../x", "..", ".", "a/b", "/", "a\nb", "a\x00b", ""} {
		_, err := job.Expand(each("/etc/app/{{ .Key }}", template.Entry{Key: key}), job.World{})
		if !errors.Is(err, job.ErrFiles) {
			t.Errorf("%q: got %v", key, err)
		}
	}
	for dest, key := range map[string]string{"/etc/{{ .Key }}": "..", "/etc/.{{ .Key }}/shadow": ".", "/etc/{{ .Key }}/x": "..", "{{ .Key }}/x": "etc", "/etc/{{ .Key }}/": "a"} {
		if _, err := job.Expand(each(dest, template.Entry{Key: key}), job.World{}); !errors.Is(err, job.ErrFiles) {
			t.Errorf("%s of %s: got %v", dest, key, err)
		}
	}
}

func TestExpandBounds(t *testing.T) {
	var entries []template.Entry
	for i := range 10_001 {
		entries = append(entries, template.Entry{Key: fmt.Sprintf("%09d", i)})
	}
	if _, err := job.Expand(each("/etc/{{ .Key }}", entries...), job.World{}); !errors.Is(err, job.ErrFiles) {
		t.Errorf("too many: got %v", err)
	}
	long := each("/etc/"+strings.Repeat("x", 100)+"/{{ .Key }}", entries[:1000]...)
	if _, err := job.Expand(long, job.World{}); err != nil {
		t.Errorf("without commands: %v", err)
	}
	long.Hook = job.Command{Shell: "true"}
	if _, err := job.Expand(long, job.World{}); !errors.Is(err, job.ErrFiles) {
		t.Errorf("paths that no variable holds: got %v", err)
	}
}

func TestExpandFolderAndPattern(t *testing.T) {
	j := &job.Job{Files: []job.File{
		{Src: "/src", Folder: true, Dest: "/out", Mode: nil},
		{Content: "x", Dest: "/names/{{ .Key }}", Each: &job.Each{Pattern: source.Ref{Name: "tls.*"}}},
	}}
	w := job.World{
		Tree:  func(string) ([]string, error) { return []string{"a.tmpl", "b", "sub/c.conf.tmpl"}, nil },
		Names: func(source.Ref) ([]string, error) { return []string{"tls.a"}, nil },
	}
	got, err := job.Expand(j, w)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/out/a", "/out/b", "/out/sub/c.conf", "/names/tls.a"}, dests(got)); diff != "" {
		t.Error(diff)
	}
	if got.Files[0].Verbatim || !got.Files[1].Verbatim || got.Files[1].Src != "/src/b" {
		t.Errorf("got %+v", got.Files)
	}
	if len(j.Files) != 2 || !j.IsMany() {
		t.Error("the job itself was changed")
	}
}
