package secretsmanager_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/secretsmanager"
)

// A name ends in #KEY for one value of a JSON document.
func Example() {
	cfg, stop := answering(`{"Name": "db", "ARN": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf",
		"VersionId": "v1", "VersionStages": ["AWSCURRENT"], "SecretString": "{\"user\": \"app\", \"port\": 5432}"}`)
	defer stop()
	user := source.Ref{Source: source.SecretsManager, Name: "db#user"}
	got := secretsmanager.New(cfg).Fetch(context.Background(), []source.Ref{user})[user]
	fmt.Println(string(got.Secret.Reveal()), got.Err)
	// Output: app <nil>
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
