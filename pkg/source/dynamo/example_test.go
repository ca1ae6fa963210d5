package dynamo_test

import (
	"context"
	"fmt"
	"log"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
)

// A program that reads secrets needs a table, KMS, and the two put together.
func Example() {
	ctx := context.Background()
	cfg, err := awsconfig.Load(ctx, awsconfig.Options{})
	if err != nil {
		log.Fatal(err)
	}
	secrets := store.New(store.Options{
		Reader:    dynamo.New(cfg.AWS, "credential-store"),
		Decrypter: kms.New(cfg.KMS, ""), // no key: nothing is written
	})
	password := source.Ref{Name: "db.password"}
	result := secrets.Fetch(ctx, []source.Ref{password})[password]
	if result.Err != nil {
		log.Fatal(result.Err)
	}
	fmt.Println(len(result.Secret.Reveal()), "bytes")
}
