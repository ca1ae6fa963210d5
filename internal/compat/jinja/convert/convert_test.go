package convert_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/compat/jinja/convert"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

const testdata = "../testdata/"

func read(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(data, into) // unlike encoding/json it has ints
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Each template of the corpus that is carried over whole renders what credsmash
// renders.
func TestWhatIsConvertedRendersTheSame(t *testing.T) {
	var vars map[string]any
	var secrets map[string]string
	read(t, testdata+"vars.json", &vars)
	read(t, testdata+"secrets.json", &secrets)
	resolver := template.Resolver{Source: stored(secrets)}
	paths, err := filepath.Glob(testdata + "corpus/*.j2")
	if err != nil {
		t.Fatal(err)
	}
	// Equal as data and not as bytes, or printed otherwise by Go: docs/credsmash.md.
	otherwise := map[string]bool{
		"dotenv": true, "shell": true, "sh_only_unsafe": true, // other quotes, same value
		"json_file": true, "minjson": true, "yaml_file": true, // other JSON, same value
		"ini": true, "undefined_var": true, "with_block": true, // what is not there is an error
		"unicode": true, // len and index count bytes
	}
	whole := 0
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".j2")
		want, refused := os.ReadFile(strings.TrimSuffix(path, ".j2") + ".out")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out, left, err := convert.Convert(string(text), convert.Options{ObjName: "secrets", KeyFmt: "{0}"})
		if err != nil || len(left) > 0 || refused != nil || otherwise[name] {
			continue
		}
		whole++
		tmpl, err := template.Parse(out, template.Options{Name: name, Vars: vars})
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
			continue
		}
		got, err := template.Render(t.Context(), tmpl, resolver)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
			continue
		}
		if diff := cmp.Diff(string(want), string(got.Bytes)); diff != "" {
			t.Errorf("%s (-credsmash +converted):\n%s\n%s", name, diff, out)
		}
	}
	t.Logf("%d of %d templates are carried over whole", whole, len(paths))
	if whole < 17 {
		t.Errorf("only %d of %d templates are carried over whole", whole, len(paths))
	}
}

// stored is a source of secrets in memory.
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
