package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// cleanLimit bounds the clean-up: a table takes a minute to delete.
const cleanLimit = 15 * time.Minute

// run is the whole program.
func run(ctx context.Context, args []string) error {
	o, err := readOptions(args)
	if err != nil {
		return err
	}
	a, err := openAccount(ctx, o)
	if err != nil {
		return err
	}
	if o.clean != "" {
		say("removes everything of %s in account %s, region %s, as %s", a.prefix, a.account, a.region, a.caller)
		if err := confirm(o); err != nil {
			return err
		}
		return cleanUp(ctx, a)
	}
	printCost(a)
	if err := confirm(o); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "credrender-live-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	j, err := newJourney(a, dir)
	if err != nil {
		return err
	}
	err = j.all(ctx)
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "aws-live: error:", err)
	}
	// The clean-up runs whatever happened, and a first signal does not end it.
	return errors.Join(err, cleanUp(context.WithoutCancel(ctx), a))
}

// cleanUp removes everything and lists what is left.
func cleanUp(ctx context.Context, a *account) error {
	ctx, cancel := context.WithTimeout(ctx, cleanLimit)
	defer cancel()
	say("clean-up")
	err := a.removeAll(ctx)
	left, lookErr := a.left(ctx)
	for _, line := range left {
		say("left: %s", line)
	}
	if err = errors.Join(err, lookErr); err != nil {
		return fmt.Errorf("clean-up is not complete; run it again: make aws-live-clean PREFIX=%s: %w", a.prefix, err)
	}
	say("clean-up complete")
	return nil
}
