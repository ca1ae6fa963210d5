package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

type putOptions struct {
	version, comment, format string
	ifChanged                bool
}

func newPut(a *app) *cobra.Command {
	o := &putOptions{}
	c := &cobra.Command{
		Use:   "put NAME [VALUE|@FILE|-] [KEY=VALUE]...",
		Short: "Store a secret as a new version",
		Long: `Store a value under the next version, safely among others who do the same.
@FILE and - (standard input) are taken byte for byte, a newline at the end
included. Without a value it is asked for on the terminal.

A VALUE on the command line can be seen by every user of the machine while the
command runs, and stays in the shell's history; @FILE and - do not.`,
		Example: `  credrender put web.tls.key @tls.key env=prod
  pwgen -s 40 1 | tr -d '\n' | credrender put db.password - env=prod`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runPut(c.Context(), a, o, args) },
	}
	fl := c.Flags()
	fl.StringVarP(&o.version, "version", "v", "", "`VERSION` to store (default: the next)")
	fl.StringVar(&o.comment, "comment", "", "`TEXT` stored beside the value, in clear")
	fl.BoolVar(&o.ifChanged, "if-changed", false, "store nothing if the newest version has this value")
	fl.StringVar(&o.format, "item-format", "credstash", "`credstash|aes-ctr|aes-gcm`: who can read it; credstash is read by every tool")
	return c
}

func runPut(ctx context.Context, a *app, o *putOptions, args []string) error {
	var context []string
	if len(args) > 2 {
		context = args[2:]
	}
	ref, err := refOf(args[0], context, "")
	if err != nil {
		return err
	}
	algorithms := map[string]string{"credstash": "", "aes-ctr": "aes-ctr", "aes-gcm": "aes-gcm"}
	algorithm, ok := algorithms[o.format]
	if !ok {
		return usagef("--item-format %q is not credstash, aes-ctr or aes-gcm", o.format)
	}
	value, err := a.value(args)
	if err != nil {
		return err
	}
	if folder, err := a.folder(ctx); folder != nil || err != nil {
		if err != nil {
			return err
		}
		return a.putObject(ctx, folder, o, ref, source.NewSecret(value))
	}
	st, err := a.store(ctx)
	if err != nil {
		return err
	}
	version, changed, err := st.Put(ctx, store.PutRequest{
		Name: ref.Name, Value: source.NewSecret(value), Context: ref.Context,
		Version: o.version, Comment: o.comment, Algorithm: algorithm, IfChanged: o.ifChanged,
	})
	if err != nil {
		return named(ref, err)
	}
	if changed {
		a.log.Info(fmt.Sprintf("stored %s version %s", ref, version), "name", ref.Name, "version", version)
	}
	return nil
}

// value is the second argument: itself, a file's content, or standard input's.
func (a *app) value(args []string) ([]byte, error) {
	if len(args) < 2 {
		return a.askValue()
	}
	switch v := args[1]; {
	case v == "-":
		return io.ReadAll(a.stdin)
	case strings.HasPrefix(v, "@"):
		return a.readNamed(v[1:])
	default:
		return []byte(v), nil
	}
}

func (a *app) askValue() ([]byte, error) {
	f, ok := a.stdin.(*os.File)
	if !ok || !isTerminal(f) {
		return nil, usagef("no value: give VALUE, @FILE, or - for standard input")
	}
	_, _ = fmt.Fprint(a.stderr, "Value: ")
	value, err := term.ReadPassword(int(f.Fd()))
	_, _ = fmt.Fprintln(a.stderr)
	return value, err
}
