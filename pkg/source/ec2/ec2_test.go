package ec2_test

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/ec2"
	"github.com/credrender/credrender/test/awsfake"
)

func open(t *testing.T, env ...string) *ec2.Instance {
	t.Helper()
	awsfake.SetEnv(t, append(awsfake.Start(t).Env(), env...)...)
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ec2.New(c.AWS)
}

func ref(name string) source.Ref { return source.Ref{Source: source.EC2, Name: name} }

func TestFacts(t *testing.T) {
	m := awsfake.StartMetadata(t)
	m.SetFact("instance-id", "i-0123456789abcdef0")
	m.SetFact("placement/region", "eu-west-1")
	m.SetFact("tags/instance/Name", "web 1")
	i := open(t, m.Env()...)
	want := map[string]string{"instance-id": "i-0123456789abcdef0", "region": "eu-west-1", "tag/Name": "web 1", "account-id": awsfake.Account}
	var refs []source.Ref
	for name := range want {
		refs = append(refs, ref(name))
	}
	got := map[string]string{}
	var known []source.Known
	for r, res := range i.Fetch(t.Context(), refs) {
		if res.Err != nil {
			t.Errorf("%s: %v", r, res.Err)
		}
		got[r.Name] = string(res.Secret.Reveal())
		known = append(known, source.Known{Ref: r, Trace: res.Trace})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if changed, err := i.Probe(t.Context(), known); err != nil || len(changed) != 0 {
		t.Errorf("nothing changed: %v, %v", changed, err)
	}
	m.SetFact("tags/instance/Name", "web 2")
	if changed, err := i.Probe(t.Context(), known); err != nil || !slices.Equal(changed, []source.Ref{ref("tag/Name")}) {
		t.Errorf("another tag: %v, %v", changed, err)
	}
}

func TestWhatIsNoFact(t *testing.T) {
	m := awsfake.StartMetadata(t)
	m.SetRole("admin")
	i := open(t, m.Env()...)
	for name, want := range map[string]error{
		"tag/missing": source.ErrNotFound, "public-ipv4": source.ErrNotFound,
		"iam/security-credentials/admin": source.ErrRef, "tag/../../iam": source.ErrRef, "tag/": source.ErrRef, "": source.ErrRef, "user-data": source.ErrRef,
	} {
		got := i.Fetch(t.Context(), []source.Ref{ref(name)})[ref(name)]
		if !errors.Is(got.Err, want) || len(got.Secret.Reveal()) != 0 {
			t.Errorf("%s: %v, want %v", name, got.Err, want)
		}
	}
}

// Off EC2: a connection refused, a service that never answers, and a user who
// forbids to ask. The clock is not looked at: the test would hang.
func TestOffEC2(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	silent := awsfake.StartMetadata(t)
	silent.Silent = true
	for name, tt := range map[string]struct {
		env  []string
		says string
	}{
		"refused":  {[]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://" + l.Addr().String(), "AWS_EC2_METADATA_DISABLED=false"}, "not on an EC2 instance"},
		"silent":   {silent.Env(), "not on an EC2 instance"},
		"disabled": {[]string{"AWS_EC2_METADATA_DISABLED=true"}, "AWS_EC2_METADATA_DISABLED"},
	} {
		t.Run(name, func(t *testing.T) {
			i := open(t, tt.env...)
			for r, res := range i.Fetch(t.Context(), []source.Ref{ref("instance-id"), ref("region")}) {
				if !errors.Is(res.Err, source.ErrUnreachable) || !strings.Contains(res.Err.Error(), tt.says) || res.Trace.Absent {
					t.Errorf("%s: %v", r, res.Err)
				}
			}
		})
	}
}
