package kms_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/kms"
)

// Keys decrypt what was encrypted with any key that the identity may use.
func Example() {
	cfg, stop := answering(`{"Plaintext": "aHVudGVyMg==", "KeyId": "arn:aws:kms:eu-west-1:111122223333:key/k"}`)
	defer stop()
	plain, err := kms.New(cfg, "").Decrypt(context.Background(), []byte("blob"), map[string]string{"env": "prod"})
	fmt.Println(string(plain), err)
	// Output: hunter2 <nil>
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
