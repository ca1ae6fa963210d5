package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/credrender/credrender/pkg/source/limit"
)

// errNotConfirmed is the error of a command that the user did not confirm.
var errNotConfirmed = errors.New("not confirmed")

// confirm asks a question if standard input is a terminal. Anything but yes is
// errNotConfirmed. Scripts are not asked.
func (a *app) confirm(ctx context.Context, question string) error {
	tty, ok := a.stdin.(*os.File)
	if !ok || !a.atTerminal(tty) {
		return nil
	}
	defer limit.Pause(ctx)()
	_, _ = fmt.Fprint(a.stderr, question+" [y/N] ")
	line, _ := awaitAnswer(ctx, func() (string, error) { return bufio.NewReader(tty).ReadString('\n') })
	if ctx.Err() != nil {
		_, _ = fmt.Fprintln(a.stderr)
		return ctx.Err()
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return errNotConfirmed
}

// awaitAnswer returns what a user types, or the error of ctx if that ends first. The read then
// ends with the process.
func awaitAnswer[T any](ctx context.Context, read func() (T, error)) (typed T, err error) {
	done := make(chan struct{})
	var got T
	var failed error
	go func() {
		got, failed = read()
		close(done)
	}()
	select {
	case <-ctx.Done():
		return typed, ctx.Err()
	case <-done:
		return got, failed
	}
}
