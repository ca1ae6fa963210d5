package hook_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
)

func TestExpand(t *testing.T) {
	const odd = "/etc/o'dd name"
	tests := map[string]struct {
		command   job.Command
		src, dest string
		want      job.Command
	}{
		"nothing":        {},
		"list":           {list("jq", ".", "{{.src}}"), "/a b", "/d", list("jq", ".", "/a b")},
		"inside a word":  {list("--in={{.src}}:{{ .dest }}"), "/s", "/d", list("--in=/s:/d")},
		"string":         {shell("jq . {{.src}} {{.dest}}"), "/s", "/d.json", shell("jq . /s /d.json")},
		"string, quoted": {shell("cat {{.src}}"), odd, "/d", shell(`cat '/etc/o'\''dd name'`)},
		"own quotes":     {shell(`cat "{{.src}}"`), "/s", "/d", shell(`cat "/s"`)},
		"empty path":     {shell("cat {{.src}}"), "", "", shell("cat ''")},
		"once only":      {list("{{.src}}"), "{{.dest}}", "/d", list("{{.dest}}")},
		"other braces":   {shell("docker ps --format '{{.Names}}' {{.srcs}}"), "/s", "/d", shell("docker ps --format '{{.Names}}' {{.srcs}}")},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, hook.Expand(tc.command, tc.src, tc.dest)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What Expand quotes, a shell reads back.
func TestExpandedPathReachesTheCommand(t *testing.T) {
	for _, path := range []string{"/plain", "/o'dd", `/a b"c`, "/$(touch x)`y`", "/new\nline", "/é*?[a]", "~"} {
		got, err := hook.Run(t.Context(), spec(hook.Expand(shell("printf %s {{.src}}"), path, "")))
		if err != nil || got.Output != path {
			t.Errorf("got %q, %v, want %q", got.Output, err, path)
		}
	}
}

func TestEnviron(t *testing.T) {
	got := hook.Environ("/root", map[string]string{
		"PATH": "/opt/bin", "B": "2", "CREDRENDER_JOB": "forged", "CREDRENDER_CHANGED": "forged",
	}, "web", []string{"/a", "/b"})
	want := []string{"B=2", "CREDRENDER_CHANGED=/a\n/b", "CREDRENDER_JOB=web", "HOME=/root", "PATH=/opt/bin"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got = hook.Environ("/", map[string]string{"CREDRENDER_CHANGED": "forged"}, "web", nil)
	want = []string{"CREDRENDER_JOB=web", "HOME=/", "PATH=" + hook.SystemPath}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMisplaced(t *testing.T) {
	for _, c := range []struct {
		command string
		isCheck bool
		want    string
	}{
		{"nginx -t -c {{.src}}", true, ""},
		{"diff {{ .src }} {{.dest}}", true, ""},
		{"nginx -t -c {{.dst}}", true, "{{.dst}}"},
		{"nginx -t -c {{ .Src }}", true, "{{ .Src }}"},
		{"nginx -t -c {{src}}", true, "{{src}}"},
		{"nginx -t -c {{.src}", true, "{{.src}"},
		{"nginx -t -c {{.src|quote}}", true, "{{.src|quote}}"},
		{"nginx -t -c '{{.dest.name}}'", true, "{{.dest.name}}"},
		{"echo {{.dest", false, "{{.dest"},
		{"jq '{{.srcset}}'", true, ""},
		{"install {{.dest}} /x", false, "{{.dest}}"},
		{"docker ps --format '{{.Names}}'", false, ""},
		{"kubectl get x -o go-template='{{.data}}'", true, ""},
	} {
		for _, cmd := range []job.Command{{Shell: c.command}, {Args: strings.Fields(c.command)}} {
			if len(cmd.Args) > 0 && strings.Contains(c.command, "{{ ") {
				continue
			}
			if got := hook.Misplaced(cmd, c.isCheck); got != c.want {
				t.Errorf("%q in a check %v: %q", c.command, c.isCheck, got)
			}
		}
	}
}

func TestReadsStaged(t *testing.T) {
	for command, want := range map[string]bool{"nginx -t": false, "nginx -t -c {{ .src }}": true, "cmp {{.dest}} x": false} {
		if got := hook.ReadsStaged(job.Command{Shell: command}); got != want {
			t.Errorf("%q: got %v", command, got)
		}
	}
	if !hook.ReadsStaged(job.Command{Args: []string{"jq", ".", "{{.src}}"}}) {
		t.Error("a list: got false")
	}
}
