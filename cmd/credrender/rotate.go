package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/generate"
	"github.com/credrender/credrender/internal/rotate"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/mask"
)

type rotateOptions struct {
	valueFlags
	apply, verify, unapply, waitFor, revoke   string
	commandTimeout, waitTimeout, waitInterval time.Duration
	abort, dryRun, force, trim                bool
	literal                                   []string
	planned                                   resultFlags
}

func newRotate(a *app) *cobra.Command {
	o := &rotateOptions{}
	c := &cobra.Command{
		Use:   "rotate REF [@FILE|-] [KEY=VALUE]... --verify COMMAND",
		Short: "Replace a secret by one that is proven first",
		Long: `Replace the value of a secret. The new value, random or from @FILE or standard input
(-), is kept beside the secret as a candidate, where readers do not see it. --apply
makes it valid where it is used, --verify tries it. Only then it becomes the newest
version, on condition that the one read at the start is still the newest. --wait-for is
repeated until it succeeds, for example when all hosts have the value. --revoke ends
the old value.

If a command fails before that, the old value stays in force, and --unapply undoes what
--apply did. After a kill, run the same command again: it continues with the same
candidate. So each command must do no harm if it runs twice. --abort gives up an
unfinished rotation instead.

Commands run in /bin/sh with this environment. Standard input is the value that the
step is about: the old one for --revoke, else the candidate. File descriptor 3 is the
other one: the value in force before publishing, then the old one; for --revoke the new
one. CREDRENDER_STEP is the step, CREDRENDER_SECRET the REF, CREDRENDER_VERSION the
version in force. Output is shown only if a command fails, with both values masked.

Exit codes: 4 verify refused the candidate, 5 the new value is in force but --wait-for
or --revoke failed. 'credrender help rotating' is the guide.`,
		Example: `  credrender rotate db.password env=prod --apply ./set-idle-user --verify ./log-in \
    --wait-for ./all-hosts-have-it --revoke ./lock-old-user --unapply ./lock-idle-user
  credrender rotate api.token - --verify ./call-api < new-token
  credrender rotate db.password env=prod --abort --unapply ./lock-idle-user`,
		Annotations: map[string]string{mayHoldValues: "rotate"},
		Args:        cobra.MinimumNArgs(1),
		RunE:        func(c *cobra.Command, args []string) error { return runRotate(c, a, o, args) },
	}
	o.registerCommands(c)
	o.register(c)
	fl := c.Flags()
	fl.BoolVar(&o.trim, "trim", false, "remove one newline from the end of the given value")
	fl.BoolVar(&o.abort, "abort", false, "give up an unfinished rotation: run --unapply and discard the candidate")
	dryRunFlag(c, &o.dryRun, &o.planned, "run no command and store nothing, print the steps")
	fl.BoolVar(&o.force, "force", false, "write a secret that AWS manages or rotates")
	contextFlag(c, &o.literal)
	return c
}

func (o *rotateOptions) registerCommands(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&o.apply, "apply", "", "`COMMAND` that makes the candidate valid where it is used")
	fl.StringVar(&o.verify, "verify", "", "`COMMAND` that tries the candidate")
	fl.StringVar(&o.unapply, "unapply", "", "`COMMAND` that undoes --apply after a failure")
	fl.StringVar(&o.waitFor, "wait-for", "", "`COMMAND` that succeeds when the old value is no longer needed; repeated until then")
	fl.StringVar(&o.revoke, "revoke", "", "`COMMAND` that ends the old value")
	fl.DurationVar(&o.commandTimeout, "command-timeout", 2*time.Minute, "end a command after `DURATION`")
	fl.DurationVar(&o.waitTimeout, "wait-timeout", 15*time.Minute, "give up --wait-for after `DURATION`")
	fl.DurationVar(&o.waitInterval, "wait-interval", 10*time.Second, "time between two runs of --wait-for, a `DURATION`")
}

func runRotate(c *cobra.Command, a *app, o *rotateOptions, args []string) error {
	given, words, err := o.sortWords(args[1:])
	if err != nil {
		return err
	}
	spec, err := o.check(c, given, args[0])
	if err != nil {
		return err
	}
	ctx := c.Context()
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	t, err := a.target(cfg, args[0], "", words, o.literal)
	if err != nil {
		return err
	}
	r, err := a.rotation(ctx, o, t)
	if err != nil {
		return err
	}
	switch {
	case o.abort:
		err = r.Abort(ctx)
	case o.dryRun:
		err = a.planRotation(ctx, o, r, given, spec)
	default:
		err = a.rotate(ctx, o, r, given, spec)
	}
	if err != nil {
		for _, e := range flatten(err) {
			a.fail(t.Bare().Fault(e))
			a.output(e)
		}
	}
	return nil
}

// sortWords returns the given value, @FILE or - or nothing, and the context. A value on
// the command line would be seen by every user of the machine.
func (o *rotateOptions) sortWords(words []string) (given string, context []string, err error) {
	if len(words) > 0 && (words[0] == stdinName || strings.HasPrefix(words[0], "@")) {
		given, words = words[0], words[1:]
	}
	if slices.ContainsFunc(words, func(w string) bool { return !isPair(w) }) {
		return "", nil, usagef("rotate: an argument after REF is not @FILE, - or KEY=VALUE (not shown: it may be a value): pass a new value on standard input: 'credrender rotate REF - [KEY=VALUE]...'")
	}
	return given, words, nil
}

// check refuses flags that do not fit each other, and returns what is to be generated.
func (o *rotateOptions) check(c *cobra.Command, given, name string) (generate.Spec, error) {
	made := c.Flags().Changed("format") || c.Flags().Changed("length") || c.Flags().Changed("alphabet")
	switch {
	case o.abort && (given != "" || made):
		return generate.Spec{}, usagef("rotate: --abort takes no new value")
	case o.abort && o.dryRun:
		return generate.Spec{}, usagef("rotate: --abort and --dry-run: give one of them")
	case !o.abort && o.verify == "":
		return generate.Spec{}, usagef("rotate: --verify COMMAND is missing: it tries the new value before any host gets it")
	case given != "" && made:
		return generate.Spec{}, usagef("rotate: --format, --length and --alphabet are for a generated value, and a value is given")
	case given == "" && o.trim:
		return generate.Spec{}, usagef("rotate: --trim is for a given value")
	case o.waitFor == "" && (c.Flags().Changed("wait-timeout") || c.Flags().Changed("wait-interval")):
		return generate.Spec{}, usagef("rotate: --wait-timeout and --wait-interval need --wait-for")
	case o.commandTimeout == 0 || o.waitTimeout == 0 || o.waitInterval == 0:
		return generate.Spec{}, usagef("rotate: a DURATION is above zero")
	}
	return o.spec(c, "rotate", name)
}

// rotation connects the secret's source and the commands. In Secrets Manager the
// candidate is a version of the secret itself; elsewhere it has a name of its own.
func (a *app) rotation(ctx context.Context, o *rotateOptions, t *backend.Target) (*rotate.Rotation, error) {
	r := &rotate.Rotation{Has: o.has, Run: a.rotationCommands(o, t), Note: func(text string) { a.log.Info(t.Bare().String() + ": " + text) }}
	var err error
	if r.Source, err = t.Source(ctx); err != nil {
		return nil, err
	}
	writer, ref, err := t.Writer(ctx, "rotate")
	if err != nil {
		return nil, err
	}
	r.Ref = ref
	if stager, ok := writer.(interface {
		source.Stager
		source.Publisher
	}); ok {
		r.Keeper = &rotate.Staged{Ref: ref, Source: r.Source, Writer: stager, Force: o.force}
		return r, nil
	}
	r.Keeper = &rotate.Beside{Ref: ref, Source: r.Source, Writer: writer, Force: o.force}
	r.History, _, err = t.History(ctx, "rotate")
	return r, err
}

func (a *app) rotate(ctx context.Context, o *rotateOptions, r *rotate.Rotation, given string, spec generate.Spec) error {
	if given == "" {
		return r.Do(ctx, func() (source.Secret, error) {
			v, err := a.makeValue(spec)
			return source.NewSecret(v.Secret), err
		}, nil)
	}
	value, err := a.givenCandidate(o, given)
	if err != nil {
		return err
	}
	return r.Do(ctx, func() (source.Secret, error) { return value, nil }, &value)
}

// givenCandidate reads a candidate from a file or standard input.
func (a *app) givenCandidate(o *rotateOptions, word string) (source.Secret, error) {
	value, err := a.rawValue(putWords{value: word, given: true})
	if err != nil {
		return source.Secret{}, err
	}
	if o.trim {
		value = trimNewline(value)
	}
	if len(trimNewline(value)) == 0 {
		return source.Secret{}, usagef("rotate: the new value is empty: was there an error before the pipe?")
	}
	if word == stdinName && !bytes.Equal(value, trimNewline(value)) && !bytes.HasPrefix(value, []byte("-----BEGIN ")) {
		a.log.Warn("the new value ends in a newline, which is part of it: --trim removes it")
	}
	return source.NewSecret(value), nil
}

// planRotation prints the steps that a rotation would take.
func (a *app) planRotation(ctx context.Context, o *rotateOptions, r *rotate.Rotation, given string, spec generate.Spec) error {
	state, err := r.State(ctx)
	if err != nil {
		return err
	}
	what := "a generated value, " + spec.String()
	if given != "" {
		what = "the given value"
	}
	var list []plannedStep
	switch state {
	case rotate.Idle:
		list = append(list, plannedStep{"keep", what})
	case rotate.Kept:
		list = append(list, plannedStep{"keep", "(done: continues an unfinished rotation)"})
	}
	steps := []rotate.Step{rotate.Apply, rotate.Verify, publishStep, rotate.WaitFor, rotate.Revoke}
	if state == rotate.Published {
		steps = steps[3:]
	}
	for _, s := range steps {
		switch command := o.command(s); {
		case s == publishStep:
			list = append(list, plannedStep{string(s), "it as the newest version"})
		case command != "":
			list = append(list, plannedStep{string(s), command})
		}
	}
	return a.printSteps(append(list, plannedStep{"discard", "the record of the rotation"}), o.planned)
}

// plannedStep is a step of a rotation, as --dry-run -o json prints it.
type plannedStep struct {
	Step string `json:"step" doc:"keep, apply, verify, publish, wait-for, revoke or discard"`
	What string `json:"what" doc:"the command that the step runs, or what it does"`
}

func (a *app) printSteps(list []plannedStep, o resultFlags) error {
	t := table{columns: []string{"STEP", "WHAT"}}
	for _, s := range list {
		t.add(s.Step, mask.Visible(s.What))
	}
	return a.printResult(o, list, t)
}

const publishStep rotate.Step = "publish"
