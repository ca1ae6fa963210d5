package ssm_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/pkg/source/ssm"
	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/front"
	"github.com/credrender/credrender/test/awsfake/ssmtest"
)

func open(t *testing.T) (*ssmtest.Server, *ssm.Parameters) {
	t.Helper()
	srv := ssmtest.New()
	t.Cleanup(srv.Close)
	return srv, parameters(t, srv.URL)
}

// parameters returns a client for a Parameter Store at that endpoint. A variable for the
// endpoint would be read later, when another test has the environment.
func parameters(t *testing.T, url string) (p *ssm.Parameters) {
	t.Helper()
	awsfake.InEnv(t, awsfake.Start(t).Env(), func() {
		c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c.AWS.BaseEndpoint = &url
		p = ssm.New(c.AWS)
	})
	return p
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Backend {
		srv, p := open(t)
		return sourcetest.Backend{
			Source: p, Writer: p, Prefix: source.SSM,
			Put: func(_ context.Context, v sourcetest.Value) error {
				return srv.Put(v.Name, string(v.Data), "SecureString")
			},
			Name:       func(n string) string { return "/suite/" + n },
			PlainNames: true, NoContexts: true, NoVersions: true, NoEmpty: true, TextOnly: true, MaxSize: 4096, NoCompare: true,
		}
	})
}

func ref(name, version string) source.Ref {
	return source.Ref{Source: source.SSM, Name: name, Version: version}
}

func fetch(t *testing.T, p *ssm.Parameters, refs ...source.Ref) map[source.Ref]string {
	t.Helper()
	got := map[source.Ref]string{}
	for r, res := range p.Fetch(t.Context(), refs) {
		got[r] = string(res.Secret.Reveal())
		if res.Err != nil {
			got[r] = res.Err.Error()
		}
	}
	return got
}

func put(t *testing.T, srv *ssmtest.Server, name, value, kind string, labels ...string) {
	t.Helper()
	if err := srv.Put(name, value, kind, labels...); err != nil {
		t.Fatal(err)
	}
}

func TestRequestsInTens(t *testing.T) {
	srv, p := open(t)
	var refs []source.Ref
	want := map[source.Ref]string{}
	for i := range 25 {
		r := ref(fmt.Sprintf("/app/%02d", i), "")
		put(t, srv, r.Name, r.Name, "String")
		refs, want[r] = append(refs, r), r.Name
	}
	if diff := cmp.Diff(want, fetch(t, p, refs...)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"GetParameters": 3}, srv.Requests()); diff != "" {
		t.Errorf("25 parameters (-want +got):\n%s", diff)
	}
	srv.Forget()
	found, err := p.Glob(t.Context(), ref("/app/*", ""))
	if err != nil || len(found) != 25 || srv.Requests()["GetParametersByPath"] != 3 {
		t.Errorf("by path: %d found, %v, requests %v", len(found), err, srv.Requests())
	}
}

func TestVersionsLabelsAndLists(t *testing.T) {
	srv, p := open(t)
	put(t, srv, "/a", "one", "SecureString", "old")
	put(t, srv, "/a", "two", "SecureString")
	put(t, srv, "/list", "x,y", "StringList")
	want := map[source.Ref]string{
		ref("/a", ""): "two", ref("/a", "1"): "one", ref("/a", "old"): "one", ref("/a:2", ""): "two", ref("/list", ""): "x,y",
		ref("/a", "3"): "not found in Parameter Store", ref("/a:gone", ""): "not found in Parameter Store",
	}
	if diff := cmp.Diff(want, fetch(t, p, slices.Collect(maps.Keys(want))...)); diff != "" {
		t.Error(diff)
	}
}

// One refusal fails a batch of ten at AWS, and here itself alone.
func TestARefusalIsOfOneName(t *testing.T) {
	srv, p := open(t)
	srv.Deny("/secret")
	for _, n := range []string{"/a", "/b", "/secret"} {
		put(t, srv, n, n, "String")
	}
	got := p.Fetch(t.Context(), []source.Ref{ref("/a", ""), ref("/b", ""), ref("/secret", "")})
	for n, want := range map[string]error{"/a": nil, "/b": nil, "/secret": source.ErrDenied} {
		if err := got[ref(n, "")].Err; !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", n, err, want)
		}
	}
}

// Fifty requests at once against 40 a second, the first of which are used up
// by others: none is lost.
func TestThrottlingIsWaitedOut(t *testing.T) {
	t.Parallel()
	srv, p := open(t)
	srv.PerSecond = 40
	srv.Fail(front.Fault{Times: 15, Code: "ThrottlingException", Message: "Rate exceeded"})
	var refs []source.Ref
	for i := range 500 {
		r := ref(fmt.Sprintf("/app/%03d", i), "")
		put(t, srv, r.Name, "v", "String")
		refs = append(refs, r)
	}
	for r, res := range p.Fetch(t.Context(), refs) {
		if res.Err != nil {
			t.Fatalf("%s: %v", r, res.Err)
		}
	}
	if n := srv.Requests()["GetParameters"]; n < 50+15 {
		t.Errorf("%d requests, fewer than were refused and answered", n)
	}
}

func TestAnAnswerThatIsLostIsNoAbsence(t *testing.T) {
	srv := ssmtest.New()
	t.Cleanup(srv.Close)
	srv.Fail(front.Fault{Code: "InternalServerError", Status: 500})
	awsfake.SetEnv(t, append(awsfake.Start(t).Env(), append(srv.Env(), awsfake.OneAttempt)...)...)
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := ssm.New(c.AWS).Fetch(t.Context(), []source.Ref{ref("/a", "")})[ref("/a", "")]
	if !errors.Is(got.Err, source.ErrUnreachable) || got.Trace.Absent {
		t.Errorf("got %v, %+v", got.Err, got.Trace)
	}
}

// A probe sees new versions, ones made anew, and losses, and asks nothing of KMS.
func TestProbe(t *testing.T) {
	srv, p := open(t)
	refs := []source.Ref{ref("/same", ""), ref("/newer", ""), ref("/lost", ""), ref("/absent", ""), ref("/comes", "")}
	for _, n := range []string{"/same", "/newer", "/lost"} {
		put(t, srv, n, "v", "SecureString")
	}
	var known []source.Known
	for r, res := range p.Fetch(t.Context(), refs) {
		known = append(known, source.Known{Ref: r, Trace: res.Trace})
	}
	srv.Forget()
	if changed, err := p.Probe(t.Context(), known); err != nil || len(changed) != 0 || srv.Requests()["GetParameters"] != 1 {
		t.Errorf("nothing changed: %v, %v, %v", changed, err, srv.Requests())
	}
	put(t, srv, "/newer", "w", "SecureString")
	put(t, srv, "/comes", "v", "SecureString")
	srv.Remove("/lost")
	changed, err := p.Probe(t.Context(), known)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range changed {
		got = append(got, r.Name)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"/comes", "/lost", "/newer"}, got); diff != "" {
		t.Error(diff)
	}
}

// A reference to a secret of Secrets Manager is had with decryption alone, in a
// probe too; the parameters beside it stay without.
func TestProbeOfAReference(t *testing.T) {
	srv, p := open(t)
	refs := []source.Ref{ref("/plain", ""), ref("/aws/reference/secretsmanager/db", "")}
	for _, r := range refs {
		put(t, srv, r.Name, "v", "SecureString")
	}
	var known []source.Known
	for r, res := range p.Fetch(t.Context(), refs) {
		if res.Err != nil {
			t.Fatal(r, res.Err)
		}
		known = append(known, source.Known{Ref: r, Trace: res.Trace})
	}
	if changed, err := p.Probe(t.Context(), known); err != nil || len(changed) != 0 {
		t.Errorf("nothing changed: %v, %v", changed, err)
	}
	put(t, srv, refs[1].Name, "w", "SecureString")
	if changed, err := p.Probe(t.Context(), known); err != nil || len(changed) != 1 || changed[0] != refs[1] {
		t.Errorf("a new version: %v, %v", changed, err)
	}
}
