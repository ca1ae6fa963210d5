// Command credrender puts secrets into whole config files.
//
// It reads them from a credstash-compatible store (DynamoDB and KMS, or a
// local file), renders Go templates with them, and changes the files of a job
// together: docs/dev/layout.md walks one render from the arguments to the exit
// code.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/credrender/credrender/pkg/source/awsconfig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)               // a second signal kills
	log.SetOutput(awsconfig.Redact(os.Stderr)) // net/http's
	paceGC(os.LookupEnv)
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
