package fake_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/bench/fake"
	"github.com/credrender/credrender/test/bench/limit"
)

// begin starts a fake and returns a store that reads it the way commands do.
func begin(t *testing.T, o fake.Options) (*fake.Server, *store.Store) {
	t.Helper()
	srv, err := fake.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": srv.Tables(), "AWS_ENDPOINT_URL_KMS": srv.Keys(), "AWS_REGION": "eu-west-1",
		"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tab, keys := dynamo.New(c.AWS, "credential-store"), kms.New(c.KMS, "alias/credstash")
	return srv, store.New(store.Options{Reader: tab, Scanner: tab, Decrypter: keys, Prober: tab})
}

// Every size that is measured is read back through the store, by the newest
// version and by a stated one.
func TestItemsAreReal(t *testing.T) {
	for _, size := range []int{1, 100, 100 << 10} {
		_, s := begin(t, fake.Options{Size: size})
		refs := []source.Ref{{Name: "n0"}, {Name: "n17", Version: "1"}, {Name: "app.db.password"}}
		got := s.Fetch(t.Context(), refs)
		for _, ref := range refs {
			if diff := cmp.Diff(fake.Value(ref.Name, size), string(got[ref].Secret.Reveal())); got[ref].Err != nil || diff != "" {
				t.Errorf("%s of %d bytes: %v (-want +got):\n%s", ref.Name, size, got[ref].Err, diff)
			}
		}
	}
}

// A table of more than a page has each name once, for a store and for the limit
// program, which read it in as many pages.
func TestScanHasPages(t *testing.T) {
	const names, pages = 2000, 2
	srv, s := begin(t, fake.Options{Size: 100, Names: names})
	got, err := s.GetAll(t.Context(), store.Scope{Contexts: store.Always(source.Context{})})
	if err != nil || len(got) != names {
		t.Fatalf("%d of %d names: %v", len(got), names, err)
	}
	for name, r := range got {
		if r.Err != nil || string(r.Secret.Reveal()) != fake.Value(name, 100) {
			t.Fatalf("%s: %v", name, r.Err)
		}
	}
	if n := srv.Requests.Swap(0); n != names+pages {
		t.Errorf("the store sent %d requests", n)
	}
	c := limit.Client{Tables: srv.Tables(), Keys: srv.Keys(), Region: "eu-west-1", Credentials: aws.Credentials{AccessKeyID: "bench", SecretAccessKey: "bench"}}
	if err := c.All(t.Context(), names, 8); err != nil {
		t.Fatal(err)
	}
	if n := srv.Requests.Swap(0); n != names+pages {
		t.Errorf("the limit program sent %d requests", n)
	}
}

// A probe of what was just fetched finds nothing new, large items included.
func TestProbeIsQuiet(t *testing.T) {
	for _, size := range []int{100, 100 << 10} {
		_, s := begin(t, fake.Options{Size: size})
		ref := source.Ref{Name: "n1"}
		trace := s.Fetch(t.Context(), []source.Ref{ref})[ref].Trace
		changed, err := s.Probe(t.Context(), []source.Known{{Ref: ref, Trace: trace}})
		if err != nil || len(changed) != 0 {
			t.Errorf("%d bytes: %v, %v", size, changed, err)
		}
	}
}

// boto3 puts spaces into its JSON.
func TestParameters(t *testing.T) {
	srv, _ := begin(t, fake.Options{Size: 10, Names: 12})
	type parameter struct{ Name, Value string }
	var got struct {
		Parameter  parameter
		Parameters []parameter
		NextToken  string
	}
	ask := func(operation, body string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.Keys(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", "AmazonSSM."+operation)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || json.Unmarshal(text, &got) != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return resp.StatusCode
	}
	ask("GetParameter", `{"Name": "/app/n3"}`)
	ask("GetParametersByPath", `{"Path": "/app", "NextToken": "10"}`)
	want := []parameter{{"/app/n10", "n10=012345"}, {"/app/n11", "n11=012345"}}
	if diff := cmp.Diff(want, got.Parameters); diff != "" || got.NextToken != "" || got.Parameter.Value != "n3=0123456" {
		t.Errorf("%+v (-want +got):\n%s", got, diff)
	}
	if code := ask("PutParameter", `{}`); code != http.StatusNotImplemented {
		t.Errorf("a write was answered with %d", code)
	}
}
