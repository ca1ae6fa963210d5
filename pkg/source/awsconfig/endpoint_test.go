package awsconfig_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/test/awsfake"
)

// asked notes where requests would go, and sends none.
type asked struct{ hosts []string }

func (a *asked) Do(req *http.Request) (*http.Response, error) {
	a.hosts = append(a.hosts, req.URL.Scheme+"://"+req.URL.Host)
	return nil, errors.New("not sent")
}

// The SDK's variables lead reads and Decrypt where they lead its own clients.
func TestEndpoints(t *testing.T) {
	tests := []struct {
		name        string
		env         []string
		tables, kms string
	}{
		{"default", nil, "https://dynamodb.eu-west-1.amazonaws.com", "https://kms.eu-west-1.amazonaws.com"},
		{"account", []string{"AWS_ACCOUNT_ID=123456789012", "AWS_ACCOUNT_ID_ENDPOINT_MODE=preferred"}, "https://123456789012.ddb.eu-west-1.amazonaws.com", "https://kms.eu-west-1.amazonaws.com"},
		{"no account", []string{"AWS_ACCOUNT_ID=123456789012", "AWS_ACCOUNT_ID_ENDPOINT_MODE=disabled"}, "https://dynamodb.eu-west-1.amazonaws.com", "https://kms.eu-west-1.amazonaws.com"},
		{"FIPS", []string{"AWS_USE_FIPS_ENDPOINT=true", "AWS_REGION=us-east-1"}, "https://dynamodb-fips.us-east-1.amazonaws.com", "https://kms-fips.us-east-1.amazonaws.com"},
		{"dual stack", []string{"AWS_USE_DUALSTACK_ENDPOINT=true"}, "https://dynamodb.eu-west-1.api.aws", "https://kms.eu-west-1.api.aws"},
		{"China", []string{"AWS_REGION=cn-north-1"}, "https://dynamodb.cn-north-1.amazonaws.com.cn", "https://kms.cn-north-1.amazonaws.com.cn"},
		{"one service", []string{"AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1"}, "https://dynamodb.eu-west-1.amazonaws.com", "http://127.0.0.1:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noEndpoints := []string{"AWS_ENDPOINT_URL=", "AWS_ENDPOINT_URL_DYNAMODB=", "AWS_ENDPOINT_URL_KMS=", "AWS_ENDPOINT_URL_STS=", "AWS_REGION=eu-west-1", "AWS_MAX_ATTEMPTS=1"}
			setEnv(t, awsfake.Start(t), append(noEndpoints, tt.env...)...)
			c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var a asked
			c.AWS.HTTPClient, c.KMS.HTTPClient = &a, &a
			if _, err := dynamo.New(c.AWS, table).Newest(t.Context(), "n"); err == nil {
				t.Error("a read succeeded")
			}
			if _, err := kms.New(c.KMS, key).Decrypt(t.Context(), []byte("x"), nil); err == nil {
				t.Error("a Decrypt succeeded")
			}
			if diff := cmp.Diff([]string{tt.tables, tt.kms}, a.hosts); diff != "" {
				t.Errorf("hosts (-want +got):\n%s", diff)
			}
		})
	}
}
