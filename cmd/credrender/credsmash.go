package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/compat/credsmash"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source/awsconfig"
)

func newCredsmash(a *app) *cobra.Command {
	return newCompat(a, &cobra.Command{
		Use:   "credsmash [ARGUMENT]...",
		Short: "Run as credsmash 3.0.2",
		Long: `Run as credsmash 3.0.2, with its commands, config and Jinja2 templates, for scripts
written for it. The config file is /etc/credsmash.cfg. A link to this binary with the
name credsmash does the same without the word.`,
		Example: `  credrender credsmash get db.password
  credrender credsmash render-templates /etc/app/manifest.json
  ln -s "$(command -v credrender)" /usr/local/bin/credsmash`,
	}, a.credsmash)
}

// credsmash runs one command line of credsmash.
func (a *app) credsmash(ctx context.Context, args []string) int {
	var own []render.Own
	f := &credsmash.CommandLine{
		Machine: a.peerMachine(func(path string) ([]byte, error) {
			own = append(own, a.protectedFile("a file that this command reads", path)...)
			return a.readForPeer("credsmash", a.abs(path))
		}),
		Open: a.openCredsmash,
		Install: func(ctx context.Context, id string, files []credsmash.File) error {
			return a.installCredsmash(ctx, id, files, own)
		},
	}
	return f.Run(ctx, args)
}

// openCredsmash opens the table and key that credsmash would use. boto3 prefers
// AWS_DEFAULT_REGION to the profile and does not read AWS_REGION, which applies here only
// if neither has a region.
func (a *app) openCredsmash(ctx context.Context, w credsmash.Where) (*credsmash.Backend, error) {
	region, _ := a.lookupEnv("AWS_DEFAULT_REGION")
	table, st, err := a.openCompat(ctx, awsconfig.Options{Region: region}, w.Table, w.Key)
	if err != nil {
		return nil, err
	}
	return &credsmash.Backend{Store: st, Create: func(ctx context.Context) (bool, error) {
		state, err := table.EnsureTable(ctx)
		return state.Created, err
	}}, nil
}

// installCredsmash installs files as one job without hooks, with the lock, journal and
// state directory of a render. It refuses files that are among own.
func (a *app) installCredsmash(ctx context.Context, id string, files []credsmash.File, own []render.Own) error {
	a.log = newLogger(a.logOut(), 0, "text")
	cfg, err := a.stateOnly(ctx)
	if err != nil {
		return err
	}
	st, err := a.openState(cfg, false)
	if err != nil {
		return err
	}
	if st != nil {
		defer st.Close()
	}
	j := job.Job{ID: "credsmash: " + a.abs(id), Name: "credsmash " + id, Origin: "command line"}
	for _, f := range files {
		dest, err := a.destination(f.Path)
		if err != nil {
			return err
		}
		j.Files = append(j.Files, job.File{
			Data: append([]byte{}, f.Data...), Dest: dest, Mode: f.Mode, Owner: f.Owner, Group: f.Group, Origin: id,
		})
	}
	w := a.env(cfg, st, nil)
	w.Own = append(w.Own, own...)
	w.Account = nil // without requests to AWS, the account of the state does not matter
	// Force skips the change check, because the content is given.
	report, err := render.Run(ctx, w, render.Options{LockTimeout: time.Minute, Force: true, Code: exitCode}, []job.Job{j})
	for _, n := range append(report.Notes, report.Stuck...) {
		a.log.Warn(n)
	}
	for _, r := range report.Jobs {
		err = errors.Join(err, r.Err)
	}
	return err
}

// stateOnly returns a config with only the setting of the state directory.
func (a *app) stateOnly(ctx context.Context) (*config.Config, error) {
	var environ []string
	for _, e := range a.environ {
		if !strings.HasPrefix(e, "CREDRENDER_") || strings.HasPrefix(e, "CREDRENDER_STATE_DIR=") {
			environ = append(environ, e)
		}
	}
	return config.Load(ctx, config.Options{
		Flags: map[string]string{"config": os.DevNull}, Environ: environ, Dir: a.dir, EUID: a.euid, Read: a.input.ReadFile,
	})
}
