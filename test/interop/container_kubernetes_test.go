//go:build interop

package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// kubernetes is the release whose schemas the example is checked against.
const kubernetes = "v1.34.2"

// kubeconform checks the manifests of examples/kubernetes against the schemas
// of Kubernetes itself, and finds the faults of a spoiled copy.
func TestContainerManifests(t *testing.T) {
	if !isFull() {
		t.Skip("only make interop-full fetches the schemas of Kubernetes (107 MB)")
	}
	schemas := kubernetesSchemas(t)
	check := newCommand(t, "go", append(os.Environ(), "HOME="+os.Getenv("HOME")), "-C", absolute(t, "../../tools"), "tool", "kubeconform",
		"-strict", "-summary", "-schema-location", schemas+"/{{.ResourceKind}}.json")
	check.path = program(t, "go")
	r := check.want(t, 0, absolute(t, "../../examples/kubernetes/deployment.yaml"))
	if !strings.Contains(r.Stdout, "3 resources found in 1 file - Valid: 3") {
		t.Errorf("kubeconform reports:\n%s", r.Stdout)
	}
	text := readFile(t, "../../examples/kubernetes/deployment.yaml")
	for name, spoiled := range map[string]string{
		"an unknown key": strings.Replace(text, "restartPolicy: Always", "restartpolicy: Always", 1),
		"a wrong kind":   strings.Replace(text, "replicas: 2", `replicas: "two"`, 1),
	} {
		if r := check.run(t, writeFile(t, t.TempDir(), "deployment.yaml", spoiled)); r.Code == 0 || spoiled == text {
			t.Errorf("kubeconform does not notice %s:\n%s", name, r.Stdout)
		}
	}
}

// kubernetesSchemas makes JSON Schemas of the OpenAPI documents in the module
// k8s.io/kubernetes, one for each kind of the example, and returns their folder.
func kubernetesSchemas(t *testing.T) string {
	t.Helper()
	download := exec.Command("go", "mod", "download", "-json", "k8s.io/kubernetes@"+kubernetes)
	download.Dir = t.TempDir() // no module's go.mod or go.sum is touched
	out, err := download.Output()
	if err != nil {
		t.Fatalf("download the module k8s.io/kubernetes: %v\n%s", err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for kind, of := range map[string][2]string{
		"deployment":     {"apis__apps__v1", "io.k8s.api.apps.v1.Deployment"},
		"configmap":      {"api__v1", "io.k8s.api.core.v1.ConfigMap"},
		"serviceaccount": {"api__v1", "io.k8s.api.core.v1.ServiceAccount"},
	} {
		var api map[string]any
		text := readFile(t, filepath.Join(module.Dir, "api/openapi-spec/v3", of[0]+"_openapi.json"))
		if err := json.Unmarshal([]byte(text), &api); err != nil {
			t.Fatal(err)
		}
		closeObjects(api["components"])
		schema, err := json.Marshal(map[string]any{"$ref": "#/components/schemas/" + of[1], "components": api["components"]})
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, dir, kind+".json", string(schema))
	}
	return dir
}

// closeObjects lets no object have a member that its schema does not list, as
// kubectl --validate=strict.
func closeObjects(schema any) {
	switch s := schema.(type) {
	case map[string]any:
		if _, ok := s["properties"].(map[string]any); ok && s["type"] == "object" && s["additionalProperties"] == nil {
			s["additionalProperties"] = false
		}
		for _, v := range s {
			closeObjects(v)
		}
	case []any:
		for _, v := range s {
			closeObjects(v)
		}
	}
}
