package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/limit"
	"github.com/credrender/credrender/pkg/template"
)

type doctorOptions struct {
	jobFlags
	all    bool
	output string
}

func newDoctor(a *app) *cobra.Command {
	o := &doctorOptions{}
	c := &cobra.Command{
		Use:   "doctor [SRC[:DEST]]... [KEY=VALUE]...",
		Short: "Find out why a render would fail, and how to fix it",
		Long: `Check everything that a render depends on: credentials, clock, region, table, key,
and every secret of the templates, which is read and decrypted as in a render. Each
finding comes with a command that fixes it; some need an administrator of the
account. Nothing is changed, and no value is shown.

Exit code 3 means that a render would fail.`,
		Example: `  credrender doctor -c /etc/credrender/credrender.yaml
  credrender doctor nginx.conf.tmpl --all`,
		RunE: func(c *cobra.Command, args []string) error { return runDoctor(c.Context(), a, o, args) },
	}
	o.registerTemplate(c)
	o.registerJob(c)
	c.Flags().BoolVar(&o.all, "all", false, "open every secret of the table with the contexts of the config")
	outputFlag(c, &o.output, "text|json", "text")
	return c
}

// doctor is the state of one check.
type doctor struct {
	a    *app
	cfg  *config.Config
	args []string // the templates, as given
	all  bool
	json bool // the report has the findings

	me        awsconfig.Identity
	contexts  []source.Context // in the config and templates
	report    doctorReport
	seen      map[string]bool // findings so far, as printed
	hopeless  bool            // no secret can be read, so single ones are not checked
	unhealthy bool
	unwritten error // of the first finding that could not be printed
}

func runDoctor(ctx context.Context, a *app, o *doctorOptions, args []string) error {
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	d := &doctor{a: a, cfg: cfg, args: args, all: o.all, json: o.output == "json", report: doctorReport{Findings: []doctorFinding{}}, seen: map[string]bool{}}
	if err = d.examine(ctx, o); err == nil {
		err = d.unwritten
	}
	if d.unhealthy {
		a.code = worse(a.code, exitSecret)
	}
	if d.json && (err == nil || len(d.report.Findings) > 0) {
		d.report.Healthy = err == nil && !d.unhealthy
		err = errors.Join(err, a.printJSON(d.report))
	}
	return err
}

func (d *doctor) examine(ctx context.Context, o *doctorOptions) (err error) {
	a, cfg := d.a, d.cfg
	var sel selection
	if len(d.args) > 0 || len(cfg.Jobs) > 0 || len(cfg.Broken) > 0 {
		if sel, err = a.selectJobs(cfg, d.args, &o.jobFlags); err != nil {
			return err
		}
	}
	jobs := append(sel.jobs, withDest(sel.stdout)...)
	d.contexts = d.knownContexts(jobs, sel.named)
	for _, where := range storesOf(cfg, jobs) {
		if err := d.examineStore(ctx, where); err != nil {
			return err
		}
	}
	if len(jobs) > 0 && !d.hopeless {
		return d.examineJobs(ctx, jobs, sel.named)
	}
	return nil
}

// withDest gives templates for standard output a destination that does not exist, for
// the comparison with the disk.
func withDest(jobs []job.Job) []job.Job {
	for i := range jobs {
		jobs[i].Files = slices.Clone(jobs[i].Files)
		for k := range jobs[i].Files {
			jobs[i].Files[k].Dest = filepath.Join("/", "nowhere", fmt.Sprint(i, "-", k))
		}
	}
	return jobs
}

// storesOf returns the stores of the jobs, or without jobs the configured store.
func storesOf(cfg *config.Config, jobs []job.Job) []job.Store {
	var list []job.Store
	for _, j := range jobs {
		if !slices.Contains(list, j.Store) {
			list = append(list, j.Store)
		}
	}
	if len(list) == 0 {
		list = []job.Store{cfg.Base.Store}
	}
	return list
}

// knownContexts returns the contexts of the templates and of the config, also in lower
// case.
func (d *doctor) knownContexts(jobs []job.Job, named map[string]bool) []source.Context {
	list := []source.Context{{}}
	add := func(pairs map[string]string) {
		if c, err := source.NewContext(pairs); err == nil && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	code := d.a.code
	for _, j := range jobs {
		add(j.Context)
		for _, pairs := range j.Contexts {
			add(pairs)
		}
		for _, n := range d.a.needsOf(d.cfg, &j, named) {
			add(n.Ref.Context.Map())
		}
	}
	if d.a.code != code {
		d.unhealthy = true
	}
	for _, c := range slices.Clone(list) { // a common mistake
		lower := map[string]string{}
		for k, v := range c.Map() {
			lower[strings.ToLower(k)] = strings.ToLower(v)
		}
		add(lower)
	}
	return list
}

// maxSkew is how far AWS lets a clock be off
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html).
const maxSkew = 5 * time.Minute

// examineStore checks the identity, and the table and key as far as it may read them.
func (d *doctor) examineStore(ctx context.Context, where job.Store) error {
	if where.Kind == backend.Local {
		return d.examineLocal(ctx, where)
	}
	c, err := d.a.stores.AWS(ctx, where)
	if errors.Is(err, awsconfig.ErrNoRegion) {
		d.hopeless = true
		d.tell(failing, "region", err.Error(), "export AWS_REGION=eu-west-1  # or where the table is")
		return nil
	}
	if err != nil {
		return err
	}
	if d.examineIdentity(ctx, c); d.hopeless {
		return nil
	}
	if where.Kind == backend.S3 {
		return d.examineFolder(ctx, where)
	}
	if d.examineTable(ctx, c, where); d.hopeless {
		return nil
	}
	d.examineKey(ctx, c, where)
	return d.examineItems(ctx, where)
}

// examineIdentity checks the credentials with STS. Rendering and the other checks do not
// need STS, so if it does not respond they have half of --timeout left.
func (d *doctor) examineIdentity(ctx context.Context, c awsconfig.Config) {
	half := d.cfg.Settings.Timeout / 2
	asking, stop := limit.New(half).Context(ctx)
	defer stop()
	var err error
	if d.me, err = c.Identity(asking); err != nil {
		d.a.setTimeout(half)
		d.noIdentity(err)
		return
	}
	d.tell(fine, "identity", fmt.Sprintf("%s, from %s, region %s", d.me.ARN, d.me.Source, c.AWS.Region))
	if skew := d.me.Skew.Abs(); skew > maxSkew/2 {
		text := fmt.Sprintf("this machine's is off by %s; AWS refuses more than %s", skew.Round(time.Second), maxSkew)
		d.tell(warning, "clock", text, "timedatectl set-ntp true && systemctl restart systemd-timesyncd")
	}
}

func (d *doctor) noIdentity(err error) {
	if errors.Is(err, source.ErrCredentials) {
		d.hopeless = true
		d.tell(failing, "identity", err.Error(),
			"aws sso login  # or give the instance a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --profile")
		return
	}
	d.tell(warning, "identity", err.Error()+"; rendering needs STS only to assume a role", "curl -sS https://sts.amazonaws.com  # shows whether the network reaches AWS")
}

// examineJobs renders the jobs in memory and checks the paths of their destinations.
func (d *doctor) examineJobs(ctx context.Context, jobs []job.Job, named map[string]bool) error {
	st, err := d.a.openState(d.cfg, true)
	if err != nil {
		return err
	}
	w := d.a.env(d.cfg, st, named)
	misplaced := map[string]bool{} // by the job's id
	for i, err := range render.Arrange(w, jobs, make([][]job.Unit, len(jobs))) {
		if err == nil {
			continue
		}
		misplaced[jobs[i].ID] = true
		d.tell(failing, "job "+jobs[i].Name, err.Error(), d.lint())
	}
	planned, _, err := render.DryRun(ctx, w, render.Options{Timeout: d.cfg.Settings.Timeout, NoDisk: true}, jobs)
	if err != nil {
		return err
	}
	for _, p := range planned {
		if p.Err() != nil || !misplaced[p.Job.ID] {
			d.examineJob(ctx, p)
		}
	}
	return nil
}

// lint returns the command that lists other problems of the jobs.
func (d *doctor) lint() string {
	return d.line(append([]string{"lint"}, d.args...)...) + "  # lists other problems"
}

func (d *doctor) examineJob(ctx context.Context, p *render.Plan) {
	err := p.Err()
	if err == nil {
		d.tell(fine, "job "+p.Job.Name, "it renders")
		return
	}
	failed, ok := errors.AsType[*template.SecretsError](err)
	if !ok {
		d.tell(failing, "job "+p.Job.Name, err.Error(), d.lint())
		return
	}
	for _, f := range failed.Failures {
		text, fixes := d.diagnose(ctx, p.Job.Store, f.Ref, f.Err)
		d.tell(failing, "secret "+f.Ref.String(), text, fixes...)
	}
}
