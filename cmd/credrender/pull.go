package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/job"
)

func newPull(a *app) *cobra.Command {
	o := &renderOptions{}
	c := &cobra.Command{
		Use:   "pull REF [KEY=VALUE]... DEST",
		Short: "Write one secret to a file",
		Long: `Write the newest version of a secret to DEST byte for byte, like a job: atomically,
only if it changed, and with mode 0600 unless the file exists or --mode is given. DEST
may be - for standard output. A file that a job of the config reads or writes is
refused without --force.`,
		Example: `  credrender pull web.tls.key env=prod /etc/nginx/tls.key --hook 'systemctl reload nginx'`,
		Args:    cobra.MinimumNArgs(2),
		RunE:    func(c *cobra.Command, args []string) error { return runPull(c.Context(), a, o, args) },
	}
	o.registerFile(c)
	o.registerRun(c)
	return c
}

func runPull(ctx context.Context, a *app, o *renderOptions, args []string) error {
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	last := len(args) - 1
	if isPair(args[last]) && !strings.Contains(args[last], "/") {
		return usagef("pull: DEST is missing: the last argument is KEY=VALUE, a context; for a file of that name write ./%s", args[last])
	}
	t, err := a.target(cfg, args[0], "", args[1:last], o.context)
	if err != nil {
		return err
	}
	file := t.File()
	if args[last] != stdoutName {
		if file.Dest, err = a.destination(args[last]); err != nil {
			return err
		}
	} else if err := o.refuseWithoutDest(); err != nil {
		return err
	}
	j, err := applyFileFlags(adHoc(cfg, file), &o.jobFlags)
	if err != nil {
		return err
	}
	change, err := a.jobChanges(&o.jobFlags)
	if err != nil {
		return err
	}
	change(&j)
	a.applyRoot(o.root, &j)
	if file.Dest == "" {
		return a.render(ctx, cfg, o, selection{stdout: []job.Job{j}})
	}
	return a.render(ctx, cfg, o, selection{jobs: []job.Job{j}})
}
