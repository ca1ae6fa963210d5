package secretsmanager_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/test/awsfake/front"
	"github.com/credrender/credrender/test/awsfake/smtest"
)

func value(s string) source.Write { return source.Write{Value: source.NewSecret([]byte(s))} }

// A key of a JSON object is written as a secret of its own is.
func TestConformanceOfKeys(t *testing.T) {
	sourcetest.RunWrites(t, func(t *testing.T) sourcetest.Backend {
		_, s := open(t)
		return sourcetest.Backend{
			Source: s, Writer: s, Prefix: source.SecretsManager, Name: func(n string) string { return "document#" + n },
			NoContexts: true, NoHistory: true, TextOnly: true, MaxSize: 65536 - len(`{"large":""}`),
		}
	})
}

func current(t *testing.T, srv *smtest.Server, s source.Source, name string) string {
	t.Helper()
	return string(s.Fetch(t.Context(), []source.Ref{ref(name, "")})[ref(name, "")].Secret.Reveal())
}

// Thirty writers of thirty keys of one secret: each key is there in the end.
func TestWritersOfManyKeys(t *testing.T) {
	srv, s := open(t)
	put(t, srv, "app/db", `{"kept": 1.50}`)
	var group sync.WaitGroup
	for i := range 30 {
		group.Go(func() {
			if _, err := s.Put(t.Context(), ref(fmt.Sprintf("app/db#key%02d", i), ""), value(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var doc map[string]any
	text := current(t, srv, s, "app/db")
	if err := json.Unmarshal([]byte(text), &doc); err != nil || len(doc) != 31 || !strings.HasPrefix(text, `{"kept": 1.50,`) {
		t.Errorf("%d keys, %v: %s", len(doc), err, text)
	}
	if infos, err := s.History(t.Context(), ref("app/db", "")); err != nil || slices.ContainsFunc(infos, func(v source.VersionInfo) bool { return slices.Contains(v.Labels, "CREDRENDER_NEXT") }) {
		t.Errorf("a private stage is left: %v", err)
	}
}

// A write changes the text of one value and nothing else.
func TestTextAroundAKey(t *testing.T) {
	for _, tt := range []struct{ doc, key, value, want string }{
		{`{"a": "x", "b": 1.50}`, "a", "y", `{"a": "y", "b": 1.50}`},
		{`{"a":"x","b":12345678901234567890}`, "c", `<&"`, `{"a":"x","b":12345678901234567890,"c":"<&\""}`},
		{"{\n  \"a\": \"x\"\n}\n", "b", "y", "{\n  \"a\": \"x\",\n  \"b\": \"y\"\n}\n"},
		{"{\n  \"a\": 1,\n  \"b\": {\"c\": [1, 2]}\n}", "d", "y", "{\n  \"a\": 1,\n  \"b\": {\"c\": [1, 2]},\n  \"d\": \"y\"\n}"},
		{`{ }`, "a", "x", `{"a":"x" }`},
		{`{"\u0061": "x"}`, "a", "y", `{"\u0061": "y"}`},
		{`{"port": 5432}`, "port", "5433", `{"port": 5433}`},
		{`{"on": true}`, "on", "false", `{"on": false}`},
		{`{"a": null}`, "a", "x", `{"a": "x"}`},
		{`{"a": {"b": "x", "c": "y"}}`, "/a/b", "z", `{"a": {"b": "z", "c": "y"}}`},
		{`{"/a/b": "x"}`, "/a/b", "z", `{"/a/b": "z"}`},
		{`{"k": "x"}`, "/k", "z", `{"k": "z"}`},
		{`{}`, "/a~1b/~0", "z", `{"a/b":{"~":"z"}}`},
	} {
		srv, s := open(t)
		put(t, srv, "d", tt.doc)
		if _, err := s.Put(t.Context(), ref("d#"+tt.key, ""), value(tt.value)); err != nil {
			t.Errorf("%s: %v", tt.doc, err)
		}
		if got := current(t, srv, s, "d"); got != tt.want {
			t.Errorf("%s, %s: %s, want %s", tt.doc, tt.key, got, tt.want)
		}
		if got := current(t, srv, s, "d#"+tt.key); got != tt.value {
			t.Errorf("%s: %s is read as %q", tt.doc, tt.key, got)
		}
	}
}

func TestRemovedKeys(t *testing.T) {
	for _, tt := range []struct{ doc, key, want string }{
		{`{"a": 1, "b": 2, "c": 3}`, "a", `{"b": 2, "c": 3}`},
		{`{"a": 1, "b": 2, "c": 3}`, "b", `{"a": 1, "c": 3}`},
		{`{"a": 1, "b": 2, "c": 3}`, "c", `{"a": 1, "b": 2}`},
		{`{"a": 1}`, "a", `{}`},
		{`{"a": {"b": 1}}`, "/a/b", `{"a": {}}`},
	} {
		srv, s := open(t)
		put(t, srv, "d", tt.doc)
		if got, err := s.Delete(t.Context(), ref("d#"+tt.key, ""), source.Deletion{}); err != nil || !got.Until.IsZero() {
			t.Errorf("%s: %+v, %v", tt.doc, got, err)
		}
		if got := current(t, srv, s, "d"); got != tt.want {
			t.Errorf("%s without %s: %s, want %s", tt.doc, tt.key, got, tt.want)
		}
	}
}

// Refused writes leave the secret alone, and say what to do.
func TestRefusedWrites(t *testing.T) {
	srv, s := open(t)
	put(t, srv, "managed", "v")
	srv.Manage("managed", "rds", false)
	put(t, srv, "rotates", `{"a": 1}`)
	srv.Manage("rotates", "", true)
	put(t, srv, "text", "canary-not-json")
	put(t, srv, "twice", `{"a": 1, "a": 2}`)
	put(t, srv, "gone", "v")
	srv.Remove("gone", true)
	for _, tt := range []struct {
		s    source.Writer
		name string
		w    source.Write
		want string
	}{
		{s, "managed", value("x"), "is managed by rds"},
		{s, "rotates", value("x"), "AWS rotates the secret"},
		{s, "rotates#a", value("2"), "AWS rotates the secret"},
		{s, "text#a", value("x"), "so it has no key a"},
		{s, "twice#a", value("x"), "so it has no key a"},
		{s, "gone", value("x"), "the secret is pending deletion"},
		{s.WithKey("alias/other"), "text", value("x"), "keeps its KMS key, the account's default"},
		{s, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:never-a1b2c3", value("x"), "not found"},
	} {
		_, err := tt.s.Put(t.Context(), ref(tt.name, ""), tt.w)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	for _, name := range []string{"managed", "rotates"} {
		if _, err := s.Delete(t.Context(), ref(name, ""), source.Deletion{DryRun: true}); !errors.Is(err, source.ErrUnsupported) {
			t.Errorf("delete %s: %v", name, err)
		}
	}
	for name, n := range srv.Requests() {
		if strings.HasPrefix(name, "Put") || strings.HasPrefix(name, "Create") || strings.HasPrefix(name, "Update") || strings.HasPrefix(name, "Delete") {
			t.Errorf("%d times %s", n, name)
		}
	}
	forced := value("x")
	forced.Force = true
	for _, name := range []string{"managed", "rotates"} {
		if _, err := s.Put(t.Context(), ref(name, ""), forced); err != nil {
			t.Error(err)
		}
	}
}

// The answer to each request may be lost, so that it is sent again.
func TestLostAnswersOfWrites(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"CreateSecret", "PutSecretValue", "UpdateSecretVersionStage"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			srv, s := open(t)
			if operation != "CreateSecret" {
				put(t, srv, "d", `{"b": 1}`)
			}
			srv.Fail(front.Fault{Operation: operation, Times: 1, Status: 500, Code: "InternalServiceError", After: true})
			if _, err := s.Put(t.Context(), ref("d#a", ""), value("x")); err != nil {
				t.Error(err)
			}
			if got := current(t, srv, s, "d#a"); got != "x" {
				t.Errorf("got %q, want x", got)
			}
			if n := len(srv.Versions("d")); n > 2 {
				t.Errorf("%d versions", n)
			}
		})
	}
}

// A staged version is read by its stage and by its id, and by nobody else until it is
// published.
func TestStage(t *testing.T) {
	srv, s := open(t)
	put(t, srv, "d", `{"user": "u", "password": "old"}`)
	r := ref("d#password", "")
	before := s.Fetch(t.Context(), []source.Ref{r})[r].Trace
	staged, err := s.Stage(t.Context(), r, value("new"))
	if err != nil {
		t.Fatal(err)
	}
	got := fetch(t, s, r, ref("d#password", "AWSPENDING"), ref("d#password", staged.Version))
	want := map[source.Ref]string{r: "old", ref("d#password", "AWSPENDING"): "new", ref("d#password", staged.Version): "new"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	next := ref("d#password", staged.Version)
	if err := s.Publish(t.Context(), next, source.Trace{Version: "another"}); !errors.Is(err, source.ErrChanged) {
		t.Errorf("from another version: %v", err)
	}
	for range 2 { // the second changes nothing
		if err := s.Publish(t.Context(), next, before); err != nil {
			t.Fatal(err)
		}
	}
	if got := fetch(t, s, r, ref("d#password", "AWSPREVIOUS")); got[r] != "new" || got[ref("d#password", "AWSPREVIOUS")] != "old" {
		t.Errorf("published: %v", got)
	}
	// The staging tells what it has replaced until it ends.
	if got, err := s.Staged(t.Context(), r); err != nil || got != (source.Staging{Version: staged.Version, Before: before.Version}) {
		t.Errorf("staged: %+v, %v", got, err)
	}
	put(t, srv, "d", `{"user": "u", "password": "other"}`)
	if got, err := s.Staged(t.Context(), r); err != nil || !got.Replaced || got.Before != before.Version {
		t.Errorf("replaced: %+v, %v", got, err)
	}
	for range 2 { // the second changes nothing
		if err := s.Unstage(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Staged(t.Context(), r); !errors.Is(err, source.ErrNotFound) {
		t.Errorf("unstaged: %+v, %v", got, err)
	}
	if err := s.Publish(t.Context(), ref("d", "AWSPENDING"), source.Trace{}); !errors.Is(err, source.ErrNotFound) {
		t.Errorf("nothing is staged: %v", err)
	}
}

func TestListAndGlob(t *testing.T) {
	srv, s := open(t)
	for i := range 120 {
		put(t, srv, fmt.Sprintf("app/%03d", i), fmt.Sprint(i))
	}
	put(t, srv, "other", "x")
	put(t, srv, "app/gone", "x")
	srv.Remove("app/gone", true)
	for pattern, want := range map[string]int{"": 121, "*": 121, "app/*": 120, "app/00*": 10, "*er": 1, "none*": 0} {
		got, err := s.List(t.Context(), pattern)
		if err != nil || len(got) != want || want > 0 && (got[0].Version == "" || !slices.IsSortedFunc(got, func(a, b source.Entry) int { return strings.Compare(a.Name, b.Name) })) {
			t.Errorf("list %q: %d, %v; want %d", pattern, len(got), err, want)
		}
	}
	if got, err := s.Glob(t.Context(), ref("app/01*", "")); err != nil || len(got) != 10 || string(got["app/017"].Secret.Reveal()) != "17" {
		t.Errorf("glob: %d, %v", len(got), err)
	}
	if _, err := s.List(t.Context(), "app#*"); !errors.Is(err, source.ErrRef) {
		t.Errorf("a pattern of keys: %v", err)
	}
}
