package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the journey and starts the clean-up; a second one
	// ends that too.
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "aws-live: error:", err)
	if errors.Is(err, errRefused) {
		os.Exit(2)
	}
	os.Exit(1)
}
