package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/scaffold"
	"github.com/credrender/credrender/pkg/template"
)

// schemaName is the file name of the JSON Schema in examples.
const schemaName = scaffold.SchemaName

func newInit(a *app) *cobra.Command {
	o := &scaffold.Options{}
	c := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a first config and template",
		Long: `Write a commented config with one job, its template, a golden test of the template and
the JSON Schema for editors into DIR (default: the working directory). Global flags such
as --store and --region become settings of the config.

On a terminal, init asks for what no flag gives. It never overwrites a file.`,
		Example: `  credrender init --store local --dest /etc/app/app.json
  credrender lint -c credrender.yaml && credrender test`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runInit(c.Context(), a, o, args) },
	}
	c.Flags().StringVar(&o.Job, "name", "", "`NAME` of the job (default: the name of DEST without its extension)")
	c.Flags().StringVar(&o.Dest, "dest", "", "absolute path of the file to render, `DEST` (default /etc/app/app.conf)")
	c.Flags().StringVar(&o.Secret, "secret", "", "`NAME` of the secret that the template prints (default app.password)")
	c.Flags().StringVar(&o.Hook, "hook", "", "shell `COMMAND` to run after a change")
	return c
}

func runInit(ctx context.Context, a *app, o *scaffold.Options, args []string) error {
	dir := a.dir
	if len(args) > 0 {
		if args[0] == "" {
			return usagef("DIR is empty: leave it out, or pass a directory")
		}
		dir = a.abs(args[0])
	}
	o.Settings = a.givenSettings()
	if err := a.askInit(o); err != nil {
		return err
	}
	files, err := scaffold.Files(*o)
	if err != nil {
		return err
	}
	if err := a.checkScaffold(ctx, filepath.Join(dir, scaffold.ConfigName), files); err != nil {
		return err
	}
	if err := writeNew(dir, files, "%s exists: init overwrites nothing"); err != nil {
		return err
	}
	for _, f := range files {
		if err := printf(a.stdout, "%s\n", filepath.Join(dir, f.Name)); err != nil {
			return err
		}
	}
	return nil
}

// givenSettings returns the global flags that are keys of the config too.
func (a *app) givenSettings() map[string]string {
	settings := map[string]string{}
	given := a.globals.given()
	for _, f := range config.Flags() {
		for _, k := range config.Keys() {
			if value, ok := given[f.Name]; ok && k.Section == config.SectionTop && k.Name == f.Key() {
				settings[k.Name] = a.settled(k.Name, value)
			}
		}
	}
	return settings
}

// settled returns the value of a flag for the config, where relative paths start elsewhere.
func (a *app) settled(key, value string) string {
	path, isLocal := strings.CutPrefix(value, "local:")
	switch {
	case key == "store" && isLocal:
		return "local:" + a.abs(path)
	case key == "local_key", key == "state_dir":
		return a.abs(value)
	}
	return value
}

// askInit asks on a terminal for what no flag gives, and takes the defaults otherwise.
func (a *app) askInit(o *scaffold.Options) error {
	in := bufio.NewScanner(a.stdin)
	ask := func(value *string, question, standard string) error {
		if *value != "" {
			return nil
		}
		*value = standard
		if !a.atTerminal(a.stdin) || !a.atTerminal(a.stderr) {
			return nil
		}
		if standard != "" {
			question += " [" + standard + "]"
		}
		_, _ = fmt.Fprintf(a.stderr, "%s: ", question)
		if !in.Scan() {
			return errors.Join(errors.New("no answer"), in.Err())
		}
		if answer := strings.TrimSpace(in.Text()); answer != "" {
			*value = answer
		}
		return nil
	}
	store := o.Settings["store"]
	if err := errors.Join(
		ask(&store, "Store of secrets: dynamodb, local or s3://BUCKET/PREFIX", "dynamodb"),
		ask(&o.Dest, "File to render", "/etc/app/app.conf"),
		ask(&o.Secret, "Name of its secret", "app.password"),
		ask(&o.Hook, "Command to run after a change, such as 'systemctl --no-block reload app' (empty: none)", ""),
	); err != nil {
		return err
	}
	o.Settings["store"] = store
	name, _, _ := strings.Cut(filepath.Base(o.Dest), ".")
	if o.Job == "" && name != "" {
		o.Job = name
	} else if o.Job == "" {
		o.Job = "app"
	}
	return nil
}

// checkScaffold loads the config and parses the template before they are written: the flags
// may not be right.
func (a *app) checkScaffold(ctx context.Context, path string, files []scaffold.File) error {
	_, err := config.Load(ctx, config.Options{
		Flags: map[string]string{"config": path}, Environ: []string{"HOME=" + a.home()}, Dir: filepath.Dir(path), EUID: a.euid,
		Snapshot: &config.Snapshot{Single: true, Files: []config.Text{{Path: path, Data: files[0].Data}}},
	})
	if err != nil {
		return err
	}
	t, err := template.Parse(string(files[1].Data), template.Options{Name: files[1].Name})
	if err != nil {
		return err
	}
	for _, r := range t.Refs() {
		if r.Err != nil {
			return usagef("--secret: %w", r.Err)
		}
	}
	return nil
}
