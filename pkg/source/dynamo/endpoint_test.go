package dynamo_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/test/awsfake"
)

// hosts keeps where requests go, and for which table, and refuses them.
type hosts struct {
	mu    sync.Mutex
	asked []string
}

func (h *hosts) Do(r *http.Request) (*http.Response, error) {
	var in struct{ TableName string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.asked = append(h.asked, r.URL.Host+" "+in.TableName)
	h.mu.Unlock()
	return &http.Response{
		StatusCode: http.StatusBadRequest, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"__type":"AccessDeniedException"}`)),
	}, nil
}

// Reads go to the same host as what the SDK's client sends: by default that of the
// account, where the credentials or the table's ARN tell it.
func TestReadsGoWhereTheSDKGoes(t *testing.T) {
	const arn = "arn:aws:dynamodb:eu-west-1:210987654321:table/shared"
	for name, tt := range map[string]struct {
		table, account, want string
		env                  []string
	}{
		"unknown account":  {"credential-store", "", "dynamodb.eu-west-1.amazonaws.com", nil},
		"account":          {"credential-store", "123456789012", "123456789012.ddb.eu-west-1.amazonaws.com", nil},
		"disabled":         {"credential-store", "123456789012", "dynamodb.eu-west-1.amazonaws.com", []string{"AWS_ACCOUNT_ID_ENDPOINT_MODE=disabled"}},
		"FIPS":             {"credential-store", "123456789012", "dynamodb-fips.eu-west-1.amazonaws.com", []string{"AWS_USE_FIPS_ENDPOINT=true"}},
		"own endpoint":     {"credential-store", "123456789012", "db.example", []string{"AWS_ENDPOINT_URL_DYNAMODB=https://db.example"}},
		"required":         {"credential-store", "123456789012", "123456789012.ddb.eu-west-1.amazonaws.com", []string{"AWS_ACCOUNT_ID_ENDPOINT_MODE=required"}},
		"required, absent": {"credential-store", "", "", []string{"AWS_ACCOUNT_ID_ENDPOINT_MODE=required"}},
		"another's table":  {arn, "123456789012", "210987654321.ddb.eu-west-1.amazonaws.com", nil},
		"ARN, disabled":    {arn, "123456789012", "dynamodb.eu-west-1.amazonaws.com", []string{"AWS_ACCOUNT_ID_ENDPOINT_MODE=disabled"}},
	} {
		t.Run(name, func(t *testing.T) {
			awsfake.SetEnv(t, append([]string{"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull}, tt.env...)...)
			cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-west-1"))
			if err != nil {
				t.Fatal(err)
			}
			h := &hosts{}
			cfg.HTTPClient = h
			cfg.Credentials = credentials.StaticCredentialsProvider{Value: aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET", AccountID: tt.account}}
			client := awsconfig.Client{Config: cfg}
			ref := source.Ref{Name: "a"}
			if _, err := dynamo.New(client, tt.table).Newest(t.Context(), ref.Name); err == nil {
				t.Error("a refused read is no error")
			}
			if _, err := dynamo.NewAdmin(client, tt.table).SetUp(t.Context(), dynamo.SetupOptions{DryRun: true}); err == nil {
				t.Error("a refused look is no error")
			}
			var want []string
			if tt.want != "" {
				want = []string{tt.want + " " + tt.table, tt.want + " " + tt.table}
			}
			if strings.Join(h.asked, ",") != strings.Join(want, ",") {
				t.Errorf("asked %q, want %q", h.asked, want)
			}
		})
	}
}
