package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/compat/jinja/convert"
)

func newConvert(a *app) *cobra.Command {
	o := &convert.Options{}
	c := &cobra.Command{
		Use:   "convert FILE.j2",
		Short: "Make a Go template of a Jinja2 one",
		Long: `Print a Go template that renders what a Jinja2 template of credsmash renders. What
could not be carried over is named on standard error and stands in a comment where
it was; then the exit code is 1. - is standard input. Variables become .Vars, and
no secret is read.`,
		Example: `  credrender convert app.conf.j2 > app.conf.tmpl && credrender lint app.conf.tmpl`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return runConvert(a, o, args[0]) },
	}
	c.Flags().StringVar(&o.ObjName, "obj-name", "secrets", "what the template calls the secrets, `NAME`")
	c.Flags().StringVar(&o.KeyFmt, "key-fmt", "{0}", "credsmash's --key-fmt: `FORMAT` of a secret's name")
	return c
}

func runConvert(a *app, o *convert.Options, path string) error {
	var text []byte
	var err error
	if path == stdinName {
		text, err = a.readPiped()
	} else {
		text, err = a.readNamed(path)
	}
	if err != nil {
		return err
	}
	out, left, err := convert.Convert(string(text), *o)
	if err != nil {
		return usagef("%s: %w", path, err)
	}
	if _, err := io.WriteString(a.stdout, out); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	for _, l := range left {
		a.log.Warn(fmt.Sprintf("%s:%d: not carried over: %s", path, l.Line, l.What))
	}
	if len(left) > 0 {
		a.code = worse(a.code, exitFailed)
	}
	return nil
}
