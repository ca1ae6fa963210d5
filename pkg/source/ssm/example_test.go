package ssm_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/ssm"
)

func Example() {
	cfg, stop := answering(`{"Parameters": [{"Name": "/app/key", "Type": "SecureString", "Value": "hunter2", "Version": 3}]}`)
	defer stop()
	key := source.Ref{Source: source.SSM, Name: "/app/key"}
	got := ssm.New(cfg).Fetch(context.Background(), []source.Ref{key})[key]
	fmt.Println(string(got.Secret.Reveal()), got.Trace.Version, got.Err)
	// Output: hunter2 3 <nil>
}

// answering returns a configuration for a server in the place of AWS, which gives one
// answer. A program calls awsconfig.Load instead.
func answering(body string) (awsconfig.Client, func()) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = fmt.Fprint(w, body)
	}))
	return awsconfig.Client{Config: aws.Config{
		Region: "eu-west-1", BaseEndpoint: &srv.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
	}}, srv.Close
}
