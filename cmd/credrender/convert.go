package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/compat/jinja/convert"
)

func newConvert(a *app) *cobra.Command {
	o := &convert.Options{}
	c := &cobra.Command{
		Use:   "convert FILE.j2",
		Short: "Convert a Jinja2 template to a Go template",
		Long: `Print a Go template with the same output as a Jinja2 template of credsmash. A part
that cannot be converted is printed as a comment in its place and reported on standard
error, with exit code 1. FILE may be - for standard input. Variables become .Vars. No
secret is read.`,
		Example: `  credrender convert app.conf.j2 > app.conf.tmpl && credrender lint app.conf.tmpl`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return runConvert(a, o, args[0]) },
	}
	c.Flags().StringVar(&o.ObjName, "obj-name", "secrets", "variable of the secrets in the template, `NAME`")
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
	if err := a.write([]byte(out)); err != nil {
		return err
	}
	for _, l := range left {
		a.log.Warn(fmt.Sprintf("%s:%d: not converted: %s", path, l.Line, l.What))
	}
	if len(left) > 0 {
		a.code = worse(a.code, exitFailed)
	}
	return nil
}
