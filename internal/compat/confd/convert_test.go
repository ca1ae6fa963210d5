package confd_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/compat/confd"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// stored is a source of parameters and secrets in memory, by full key.
type stored map[string]string

func (s stored) Fetch(_ context.Context, refs []source.Ref) map[source.Ref]source.Result {
	results := map[source.Ref]source.Result{}
	for _, ref := range refs {
		if v, ok := s[ref.Name]; ok {
			results[ref] = source.Result{Secret: source.NewSecret([]byte(v))}
		} else {
			results[ref] = source.Result{Err: source.ErrNotFound}
		}
	}
	return results
}

func (s stored) Glob(_ context.Context, pattern source.Ref) (map[string]source.Result, error) {
	results := map[string]source.Result{}
	for name, v := range s {
		if source.Match(pattern.Name, name) {
			results[name] = source.Result{Secret: source.NewSecret([]byte(v))}
		}
	}
	return results, nil
}

// flatten returns the values of a document by path.
func flatten(into map[string]string, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			flatten(into, at+"/"+name, inner)
		}
	case string:
		into[at] = v
	}
}

func values(t *testing.T) stored {
	t.Helper()
	data, err := os.ReadFile("testdata/corpus/values.yaml")
	var doc any
	if err == nil {
		err = yaml.Unmarshal(data, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := stored{}
	flatten(all, "", doc)
	return all
}

// TestConvertedRendersWhatConfdRenders compares with what confd made of the corpus, which
// testdata/record.sh has recorded.
func TestConvertedRendersWhatConfdRenders(t *testing.T) {
	all := values(t)
	variables := map[string]string{}
	text, err := os.ReadFile("testdata/env/environment")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		variables[name] = value
	}
	for _, c := range []struct {
		corpus string
		o      confd.Options
		host   template.Host
	}{
		{"corpus", confd.Options{Backend: "ssm"}, template.Host{}},
		{"corpus", confd.Options{Backend: "secret"}, template.Host{}},
		{"corpus", confd.Options{Backend: "file", File: "/values.yaml"}, template.Host{ReadFile: func(string) ([]byte, error) {
			return os.ReadFile("testdata/corpus/values.yaml")
		}}},
		{"env", confd.Options{Backend: "env"}, template.Host{}},
	} {
		t.Run(c.o.Backend, func(t *testing.T) {
			folder := filepath.Join("testdata", c.corpus)
			files, left, err := confd.Convert(os.DirFS(folder), c.o)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range left {
				t.Errorf("%s:%d: %s", l.File, l.Line, l.What)
			}
			c.host.LookupEnv = func(name string) (string, bool) { v, ok := variables[name]; return v, ok }
			resolver := template.Resolver{Source: all, Host: c.host, AllowNoMatch: func(source.Ref) bool { return true }}
			compared := 0
			for name, src := range jobs(t, files) {
				want, err := os.ReadFile(filepath.Join(folder, "want", name))
				if err != nil {
					t.Fatal(err)
				}
				compared++
				if diff := cmp.Diff(string(want), render(t, src, resolver)); diff != "" {
					t.Errorf("%s (-confd +converted):\n%s\n%s", name, diff, src)
				}
			}
			entries, err := os.ReadDir(filepath.Join(folder, "want"))
			if err != nil || compared != len(entries) {
				t.Errorf("%d of %d compared: %v", compared, len(entries), err)
			}
		})
	}
}

func render(t *testing.T, src string, resolver template.Resolver) string {
	t.Helper()
	parsed, err := template.Parse(src, template.Options{Name: "t"})
	if err != nil {
		t.Errorf("%v\n%s", err, src)
		return ""
	}
	out, err := template.Render(t.Context(), parsed, resolver)
	if err != nil {
		t.Errorf("%v\n%s", err, src)
	}
	return string(out.Bytes)
}

// jobs returns the templates of a converted config, by job.
func jobs(t *testing.T, files []confd.File) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Name] = string(f.Data)
	}
	var config struct {
		Jobs []struct{ Name, Src string }
	}
	if err := yaml.Unmarshal([]byte(texts[confd.ConfigName]), &config); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, j := range config.Jobs {
		text, ok := texts[j.Src]
		if !ok {
			t.Errorf("job %s has the template %s, which is not in the result", j.Name, j.Src)
		}
		found[j.Name] = text
	}
	return found
}
