package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/test/awsfake"
)

// serviceIDs are the SDK's names of the services that awsfake counts.
var serviceIDs = map[string]string{awsfake.DynamoDB: "DynamoDB", awsfake.KMS: "KMS"}

// Each command asks for what the table of rights lists, and for nothing else.
func TestCommandsTakeTheirRights(t *testing.T) {
	srv := awsfake.New(awsfake.Options{})
	t.Cleanup(srv.Close)
	srv.SetEnv(t)
	dir := t.TempDir()
	t.Setenv("CREDRENDER_STATE_DIR", filepath.Join(dir, "state"))
	template := filepath.Join(dir, "t.tmpl")
	values := filepath.Join(dir, "values.json")
	for name, text := range map[string]string{template: `{{ secret "a" }}{{ secretVersion "a" "1" }}`, values: `{"b": "2"}`} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{
		"setup --tag a=b", "setup --tag a=b", "setup --update --provisioned 5/5 --tag a=c", "put a one", "put a two", "get a", "get a -v 1", "list", "render " + template, "plan " + template + ":" + filepath.Join(dir, "out"),
		"getall", "verify-store", "export", "import " + values, "import " + values, "rekey a --to-context k=v", "migrate", "prune --keep 1 a",
		"grant web --read k=v", "grants", "revoke web --read k=v", "delete a",
	} {
		command := strings.Fields(line)[0]
		srv.Forget()
		var stdout, stderr bytes.Buffer
		if code := newApp(strings.NewReader(""), &stdout, &stderr).main(t.Context(), strings.Fields(line)); code != exitOK {
			t.Errorf("%s: exit %d\n%s", line, code, &stderr)
		}
		for _, r := range srv.Requests() {
			id := serviceIDs[r.Service]
			if id == "" {
				continue
			}
			var allowed []string
			for _, right := range policy.Rights(command, id) {
				allowed = append(allowed, right.Actions...)
			}
			for _, action := range policy.Action(id, r.Operation) {
				if !slices.Contains(allowed, action) {
					t.Errorf("%s takes %s, which the table does not list: %v", line, action, allowed)
				}
			}
		}
	}
}
