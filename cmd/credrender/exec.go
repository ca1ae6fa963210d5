package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/template"
)

type execOptions struct {
	renderOptions
	env, envFiles, prefixes, files []string
	envContexts                    []string
	pristine, lastWins, keepCase   bool
	watchOptions
}

func newExec(a *app) *cobra.Command {
	o := &execOptions{}
	c := &cobra.Command{
		Use:   "exec [flags] [KEY=VALUE]... -- CMD [ARG]...",
		Short: "Run a program with secrets in its environment",
		Long: `Fetch secrets, add them to the environment, and replace this process with CMD, which
keeps its PID (1 in a container), receives its signals and determines its exit code.
If a secret is missing or refused, CMD does not start.

KEY=VALUE right before -- is the encryption context of all secrets, as with --context.
For one secret, --env-context VAR:KEY=VALUE or --env 'VAR=REF?KEY=VALUE' states it.

--env-prefix derives the names of variables from those of secrets: the text before
the first * is removed, letters become capitals, and every other character that is
not a digit becomes _. With 'api.*', api.db-password becomes DB_PASSWORD. 'sm:ID#*' sets
a variable for each key of a JSON document in Secrets Manager. Two secrets for one
variable are an error, or with --last-wins the later --env-prefix counts. Names with
letters beyond ASCII, and names that change how programs start (PATH, LD_*, BASH_ENV,
...), are refused.

--env-file is a template that renders to NAME=VALUE lines as in .env files, without
expansion.

With --watch, credrender stays the parent of CMD and checks on the schedule whether a
secret or a template has changed. If so, it renders the files again and restarts CMD
with the new environment, or sends it a signal (--on-change). CMD ends only after
everything for its successor has been fetched. Signals reach CMD, and when CMD ends by
itself, credrender ends with its exit code.`,
		Example: `  credrender exec --env DB_PASSWORD=db.password env=prod -- app --port 80
  credrender exec --env A=db.a --env B=db.b --env-context B:env=test env=prod -- app
  credrender exec --env-prefix 'ssm:/app/prod/*' --pristine -- env
  credrender exec --env-file app.env.tmpl --file tls.tmpl:/run/tls.key -- app
  credrender exec --watch '*/5 * * * *' --env DB_PASSWORD=db.password -- app`,
		RunE: func(c *cobra.Command, args []string) error {
			args, err := o.takeContext(c, args)
			if err == nil {
				err = o.check(c, args)
			}
			switch {
			case err != nil:
				return err
			case o.spec != "":
				return runExecWatch(c.Context(), a, o, c, args)
			}
			return runExec(c.Context(), a, o, args)
		},
	}
	fl := c.Flags()
	fl.SetInterspersed(false)   // all arguments after CMD belong to CMD
	o.lockTimeout = time.Minute // for --file, as in render
	fl.StringArrayVar(&o.env, "env", nil, "set a variable to a secret, as `VAR=REF` (repeatable)")
	fl.StringArrayVar(&o.envContexts, "env-context", nil, "`VAR:KEY=VALUE` of the encryption context of one --env (repeatable)")
	fl.StringArrayVar(&o.envFiles, "env-file", nil, "`TEMPLATE` of NAME=VALUE lines (repeatable)")
	fl.StringArrayVar(&o.prefixes, "env-prefix", nil, "set variables from the secrets that `PATTERN` matches, such as 'api.*' (repeatable)")
	fl.StringArrayVar(&o.files, "file", nil, "first render a file, as `SRC:DEST` (repeatable)")
	fl.BoolVar(&o.inPlace, "in-place", false, "write into an existing DEST of --file, such as a bind-mounted file, instead of replacing it; not atomic")
	allowNoMatchFlag(c, &o.allowNoMatch)
	fl.BoolVar(&o.lastWins, "last-wins", false, "let the later --env-prefix set a variable that several would set; --env-file and then --env win over them")
	fl.BoolVar(&o.keepCase, "keep-case", false, "keep the case of names for --env-prefix")
	fl.BoolVar(&o.pristine, "pristine", false, "start from an empty environment")
	o.registerTemplate(c)
	o.registerFixtures(c)
	overrideFlag(c, &o.overrides)
	o.registerWatch(c)
	return c
}

func runExec(ctx context.Context, a *app, o *execOptions, args []string) error {
	var w *watched
	if o.supervised != 0 {
		var err error
		if w, err = a.asWatched(o.supervised); err != nil {
			return err
		}
	}
	if o.inPlace && len(o.files) == 0 {
		return usagef("--in-place needs --file SRC:DEST")
	}
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	if err := o.takeOverrides(a, cfg); err != nil {
		return err
	}
	made, err := a.secretEnv(ctx, cfg, o)
	if err != nil || a.code != exitOK {
		return err
	}
	if len(o.files) > 0 {
		sel, err := a.fileSelection(cfg, o)
		if err == nil {
			err = a.render(ctx, cfg, &o.renderOptions, sel)
		}
		if err != nil || a.code != exitOK {
			return err
		}
	}
	path, err := a.lookPath(args[0])
	if err != nil {
		return a.cannotStart(args[0], err)
	}
	if w != nil {
		if proceed, err := w.report(ctx, made); !proceed {
			return err
		}
	}
	a.line.off() // CMD has the terminal
	return a.replaceProcess(path, args, a.childEnv(made.vars, o.pristine))
}

// protectedEnvFiles returns the templates of --env-file.
func (a *app) protectedEnvFiles(o *execOptions) (list []render.Own) {
	for _, path := range o.envFiles {
		list = append(list, a.protectedFile("also the template of --env-file", path)...)
	}
	return list
}

// fileSelection returns the jobs of --file, which must have destinations.
func (a *app) fileSelection(cfg *config.Config, o *execOptions) (selection, error) {
	if slices.ContainsFunc(o.files, func(file string) bool { return !strings.Contains(file, ":") }) {
		return selection{}, usagef("--file takes SRC:DEST")
	}
	sel, err := a.selectJobs(cfg, o.files, &o.jobFlags)
	switch {
	case err != nil:
	case len(sel.stdout) > 0:
		err = usagef("--file takes SRC:DEST")
	case slices.ContainsFunc(sel.jobs, func(j job.Job) bool { return j.Files[0].Src == stdinName }):
		err = usagef("--file cannot read standard input, which CMD inherits")
	}
	return sel, err
}

// secretEnv renders the variables, and the templates of --file, as the files of one job.
// That fetches all secrets in one batch, and reports all missing ones before anything
// is written or started.
func (a *app) secretEnv(ctx context.Context, cfg *config.Config, o *execOptions) (prepared, error) {
	made := prepared{}
	plan, err := a.planEnv(cfg, o)
	if err != nil {
		return made, err
	}
	st, err := a.openState(cfg, true)
	if err != nil {
		return made, err
	}
	w, err := a.renderEnv(cfg, st, plan.named, &o.jobFlags)
	if err != nil {
		return made, err
	}
	w.Own = append(w.Own, a.protectedEnvFiles(o)...)
	a.protectJobs(&w, cfg, []job.Job{plan.job}, o.force)
	made.Rendered, _, err = render.Bytes(ctx, w, a.options(cfg, &o.renderOptions), plan.job)
	if err != nil {
		a.failJob(&plan.job, err)
		return made, nil
	}
	a.warnOverridden("exec", "", made.Overridden)
	made.job = plan.job
	for i, read := range plan.read {
		found, err := read(made.Outputs[i])
		if err != nil {
			return made, err
		}
		made.vars = append(made.vars, found...)
	}
	if o.lastWins {
		made.vars = lastOnes(made.vars)
	}
	return made, checkEnv(made.vars)
}

// prepared is all that CMD gets.
type prepared struct {
	render.Rendered
	job  job.Job // of which the last files are those of --file
	vars []variable
}

// envPlan is a job with one file per function in read, which parses the rendered file
// into variables. More files follow, for --file.
type envPlan struct {
	job   job.Job
	read  []func(template.Output) ([]variable, error)
	named map[string]bool
	// single are the secrets of --env, as [backend.Ref.Text] returns them.
	single map[string]bool
}

func (a *app) planEnv(cfg *config.Config, o *execOptions) (*envPlan, error) {
	p := &envPlan{job: cfg.Base, named: map[string]bool{}, single: map[string]bool{}}
	p.job.Name, p.job.ID, p.job.Origin = "exec", "exec", commandLine
	p.job.Files = nil
	change, err := a.jobChanges(&o.jobFlags)
	if err != nil {
		return nil, err
	}
	change(&p.job)
	a.namePartials(&o.jobFlags, p.named)
	contexts, err := o.contextsByVariable()
	if err != nil {
		return nil, err
	}
	for _, arg := range o.env {
		if err := p.addOne(cfg, arg, contexts); err != nil {
			return nil, err
		}
	}
	for i, pattern := range o.prefixes {
		if err := p.addPrefix(cfg, o, rankPrefix+i, pattern); err != nil {
			return nil, err
		}
	}
	for i, path := range o.envFiles {
		p.addFile(a.abs(path), rankFile+i, a.log.Warn)
	}
	if len(o.files) == 0 {
		return p, nil
	}
	sel, err := a.fileSelection(cfg, o)
	for _, j := range sel.jobs {
		p.job.Files = append(p.job.Files, j.Files...)
	}
	for path := range sel.named {
		p.named[path] = true
	}
	return p, err
}

func (p *envPlan) add(f job.File, read func(template.Output) ([]variable, error)) {
	f.Origin = commandLine
	p.job.Files = append(p.job.Files, f)
	p.read = append(p.read, read)
}

// addOne adds VAR=REF, with the context of --env-context.
func (p *envPlan) addOne(cfg *config.Config, arg string, contexts map[string]map[string]string) error {
	name, text, ok := strings.Cut(arg, "=")
	if !ok || !secretfile.IsEnvName(name) {
		return usagef("--env: %s is not VAR=REF", quoteName(name))
	}
	ref, err := backend.ParseRef(cfg.Base.Store, text, "", contexts[name])
	if err != nil {
		return fmt.Errorf("--env %s: %w", name, err)
	}
	p.single[ref.Text()] = true
	p.add(ref.File(), func(out template.Output) ([]variable, error) {
		return []variable{{name, string(out.Bytes), "--env " + name, rankOne}}, nil
	})
	return nil
}

// addFile adds a template of NAME=VALUE lines.
func (p *envPlan) addFile(path string, rank int, warn func(text string, args ...any)) {
	p.named[path] = true
	p.add(job.File{Src: path}, func(out template.Output) ([]variable, error) {
		lines, printed, err := secretfile.ParsePrinted(out.Bytes, out.Prints())
		if err != nil {
			return nil, usagef("--env-file %s, as rendered: %w", path, err)
		}
		if len(lines) == 0 {
			warn(fmt.Sprintf("--env-file %s sets no variable", path))
		}
		var vars []variable
		for _, l := range lines {
			// Who writes the table may have chosen the name, which may also be a value.
			if effect := effectOf(strings.ToUpper(l.Name)); effect != "" && printed[l.Name] {
				return nil, usagef("--env-file %s: an action of the template gives the name of a variable that %s: to set it on purpose, write its name in the template, or use --env NAME=REF", path, effect)
			}
			vars = append(vars, variable{l.Name, l.Value, "--env-file " + path, rank})
		}
		return vars, nil
	})
}

// childEnv returns the inherited environment, or with pristine an empty one, plus vars.
func (a *app) childEnv(vars []variable, pristine bool) []string {
	var env []string
	for _, kv := range a.environ {
		name, _, _ := strings.Cut(kv, "=")
		if !pristine && !slices.ContainsFunc(vars, func(v variable) bool { return v.name == name }) {
			env = append(env, kv)
		}
	}
	for _, v := range vars {
		env = append(env, fmt.Sprintf("%s=%s", v.name, v.value))
	}
	return env
}
