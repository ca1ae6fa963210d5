package awsconfig_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/s3"
	"github.com/credrender/credrender/pkg/source/secretsmanager"
	"github.com/credrender/credrender/pkg/source/ssm"
	"github.com/credrender/credrender/test/awsfake"
)

// one fetches a single ref.
func one(ctx context.Context, s source.Source, r source.Ref) (string, error) {
	got := s.Fetch(ctx, []source.Ref{r})[r]
	if got.Err != nil {
		return "", got.Err
	}
	return string(got.Secret.Reveal()), nil
}

// names lists what a pattern matches.
func names(ctx context.Context, l source.Lister, pattern string) (string, error) {
	entries, err := l.List(ctx, pattern)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name)
	}
	return strings.Join(all, " "), err
}

// Each answer is compared with its question: one to another, with an id of its
// own, is asked for again, and never taken.
func TestAnswersAreCompared(t *testing.T) {
	item := func(name, version string) string {
		return fmt.Sprintf(`{"name":{"S":%q},"version":{"S":%q},"key":{"S":"a2V5"},"contents":{"S":"YQ=="},"hmac":{"S":"00"}}`, name, version)
	}
	query := func(name string) string { return `{"Items":[` + item(name, "0000000000000000001") + `]}` }
	const secret = `{"Name":%q,"ARN":"arn:%s","VersionId":%q,"SecretString":"value"}`
	const list = `<ListBucketResult><EncodingType>url</EncodingType><Prefix>%s</Prefix><Contents><Key>%s</Key><Size>1</Size></Contents></ListBucketResult>`
	id := strings.Repeat("v", 32)
	for _, tt := range []struct {
		name         string
		wrong, right string
		want         string
		ask          func(context.Context, awsconfig.Client) (string, error)
	}{
		{"newest item", query("other"), query("name"), "name", func(ctx context.Context, c awsconfig.Client) (string, error) {
			it, err := dynamo.New(c, table).Newest(ctx, "name")
			return it.Name, err
		}},
		{"item by version", `{"Item":` + item("name", "2") + `}`, `{"Item":` + item("name", "1") + `}`, "1", func(ctx context.Context, c awsconfig.Client) (string, error) {
			it, err := dynamo.New(c, table).Get(ctx, "name", "1")
			return it.Version, err
		}},
		{"item of a name by version", `{"Item":` + item("other", "1") + `}`, `{"Item":` + item("name", "1") + `}`, "name", func(ctx context.Context, c awsconfig.Client) (string, error) {
			it, err := dynamo.New(c, table).Get(ctx, "name", "1")
			return it.Name, err
		}},
		{"versions", query("other"), query("name"), "name", func(ctx context.Context, c awsconfig.Client) (string, error) {
			all, err := dynamo.New(c, table).Versions(ctx, "name")
			if err != nil {
				return "", err
			}
			return all[0].Name, nil
		}},
		{"data key", `{"CiphertextBlob":"YQ=="}`, `{"Plaintext":"a2V5"}`, "key", func(ctx context.Context, c awsconfig.Client) (string, error) {
			plain, err := kms.New(c, key).Decrypt(ctx, []byte("x"), nil)
			return string(plain), err
		}},
		{"parameter", `{"Parameters":[{"Name":"/b","Value":"other"}]}`, `{"Parameters":[{"Name":"/a","Value":"value"}]}`, "value", func(ctx context.Context, c awsconfig.Client) (string, error) {
			return one(ctx, ssm.New(c), source.Ref{Name: "/a"})
		}},
		{"version of a parameter", `{"Parameters":[{"Name":"/a","Value":"other","Version":2}]}`, `{"Parameters":[{"Name":"/a","Value":"value","Version":1}]}`, "value", func(ctx context.Context, c awsconfig.Client) (string, error) {
			return one(ctx, ssm.New(c), source.Ref{Name: "/a", Version: "1"})
		}},
		{"missing parameter", `{"InvalidParameters":["/b"]}`, `{"Parameters":[{"Name":"/a","Value":"value"}]}`, "value", func(ctx context.Context, c awsconfig.Client) (string, error) {
			return one(ctx, ssm.New(c), source.Ref{Name: "/a"})
		}},
		{"parameters below a path", `{"Parameters":[{"Name":"/b/x"}]}`, `{"Parameters":[{"Name":"/a/x"}]}`, "/a/x", func(ctx context.Context, c awsconfig.Client) (string, error) {
			return names(ctx, ssm.New(c), "/a/*")
		}},
		{"secret", fmt.Sprintf(secret, "b", "b", id), fmt.Sprintf(secret, "a", "a", id), "value", func(ctx context.Context, c awsconfig.Client) (string, error) {
			return one(ctx, secretsmanager.New(c), source.Ref{Name: "a"})
		}},
		{"version of a secret", fmt.Sprintf(secret, "a", "a", "another"), fmt.Sprintf(secret, "a", "a", id), "value", func(ctx context.Context, c awsconfig.Client) (string, error) {
			return one(ctx, secretsmanager.New(c), source.Ref{Name: "a", Version: id})
		}},
		{"batch of secrets", `{"SecretValues":[` + fmt.Sprintf(secret, "c", "c", id) + `]}`, `{"SecretValues":[` + fmt.Sprintf(secret, "a", "a", id) + `,` + fmt.Sprintf(secret, "b", "b", id) + `]}`, "value", func(ctx context.Context, c awsconfig.Client) (string, error) {
			a := source.Ref{Name: "a"}
			got := secretsmanager.New(c).Fetch(ctx, []source.Ref{a, {Name: "b"}})[a]
			if got.Err != nil {
				return "", got.Err
			}
			return string(got.Secret.Reveal()), nil
		}},
		{"list of a prefix", fmt.Sprintf(list, "b/", "b/x"), fmt.Sprintf(list, "a/", "a/x"), "bucket/a/x", func(ctx context.Context, c awsconfig.Client) (string, error) {
			return names(ctx, s3.New(c), "bucket/a/*")
		}},
		{"keys of a list", fmt.Sprintf(list, "", "b/x"), fmt.Sprintf(list, "", "a/x"), "bucket/a/x", func(ctx context.Context, c awsconfig.Client) (string, error) {
			return names(ctx, s3.New(c), "bucket/a/*")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked, wrong atomic.Int64 // wrong: how many answers are
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amzn-Requestid", rand.Text())
				if asked.Add(1) <= wrong.Load() {
					_, _ = io.WriteString(w, tt.wrong)
					return
				}
				_, _ = io.WriteString(w, tt.right)
			}))
			t.Cleanup(srv.Close)
			setEnv(t, awsfake.Start(t))
			for _, service := range []string{"", "_DYNAMODB", "_KMS", "_S3", "_SSM", "_SECRETS_MANAGER"} {
				t.Setenv("AWS_ENDPOINT_URL"+service, srv.URL)
			}
			c, err := awsconfig.Load(t.Context(), awsconfig.Options{MaxAttempts: 1})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int64{0, 1} { // the second time on a connection that was used
				asked.Store(0)
				wrong.Store(n)
				if got, err := tt.ask(t.Context(), c.AWS); got != tt.want || err != nil {
					t.Errorf("%d wrong answers: got %q, %v", n, got, err)
				}
				if asked.Load() != n+1 {
					t.Errorf("%d wrong answers: asked %d times", n, asked.Load())
				}
			}
			wrong.Store(100)
			asked.Store(0)
			if got, err := tt.ask(t.Context(), c.AWS); err == nil || errors.Is(err, source.ErrNotFound) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// That something is missing is believed only on a connection that nothing could
// have been left on.
func TestMissingIsAskedAgain(t *testing.T) {
	srv := awsfake.Start(t)
	st, refs := openStore(t, srv, nil, 1)
	missing := []source.Ref{{Name: "missing"}}
	for i, want := range []int{1, 2, 2} { // the first is on a new connection
		if i == 1 {
			wantNoErrors(t, st.Fetch(t.Context(), refs))
		}
		srv.Forget()
		st.Fetch(t.Context(), missing)
		if got := srv.Count(awsfake.DynamoDB, "Query"); got != want {
			t.Errorf("fetch %d: %d Queries, want %d", i, got, want)
		}
	}
}
