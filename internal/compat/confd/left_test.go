package confd_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/compat/confd"
	"github.com/credrender/credrender/pkg/template"
)

func folder(resource, text string) fstest.MapFS {
	return fstest.MapFS{
		"conf.d/app.toml":    {Data: []byte("[template]\nsrc = \"app.tmpl\"\ndest = \"/etc/app\"\nkeys = [\"/\"]\n" + resource)},
		"templates/app.tmpl": {Data: []byte(text)},
	}
}

// What has no equivalent is reported with its line, and fails where it stood.
func TestWhatIsLeft(t *testing.T) {
	for text, want := range map[string]string{
		`{{ if fileExists "/x" }}a{{ end }}`:                                  "fileExists",
		`{{ range lookupIP "h" }}{{ . }}{{ end }}`:                            "DNS",
		`{{ cgetv "/x" }}`:                                                    "crypt",
		`{{ include "x.tmpl" }}`:                                              "partials",
		`{{ nope "/x" }}`:                                                     "nope is not a function of confd",
		`{{ $x := getv "x" }}{{ $x }}`:                                        `key "x"`,
		`{{ getv "/x/" }}`:                                                    `key "/x/"`,
		`{{ getv }}`:                                                          "getv with 0 arguments",
		`{{ get "/x" "d" }}`:                                                  "get with 2 arguments",
		`{{ range gets $ }}{{ . }}{{ end }}`:                                  "computed otherwise",
		`{{ range gets (printf "/a/%s" "x") }}{{ . }}{{ end }}`:               "after its last /",
		`{{ range gets "a/*" }}{{ . }}{{ end }}`:                              "begin with /",
		`{{ ls "/" }}`:                                                        "ls of /",
		`{{ range reverse (gets "/a/*") }}{{ . }}{{ end }}`:                   "confd may leave it",
		`{{ range gets "/a/*" | reverse }}{{ . }}{{ end }}`:                   "confd may leave it",
		`{{ replace "a" "b" "c" 1 }}`:                                         "limited number",
		`{{ range seq 3 1 }}{{ . }}{{ end }}`:                                 "downwards",
		`{{ snakecase "aB" }}`:                                                "splits words",
		`{{ template "x" (lookupSRV "a" "b" "c") }}{{ define "x" }}{{ end }}`: "DNS",
	} {
		files, left, err := confd.Convert(folder("", "one\n"+text), confd.Options{Backend: "ssm"})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if len(left) != 1 || left[0].File != "templates/app.tmpl" || left[0].Line != 2 || !strings.Contains(left[0].What, want) {
			t.Errorf("%s: left are %+v, want %q", text, left, want)
		}
		parsed, err := template.Parse(string(files[1].Data), template.Options{Name: "app.tmpl"})
		if err != nil {
			t.Errorf("%s: %v\n%s", text, err, files[1].Data)
			continue
		}
		if out, err := template.Render(t.Context(), parsed, template.Resolver{Source: stored{}}); err == nil || !strings.Contains(err.Error(), "was not converted") {
			t.Errorf("%s renders %q, %v", files[1].Data, out.Bytes, err)
		}
	}
}

// Keys that the environment cannot have, and lists of it.
func TestWhatIsLeftOfTheEnvironment(t *testing.T) {
	for text, want := range map[string]string{
		`{{ getv "/a_b" }}`:                       "neither _ nor capitals",
		`{{ exists "/A" }}`:                       "neither _ nor capitals",
		`{{ range gets "/a/*" }}{{ . }}{{ end }}`: "not listed",
		`{{ ls "/a" }}`:                           "not listed",
	} {
		_, left, err := confd.Convert(folder("", text), confd.Options{Backend: "env"})
		if err != nil || len(left) != 1 || !strings.Contains(left[0].What, want) {
			t.Errorf("%s: left are %+v, %v, want %q", text, left, err, want)
		}
	}
}

// Keys of the resources and of confd.toml that have no equivalent.
func TestWhatIsLeftOfResources(t *testing.T) {
	f := folder("min_reload_interval = \"30s\"\nreload_cmd = \"x {{.src}}\"\ncheck_cmd_timeout = \"1s\"\nreload_cmd_timeout = \"2s\"\noutput_format = \"csv\"\n[backend]\nbackend = \"ssm\"\nnodes = [\"x\"]\n", "a")
	f["confd.toml"] = &fstest.MapFile{Data: []byte("interval = 300\nwatch = true\n")}
	files, left, err := confd.Convert(f, confd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []confd.Left{
		{"confd.toml", 2, "watch"},
		{"conf.d/app.toml", 5, "template.min_reload_interval"},
		{"conf.d/app.toml", 12, "backend.nodes"},
		{"conf.d/app.toml", 9, "output_format: no such format"},
		{"conf.d/app.toml", 7, "check_cmd_timeout: a job has one timeout"},
		{"conf.d/app.toml", 6, "reload_cmd: a hook has no {{.src}}: the staged file is no longer there"},
	}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Error(diff)
	}
	if config := string(files[0].Data); !strings.Contains(config, "@every 300s") || strings.Contains(config, "hook") {
		t.Error(config)
	}
}

// What cannot be converted at all, with file and line where there is one.
func TestFoldersThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		folder fstest.MapFS
		o      confd.Options
		want   string
	}{
		"no confd":        {fstest.MapFS{"a.txt": {}}, confd.Options{}, "not a folder of confd"},
		"no backend":      {folder("", "a"), confd.Options{}, "give --backend"},
		"vault":           {folder("", "a"), confd.Options{Backend: "vault"}, "reads no vault: move the values"},
		"dynamodb":        {folder("[backend]\nbackend = \"dynamodb\"\n", "a"), confd.Options{}, "conf.d/app.toml: credrender reads no dynamodb"},
		"file":            {folder("", "a"), confd.Options{Backend: "file"}, "give --file"},
		"malformed":       {folder("x = ", "a"), confd.Options{Backend: "ssm"}, "conf.d/app.toml:5:"},
		"no dest":         {fstest.MapFS{"conf.d/a.toml": {Data: []byte("[template]\nsrc = \"a\"\n")}}, confd.Options{}, "no src or no dest"},
		"no template":     {fstest.MapFS{"conf.d/a.toml": {Data: []byte("[template]\nsrc = \"a\"\ndest = \"/a\"\n")}}, confd.Options{Backend: "ssm"}, "template a: no such file"},
		"bad template":    {folder("", "\n{{ getv"), confd.Options{Backend: "ssm"}, "templates/app.tmpl:2"},
		"above":           {fstest.MapFS{"conf.d/a.toml": {Data: []byte("[template]\nsrc = \"../../a\"\ndest = \"/a\"\n")}}, confd.Options{Backend: "ssm"}, "../../a"},
		"prefix at twice": {fstest.MapFS{"confd.toml": {Data: []byte("prefix = \"/a\"\n")}, "conf.d/a.toml": {Data: []byte("[template]\nsrc = \"a\"\ndest = \"/a\"\nprefix = \"/b\"\n")}}, confd.Options{Backend: "ssm"}, "give --prefix"},
	} {
		if files, _, err := confd.Convert(c.folder, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want %q", name, files, err, c.want)
		}
	}
}

// A second conversion finds the same: no order of a map shows.
func TestConversionIsStable(t *testing.T) {
	first, _, err := confd.Convert(os.DirFS("testdata/corpus"), confd.Options{Backend: "ssm"})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, _, err := confd.Convert(os.DirFS("testdata/corpus"), confd.Options{Backend: "ssm"})
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	}
}
