package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/caroots"
	"github.com/credrender/credrender/internal/compat/credsmash"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
)

// credsmashName is the name of a link under which the binary is credsmash.
const credsmashName = "credsmash"

func newCredsmash(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "credsmash [ARGUMENT]...",
		Short: "Be credsmash 3.0.2: its commands, config and Jinja2 templates",
		Long: `Work as credsmash 3.0.2 does, under scripts written for it: all that follows is
read as its command line, and /etc/credsmash.cfg is the config. A link to this
binary named credsmash does the same without the word.`,
		Example: `  credrender credsmash get db.password
  credrender credsmash render-templates /etc/app/manifest.json
  ln -s "$(command -v credrender)" /usr/local/bin/credsmash`,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(a.globals.given()) > 0 {
				return usagef("flags stand after the word credsmash, and are credsmash's: 'credrender credsmash --help' lists them")
			}
			a.code = a.credsmash(c.Context(), args)
			return nil
		},
	}
}

// credsmash runs one of credsmash's command lines.
func (a *app) credsmash(ctx context.Context, args []string) int {
	var own []render.Own
	f := &credsmash.CommandLine{
		Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr, LookupEnv: a.lookupEnv, Now: time.Now,
		ReadFile: func(path string) ([]byte, error) {
			own = append(own, a.protectedFile("a file that this command reads", path)...)
			return a.input.ReadFile(a.abs(path))
		},
		ReadAll: func(r io.Reader) ([]byte, error) { return a.input.ReadAll(r, true) },
		Open:    a.openCredsmash,
		Install: func(ctx context.Context, id string, files []credsmash.File) error {
			return a.installCredsmash(ctx, id, files, own)
		},
	}
	return f.Run(ctx, args)
}

// openCredsmash opens a table and its keys. boto3 puts AWS_DEFAULT_REGION above
// the profile and does not read AWS_REGION, which counts here where nothing else
// does.
func (a *app) openCredsmash(ctx context.Context, w credsmash.Where) (*credsmash.Backend, error) {
	region, _ := a.lookupEnv("AWS_DEFAULT_REGION")
	caroots.Provide()
	c, err := awsconfig.Load(ctx, awsconfig.Options{Region: region, OneShot: true, MFA: a.askMFA})
	if err != nil {
		return nil, err
	}
	table, keys := dynamo.New(c.AWS, w.Table), kms.New(c.KMS, w.Key)
	create := func(ctx context.Context) (bool, error) {
		state, err := table.EnsureTable(ctx)
		return state.Created, err
	}
	return &credsmash.Backend{
		Store: store.New(store.Options{
			Reader: table, Scanner: table, Writer: table, Historian: table, Decrypter: keys, KeyMaker: keys,
		}),
		Create: create,
	}, nil
}

// installCredsmash puts files in place as one job: the same line, lock, journal
// and state directory as of any render, without hooks. None of them may be among own.
func (a *app) installCredsmash(ctx context.Context, id string, files []credsmash.File, own []render.Own) error {
	a.log = newLogger(a.stderr, 0, "text")
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
	w.Account = nil // nothing is looked up here, so that it does not matter whose state it is
	// Force: what to install is decided, so that no probe has a say.
	report, err := render.Run(ctx, w, render.Options{LockTimeout: time.Minute, Force: true, Code: exitCode}, []job.Job{j})
	for _, n := range report.Notes {
		a.log.Warn(n)
	}
	for _, r := range report.Jobs {
		err = errors.Join(err, r.Err)
	}
	return err
}

// stateOnly is a config of no file: only where the state directory is counts.
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
