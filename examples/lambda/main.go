// Command lambda is an AWS Lambda function that reads its secrets through
// packages source, store, dynamo and kms, without files and without the
// credrender binary. README.md beside it says how to build it.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
)

func main() {
	log.SetOutput(awsconfig.Redact(os.Stderr)) // net/http's words
	ctx := context.Background()
	secrets, err := open(ctx, os.Getenv("CREDSTASH_DEFAULT_TABLE"))
	if err != nil {
		log.Fatal(err)
	}
	signingKey, err := ref(os.Getenv("SIGNING_KEY"), map[string]string{"env": "prod", "service": "links"})
	if err != nil {
		log.Fatal(err)
	}
	h := &handler{secrets: secrets, key: signingKey, maxAge: 5 * time.Minute, now: time.Now}
	lambda.Start(h.handle)
}

// open makes a source of the table's secrets. One that only reads needs
// neither a writer nor a KMS key: each item says which key opens it. The
// configuration is credrender's own: the SDK's default one loses secrets when a
// table throttles.
func open(ctx context.Context, table string) (source.Source, error) {
	cfg, err := awsconfig.Load(ctx, awsconfig.Options{})
	if err != nil {
		return nil, err
	}
	return store.New(store.Options{Reader: dynamo.New(cfg.AWS, table), Decrypter: kms.New(cfg.KMS, "")}), nil
}

func ref(name string, pairs map[string]string) (source.Ref, error) {
	c, err := source.NewContext(pairs)
	return source.Ref{Name: name, Context: c}, err
}
