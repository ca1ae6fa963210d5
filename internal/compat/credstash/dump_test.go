package credstash

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestYAMLIsPyYAMLs(t *testing.T) {
	var recorded struct{ Cases [][2]json.RawMessage }
	readJSON(t, "testdata/yaml.json", &recorded)
	if len(recorded.Cases) < 400 {
		t.Fatalf("%d cases", len(recorded.Cases))
	}
	for _, c := range recorded.Cases {
		var values map[string]string
		var want string
		unmarshal(t, c[0], &values)
		unmarshal(t, c[1], &want)
		if got := dumpYAML(values); got != want {
			t.Errorf("of %s (-want +got):\n%s", c[0], cmp.Diff(want, got))
		}
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	unmarshal(t, data, into)
}

func unmarshal(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}
