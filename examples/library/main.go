// Command library renders a template with secrets from DynamoDB, as a program does
// that imports credrender's packages. README.md explains it.
package main

import (
	"context"
	"log"
	"os"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/pkg/template"
)

func main() {
	ctx := context.Background()
	aws := must(awsconfig.Load(ctx, awsconfig.Options{}))
	secrets := store.New(store.Options{Reader: dynamo.New(aws.AWS, "credential-store"), Decrypter: kms.New(aws.KMS, "")})
	tmpl := must(template.Parse(string(must(os.ReadFile(os.Args[1]))), template.Options{Name: os.Args[1]}))
	out := must(template.Render(ctx, tmpl, template.Resolver{Source: secrets}))
	must(os.Stdout.Write(out.Bytes))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
