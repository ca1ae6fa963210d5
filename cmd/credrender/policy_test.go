package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credrender/credrender/examples/nginx"
	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/test/awsfake"
)

const (
	webRole = "arn:aws:iam::" + awsfake.Account + ":role/web"
	webKey  = "AKIAWEB0000000000000"
)

// asWeb is the environment in which a command is the role web.
func asWeb() []string { return []string{"AWS_ACCESS_KEY_ID=" + webKey} }

// startForWeb is an AWS with a store in it and a role that may do nothing.
func startForWeb(t *testing.T, o awsfake.Options) *awsfake.Server {
	t.Helper()
	o.Principals = map[string]string{webKey: webRole}
	srv := awsfake.New(o)
	t.Cleanup(srv.Close)
	credrender(t, srv, nil, "setup")
	if err := srv.Restrict(webRole); err != nil {
		t.Fatal(err)
	}
	return srv
}

func restrict(t *testing.T, srv *awsfake.Server, d policy.Document) {
	t.Helper()
	if err := srv.Restrict(webRole, d.JSON()); err != nil {
		t.Fatal(err)
	}
}

// stdoutOf runs the command as the administrator.
func stdoutOf(t *testing.T, srv *awsfake.Server, args ...string) []byte {
	t.Helper()
	cmd, _ := command(t, srv, nil, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out
}

// The policy for examples/nginx lets its render through, as the fake judges
// it by IAM's rules; and it is minimal: without any one action or value the
// render is refused, without any one condition more than the render is let
// through, and so is no further secret.
func TestPolicyForNginxIsMinimal(t *testing.T) {
	t.Parallel()
	srv := startForWeb(t, awsfake.Options{})
	trial := nginx.Trial{Root: t.TempDir(), HTTP: "127.0.0.1:1", HTTPS: "127.0.0.1:2", Upstream: "127.0.0.1:3", UpstreamName: "localhost", User: "nobody"}
	conf, err := trial.Write()
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := demoSecrets()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(secrets, demoSecret{"web.other", []byte("x")}) {
		value := filepath.Join(t.TempDir(), "value")
		if err := os.WriteFile(value, s.value, 0o600); err != nil {
			t.Fatal(err)
		}
		credrender(t, srv, nil, "put", s.name, "@"+value, "Env=prod", "app.tier=web")
	}
	render := func(args ...string) (int, string) {
		cmd, _ := command(t, srv, asWeb(), append([]string{"-c", conf, "plan", "--root", trial.Root}, args...)...)
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}

	text := stdoutOf(t, srv, "-c", conf, "policy")
	doc := parsePolicy(t, text)
	if code, out := render(); code != exitSecret {
		t.Fatalf("a role without rights renders: %d\n%s", code, out)
	}
	restrict(t, srv, doc)
	if code, out := render(); code != exitOK {
		t.Fatalf("exit %d\n%s\nby\n%s", code, out, text)
	}
	for what, less := range without(t, doc) {
		restrict(t, srv, less)
		if code, _ := render(); code != exitSecret {
			t.Errorf("without %s: exit %d", what, code)
		}
	}
	for what, less := range withoutCondition(t, doc) {
		if !widens(t, doc, less) {
			t.Errorf("without %s nothing more is allowed", what)
		}
	}
	restrict(t, srv, doc)
	more := filepath.Join(filepath.Dir(conf), "htpasswd.tmpl")
	file, err := os.ReadFile(more)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(more, append(file, `{{ secret "web.other" }}`...), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := render(); code != exitSecret || !strings.Contains(out, "web.other") {
		t.Errorf("one more secret: exit %d\n%s", code, out)
	}
}

// without yields the document less one action, resource or value of a
// condition.
func without(t *testing.T, d policy.Document) map[string]policy.Document {
	list := map[string]policy.Document{}
	for i, s := range d.Statement {
		for j, a := range s.Action {
			less := clone(t, d)
			less.Statement[i].Action = append(append([]string{"none:None"}, s.Action[:j]...), s.Action[j+1:]...)
			list[s.Sid+" "+a] = less
		}
		for op, keys := range s.Condition {
			for key, values := range keys {
				for j, v := range values {
					less := clone(t, d)
					less.Statement[i].Condition[op][key] = append(append([]string{}, values[:j]...), values[j+1:]...)
					list[fmt.Sprint(s.Sid, op, key, v)] = less
				}
			}
		}
	}
	return list
}

// withoutCondition yields the document less one condition key.
func withoutCondition(t *testing.T, d policy.Document) map[string]policy.Document {
	t.Helper()
	list := map[string]policy.Document{}
	for i, s := range d.Statement {
		for op, keys := range s.Condition {
			for key := range keys {
				less := clone(t, d)
				delete(less.Statement[i].Condition[op], key)
				list[fmt.Sprint(s.Sid, op, key)] = less
			}
		}
	}
	return list
}

func clone(t *testing.T, d policy.Document) policy.Document {
	t.Helper()
	return parsePolicy(t, d.JSON())
}

// parsePolicy reads a document back. The value of a condition is a list or, for Null, a
// string.
func parsePolicy(t *testing.T, text []byte) (d policy.Document) {
	t.Helper()
	var raw struct {
		Version   string
		Statement []struct {
			Sid, Effect      string
			Action, Resource []string
			Condition        map[string]map[string]any
		}
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	d.Version = raw.Version
	for _, s := range raw.Statement {
		one := policy.Statement{Sid: s.Sid, Effect: s.Effect, Action: s.Action, Resource: s.Resource}
		for operator, keys := range s.Condition {
			for key, value := range keys {
				if one.Condition == nil {
					one.Condition = policy.Conditions{}
				}
				if one.Condition[operator] == nil {
					one.Condition[operator] = map[string][]string{}
				}
				list, ok := value.([]any)
				if !ok {
					list = []any{value}
				}
				for _, v := range list {
					one.Condition[operator][key] = append(one.Condition[operator][key], v.(string))
				}
			}
		}
		d.Statement = append(d.Statement, one)
	}
	return d
}

// widens tries what the whole document refuses.
func widens(t *testing.T, whole, less policy.Document) bool {
	t.Helper()
	table := whole.Statement[0].Resource[0]
	key := whole.Statement[len(whole.Statement)-1].Resource[0]
	pair := func(k, v string) map[string][]string {
		return map[string][]string{"kms:EncryptionContext:" + k: {v}, "kms:EncryptionContextKeys": {k}}
	}
	more := pair("Env", "prod")
	more["kms:EncryptionContext:app.tier"], more["kms:EncryptionContext:x"] = []string{"web"}, []string{"y"}
	more["kms:EncryptionContextKeys"] = []string{"Env", "app.tier", "x"}
	for _, r := range []iamRequest{
		{"dynamodb:Query", table, map[string][]string{"dynamodb:LeadingKeys": {"web.other"}}},
		{"dynamodb:Query", table, nil},
		{"kms:Decrypt", key, pair("Env", "prod")},
		{"kms:Decrypt", key, pair("app.tier", "web")},
		{"kms:Decrypt", key, more},
	} {
		if r.allowedBy(t, whole) {
			t.Errorf("%v is allowed", r)
		}
		if r.allowedBy(t, less) {
			return true
		}
	}
	return false
}

// Names that mean something to IAM work end to end and stay themselves.
func TestPolicyForOddNames(t *testing.T) {
	t.Parallel()
	srv := startForWeb(t, awsfake.Options{})
	names := []string{"*", "${aws:username}", "a?b", "$"}
	for _, n := range append(names, "axb", "web") {
		credrender(t, srv, nil, "put", n, "v", "k="+n)
	}
	for _, n := range names {
		dir := t.TempDir()
		path := filepath.Join(dir, "t.tmpl")
		if err := os.WriteFile(path, []byte(fmt.Sprintf("{{ secret %q %q }}", n, "k="+n)), 0o600); err != nil {
			t.Fatal(err)
		}
		doc := parsePolicy(t, stdoutOf(t, srv, "policy", path))
		restrict(t, srv, doc)
		for _, other := range append(names, "axb", "web") {
			cmd, _ := command(t, srv, asWeb(), "render", path)
			want := exitOK
			if other != n {
				cmd, _ = command(t, srv, asWeb(), "get", other, "k="+other)
				want = exitSecret
			}
			if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != want {
				t.Errorf("%q by the policy for %q: exit %d\n%s", other, n, cmd.ProcessState.ExitCode(), out)
			}
		}
	}
}
