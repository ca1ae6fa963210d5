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
	answers := make(chan string, 1)
	go func() { // without an answer it ends with the process
		line, _ := bufio.NewReader(tty).ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		_, _ = fmt.Fprintln(a.stderr)
		return ctx.Err()
	case answer := <-answers:
		if answer == "y" || answer == "yes" {
			return nil
		}
		return errNotConfirmed
	}
}
