// Command tfaws stands in for the Terraform provider hashicorp/aws: it has the
// arguments and blocks of the documentation that terraform/testdata/schema.yaml
// keeps, takes every value, and answers with made-up attributes. With it, real
// Terraform validates, plans and applies the modules without an account.
//
// SCHEMA names that file. It is a module of its own, since what providers are
// built with (gRPC and what goes with it) is needed by nothing else here.
package main

import (
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"go.yaml.in/yaml/v3"
)

func main() {
	p, err := load(os.Getenv("SCHEMA"))
	if err == nil {
		err = tf6server.Serve("hashicorp/aws", func() tfprotov6.ProviderServer { return p })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func load(path string) (*provider, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &provider{}
	return p, yaml.Unmarshal(text, &p.file)
}
