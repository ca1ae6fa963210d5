package contract_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/credrender/credrender/internal/awstest"
	"github.com/credrender/credrender/internal/awstest/contract"
)

func TestAwstest(t *testing.T) {
	for name, secured := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			srv := awstest.New(awstest.Options{TLS: secured, Burst: 5 * time.Minute})
			t.Cleanup(srv.Close)
			srv.SetEnv(t)
			cfg, err := config.LoadDefaultConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			contract.Run(t, contract.Stand{
				Name: "awstest", Config: cfg,
				DynamoDB: srv.URL(awstest.DynamoDB), KMS: srv.URL(awstest.KMS), STS: srv.URL(awstest.STS),
			})
		})
	}
}
