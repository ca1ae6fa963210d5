package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/compat/confd"
	"github.com/credrender/credrender/internal/compat/jinja/convert"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/scaffold"
)

// convertFlags are the flags of convert. Those of the other kind of input are refused.
type convertFlags struct {
	jinja convert.Options
	confd confd.Options
	out   string
}

func newConvert(a *app) *cobra.Command {
	o := &convertFlags{}
	c := &cobra.Command{
		Use:   "convert PATH",
		Short: "Convert a Jinja2 template, or a folder of confd",
		Long: `Print what renders the same with credrender.

PATH is a Jinja2 template of credsmash, or - for one on standard input, and the result a Go
template. Variables become .Vars.

PATH is a folder of confd (confd.toml, conf.d, templates), and the result a config and its
templates, to standard output with a line -- NAME -- before each file, or into the folder of
--out, in which none of them may exist; there the JSON Schema of the config is added, for
editors. --backend names the backend where no file does: ssm,
env, file, or secret for values that are now in credrender's store under the same names.

A part that cannot be converted is replaced by a call of fail, and reported on standard error
with file and line, with exit code 1. A file of another kind is exit code 2. No secret is read.`,
		Example: `  credrender convert app.conf.j2 > app.conf.tmpl && credrender lint app.conf.tmpl
  credrender convert /etc/confd --backend ssm --out converted && credrender lint -c converted/credrender.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runConvert(a, c, o, args[0]) },
	}
	f := c.Flags()
	f.StringVar(&o.jinja.ObjName, "obj-name", "secrets", "Jinja2: variable of the secrets in the template, `NAME`")
	f.StringVar(&o.jinja.KeyFmt, "key-fmt", "{0}", "Jinja2: credsmash's --key-fmt, `FORMAT` of a secret's name")
	f.StringVar(&o.confd.Backend, "backend", "", "confd: where the values are, `ssm|env|file|secret`")
	f.StringVar(&o.confd.Prefix, "prefix", "", "confd: `PREFIX` of all keys, instead of those of the files")
	f.StringVar(&o.confd.File, "file", "", "confd: absolute `PATH` of the file of the backend file")
	f.StringVar(&o.out, "out", "", "confd: write the config and the templates into `DIR`")
	return c
}

func runConvert(a *app, c *cobra.Command, o *convertFlags, path string) error {
	if err := a.limitInputs(); err != nil {
		return err
	}
	info, err := os.Stat(a.abs(path))
	isFolder := path != stdinName && err == nil && info.IsDir()
	other, kind := []string{"backend", "prefix", "file", "out"}, "folder of confd"
	if isFolder {
		other, kind = []string{"obj-name", "key-fmt"}, "Jinja2 template"
	}
	for _, name := range other {
		if c.Flags().Changed(name) {
			return usagef("--%s is for a %s, and %s is not one", name, kind, path)
		}
	}
	if isFolder {
		return a.convertFolder(o, path)
	}
	return a.convertJinja(&o.jinja, path)
}

func (a *app) convertJinja(o *convert.Options, path string) error {
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
		a.notConverted(path, l.Line, l.What)
	}
	return nil
}

func (a *app) notConverted(path string, line int, what string) {
	a.log.Warn(fmt.Sprintf("%s:%d: not converted: %s", path, line, what))
	a.code = worse(a.code, exitFailed)
}

func (a *app) convertFolder(o *convertFlags, path string) error {
	converted, left, err := confd.Convert(os.DirFS(a.abs(path)), o.confd)
	if err != nil {
		return usagef("%s: %w", path, err)
	}
	files, err := withSchema(converted)
	if err != nil {
		return err
	}
	if o.out == "" {
		err = a.printFiles(files[:len(files)-1])
	} else {
		err = writeNew(a.abs(o.out), files, "--out: %s exists, or cannot be checked: use a new folder")
	}
	if err != nil {
		return err
	}
	for _, l := range left {
		a.notConverted(filepath.Join(path, l.File), l.Line, l.What)
	}
	return nil
}

// withSchema adds the JSON Schema, as the last file, and the line of the config that leads
// editors to it.
func withSchema(converted []confd.File) (files []scaffold.File, err error) {
	text, err := json.MarshalIndent(config.Schema(), "", "  ")
	for _, f := range converted {
		if f.Name == confd.ConfigName {
			f.Data = append([]byte(config.Modeline("./"+schemaName)), f.Data...)
		}
		files = append(files, scaffold.File(f))
	}
	return append(files, scaffold.File{Name: schemaName, Data: append(text, '\n')}), err
}

func (a *app) printFiles(files []scaffold.File) error {
	for _, f := range files {
		text := fmt.Sprintf("-- %s --\n%s", f.Name, f.Data)
		if err := a.write([]byte(text)); err != nil {
			return err
		}
	}
	return nil
}
