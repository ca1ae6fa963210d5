package s3_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/s3"
)

func Example() {
	cfg, stop := answering("hello")
	defer stop()
	object := source.Ref{Source: source.S3Object, Name: "bucket/motd"}
	got := s3.New(cfg).Fetch(context.Background(), []source.Ref{object})[object]
	fmt.Println(string(got.Secret.Reveal()), got.Err)
	// Output: hello <nil>
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
