package secretsmanager_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/secretsmanager"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/front"
	"github.com/credrender/credrender/test/awsfake/smtest"
)

func open(t *testing.T) (*smtest.Server, *secretsmanager.Secrets) {
	t.Helper()
	srv := smtest.New()
	t.Cleanup(srv.Close)
	var s *secretsmanager.Secrets
	awsfake.InEnv(t, awsfake.Start(t).Env(), func() {
		c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c.AWS.BaseEndpoint = &srv.URL // a variable would be read later, when another test has the environment
		s = secretsmanager.New(c.AWS)
	})
	return srv, s
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Backend {
		srv, s := open(t)
		return sourcetest.Backend{
			Source: s, Writer: s, Prefix: source.SecretsManager,
			Put: func(_ context.Context, v sourcetest.Value) error {
				return srv.Put(v.Name, v.Data, !utf8.Valid(v.Data))
			},
			PlainNames: true, NoContexts: true, NoVersions: true, NoEmpty: true, MaxSize: 65536, Keeps: true,
		}
	})
}

func ref(name, version string) source.Ref {
	return source.Ref{Source: source.SecretsManager, Name: name, Version: version}
}

func put(t *testing.T, srv *smtest.Server, name, value string) {
	t.Helper()
	if err := srv.Put(name, []byte(value), false); err != nil {
		t.Fatal(err)
	}
}

func fetch(t *testing.T, s *secretsmanager.Secrets, refs ...source.Ref) map[source.Ref]string {
	t.Helper()
	got := map[source.Ref]string{}
	for r, res := range s.Fetch(t.Context(), refs) {
		got[r] = string(res.Secret.Reveal())
		if res.Err != nil {
			got[r] = "error: " + res.Err.Error()
		}
	}
	return got
}

func TestRequestsInTwenties(t *testing.T) {
	srv, s := open(t)
	want := map[source.Ref]string{}
	for i := range 45 {
		r := ref(fmt.Sprintf("app/%02d", i), "")
		put(t, srv, r.Name, r.Name)
		want[r] = r.Name
	}
	if diff := cmp.Diff(want, fetch(t, s, slices.Collect(maps.Keys(want))...)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"BatchGetSecretValue": 3}, srv.Requests()); diff != "" {
		t.Errorf("45 secrets (-want +got):\n%s", diff)
	}
}

// Without the right to batches there is a request for each, and no failure.
func TestBatchesMayBeForbidden(t *testing.T) {
	srv, s := open(t)
	srv.Fail(front.Fault{Operation: "BatchGetSecretValue", Code: "AccessDeniedException"})
	want := map[source.Ref]string{ref("a", ""): "1", ref("b", ""): "2"}
	put(t, srv, "a", "1")
	put(t, srv, "b", "2")
	if diff := cmp.Diff(want, fetch(t, s, ref("a", ""), ref("b", ""))); diff != "" {
		t.Error(diff)
	}
}

func TestStagesKeysAndARNs(t *testing.T) {
	srv, s := open(t)
	put(t, srv, "db", `{"user": "u", "password": "old", "port": 5432, "deep": {"a": [1]}}`)
	put(t, srv, "db", `{"user": "u", "password": "n\u00e9w"}`)
	put(t, srv, "plain", "no JSON")
	put(t, srv, "numbers", `{"id": 123456789012345678901234567890, "rate": 1.10, "none": null}`)
	put(t, srv, "twice", `{"port": 1, "port": 2}`)
	arn := "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db"
	want := map[source.Ref]string{
		ref("db#password", ""):                                     "néw",
		ref("db#user", ""):                                         "u",
		ref("db#password", "AWSCURRENT"):                           "néw",
		ref("db#password", "AWSPREVIOUS"):                          "old",
		ref("db#password", "00000000-0000-4000-8000-000000000001"): "old",
		ref("db#port", "AWSPREVIOUS"):                              "5432",
		ref("db#deep", "AWSPREVIOUS"):                              `{"a": [1]}`,
		ref(arn+"#user", ""):                                       "u",
		ref(arn+"-a1b2c3#user", ""):                                "u",
		ref("db#port", ""):                                         "error: not found: it has no key port",
		ref("plain#port", ""):                                      "error: unsupported format: it is not a JSON object, so it has no key port",
		ref("numbers#id", ""):                                      "123456789012345678901234567890",
		ref("numbers#rate", ""):                                    "1.10",
		ref("numbers#none", ""):                                    "error: unsupported format: its key none is null",
		ref("twice#port", ""):                                      "error: unsupported format: it is not valid JSON, so it has no key port (line 1, column 19: duplicate key)",
	}
	if diff := cmp.Diff(want, fetch(t, s, slices.Collect(maps.Keys(want))...)); diff != "" {
		t.Error(diff)
	}
	if n := srv.Requests()["BatchGetSecretValue"]; n != 1 {
		t.Errorf("%d batches for four ids", n)
	}
}

func TestErrorsAreOfOneSecret(t *testing.T) {
	srv, s := open(t)
	srv.Denied = []string{"denied"}
	for _, n := range []string{"a", "denied", "going"} {
		put(t, srv, n, "v")
	}
	srv.Remove("going", true)
	for r, want := range map[source.Ref]error{
		ref("a", ""): nil, ref("denied", ""): source.ErrDenied, ref("going", ""): source.ErrDenied,
		ref("missing", ""): source.ErrNotFound, ref("a", "AWSPENDING"): source.ErrNotFound,
	} {
		got := s.Fetch(t.Context(), []source.Ref{r, ref("a", "")})
		if !errors.Is(got[r].Err, want) || want == nil && got[r].Err != nil {
			t.Errorf("%s: %v, want %v", r, got[r].Err, want)
		}
		if got[ref("a", "")].Err != nil {
			t.Errorf("beside %s: %v", r, got[ref("a", "")].Err)
		}
	}
}

// A probe asks for no value.
func TestProbe(t *testing.T) {
	srv, s := open(t)
	refs := []source.Ref{ref("same#k", ""), ref("same", ""), ref("newer", ""), ref("lost", ""), ref("absent", ""), ref("comes", ""), ref("newer#gone", ""),
		ref("newer", "00000000-0000-4000-8000-000000000001"), ref("newer", "AWSPREVIOUS")}
	put(t, srv, "newer", `{}`)
	for _, n := range []string{"same", "newer", "lost"} {
		put(t, srv, n, `{"k": "v"}`)
	}
	var known []source.Known
	for r, res := range s.Fetch(t.Context(), refs) {
		known = append(known, source.Known{Ref: r, Trace: res.Trace})
	}
	srv.Forget()
	changed, err := s.Probe(t.Context(), known)
	if err != nil || len(changed) != 0 {
		t.Errorf("nothing changed: %v, %v", changed, err)
	}
	if n := srv.Requests(); n["DescribeSecret"] != 6 || len(n) != 1 {
		t.Errorf("requests %v", n)
	}
	put(t, srv, "newer", `{"k": "w"}`)
	put(t, srv, "comes", "v")
	srv.Remove("lost", false)
	if changed, err = s.Probe(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range changed {
		got = append(got, strings.TrimSpace(r.Name+" "+r.Version))
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"comes", "lost", "newer", "newer AWSPREVIOUS", "newer#gone"}, got); diff != "" {
		t.Error(diff)
	}
}
