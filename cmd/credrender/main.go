// Command credrender puts secrets into whole config files.
//
// It reads them from a credstash-compatible store (DynamoDB and KMS, or a
// local file), renders Go templates with them, and changes the files of a job
// together: docs/dev/layout.md walks one render from the arguments to the exit
// code.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills
	log.SetOutput(io.Discard)    // net/http logs there how answers begin that nobody asked for
	paceGC(os.LookupEnv)
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
