// Command credrender puts secrets into whole config files.
//
// It reads secrets from a credstash-compatible store (DynamoDB and KMS, or a local file),
// renders Go templates with them, and changes the files of a job together.
// docs/dev/layout.md describes one render from the arguments to the exit code.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	closeMemory()
	start()
}

// start is main for tests that read the memory of this process.
func start() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills
	stdin, stderr := os.Stdin, os.Stderr
	quietLibraries()
	paceGC(os.LookupEnv)
	os.Exit(run(ctx, os.Args, stdin, os.Stdout, stderr))
}
