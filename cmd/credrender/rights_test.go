package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/s3test"
	"github.com/credrender/credrender/test/awsfake/smtest"
	"github.com/credrender/credrender/test/awsfake/ssmtest"
)

// attempts are the requests that a command sends.
type attempts struct {
	mu   sync.Mutex
	sent []source.Attempt
}

// Start implements source.Observer.
func (a *attempts) Start(ctx context.Context, one source.Attempt) (context.Context, func(source.Outcome)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent = append(a.sent, one)
	return ctx, func(source.Outcome) {}
}

// Each command sends what the tables of rights list, and nothing else.
func TestCommandsTakeTheirRights(t *testing.T) {
	dir := rightsGround(t)
	values, out := filepath.Join(dir, "values.json"), filepath.Join(dir, "out")
	render := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path + ":" + path + ".out"
	}
	items := render("items", `{{ secret "a" }}{{ secretVersion "a" "1" }}`)
	parameters := render("parameters", `{{ ssm "/svc/a" }}{{ len (ssmPath "/svc") }}`)
	managed := render("managed", `{{ secretsManager "app/db" }}{{ secretsManager "app/other" }}{{ secretVersion "sm:app/db" "AWSCURRENT" }}`)
	objects := render("objects", `{{ s3object "s3://bucket/plain" }}{{ s3secret "s3://bucket/pre/b" }}{{ len (s3secrets "s3://bucket/pre/") }}`)
	render("values.json", `{"b": "2"}`)
	for _, line := range []string{
		"setup --tag a=b", "setup --tag a=b", "setup --update --provisioned 5/5 --tag a=c", "put a one", "put a two", "get a", "get a -v 1", "list", "render " + items, "plan " + items + "2",
		"getall", "verify-store", "export", "import " + values, "import " + values, "rekey a --to-context k=v", "migrate", "prune --keep 1 a",
		"generate g", "generate g", "history g", "edit g", "rollback g --to 1", "copy g h", "copy g i -v 1", "rotate g --verify true --wait-for true --revoke true",
		"generate ssm:/svc/g", "edit ssm:/svc/g", "history ssm:/svc/g", "rollback ssm:/svc/g --to 1", "copy g ssm:/svc/h", "rotate ssm:/svc/g --verify true --revoke true",
		"generate sm:app/g", "edit sm:app/g", "history sm:app/g", "copy g sm:app/h", "rotate sm:app/g --verify true --revoke true",
		"generate s3://bucket/g", "edit s3://bucket/g", "history s3://bucket/g", "copy g s3://bucket/h", "rotate s3://bucket/g --verify true --revoke true",
		"grant web --read k=v", "grants", "revoke web --read k=v", "delete a",
		"--store s3://bucket/pre put b one", "--store s3://bucket/pre put b two", "--store s3://bucket/pre get b", "--store s3://bucket/pre list", "--store s3://bucket/pre getall",
		"get s3://bucket/pre/b", "list s3://bucket/pre/", "render " + objects, "render " + objects, "plan " + objects, "pull s3://bucket/pre/b " + out, "--store s3://bucket/pre delete b",
		"get ssm:/svc/a", "list ssm:/svc", "getall ssm:/svc/*", "render " + parameters, "render " + parameters, "plan " + parameters,
		"put ssm:/new/a one", "put ssm:/new/a two --if-changed", "delete ssm:/new/a", "put sm:new one", "put sm:new two", "put sm:doc#k one", "put sm:doc#k two",
		"import " + values + " --into ssm:/in/", "import " + values + " --into sm:in#", "import " + values + " --into s3://bucket/in/",
		"list sm:app/*", "getall sm:app/*", "delete sm:new",
		"get sm:app/db", "render " + managed, "render " + managed, "plan " + managed,
	} {
		words := strings.Fields(line)
		command := words[0]
		if command == "--store" {
			command = words[2]
		}
		for _, a := range sentBy(t, words) {
			var allowed []string
			for _, right := range policy.Rights(command, a.Service) {
				allowed = append(allowed, right.Actions...)
			}
			for _, action := range policy.Action(a.Service, a.Operation) {
				if !slices.Contains(allowed, action) {
					t.Errorf("%s takes %s, which the table does not list: %v", line, action, allowed)
				}
			}
		}
	}
}

// sentBy runs a command and returns its requests to the services of the tables.
func sentBy(t *testing.T, words []string) (all []source.Attempt) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	seen := &attempts{}
	a := newApp(strings.NewReader(""), &stdout, &stderr)
	a.stores.Observer = seen
	if code := a.main(t.Context(), words); code != exitOK {
		t.Errorf("%s: exit %d\n%s", words, code, &stderr)
	}
	for _, one := range seen.sent {
		if one.Service != "STS" {
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		t.Errorf("%s sends nothing", words)
	}
	return all
}

// rightsGround starts every service, with something to read, and returns a folder.
func rightsGround(t *testing.T) (dir string) {
	t.Helper()
	srv, parameters, managed := awsfake.New(awsfake.Options{}), ssmtest.New(), smtest.New()
	objects, err := s3test.New("bucket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close(); parameters.Close(); managed.Close(); objects.Close() })
	_, err = objects.Put("bucket", "plain", []byte("p"))
	for _, err := range []error{
		err, objects.Version("bucket"), parameters.Put("/svc/a", "p", "SecureString"),
		managed.Put("app/db", []byte("m"), false), managed.Put("app/other", []byte("m"), false),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	srv.SetEnv(t)
	t.Setenv("EDITOR", "sed -i s/^/x/")
	dir = t.TempDir()
	env := slices.Concat(parameters.Env(), managed.Env(), objects.Env(), []string{"CREDRENDER_STATE_DIR=" + filepath.Join(dir, "state")})
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	return dir
}
