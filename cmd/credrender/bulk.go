package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// This file holds what the commands over many secrets share: prune, rekey, migrate,
// import, export, verify-store and getall.

// scoped is the store and the selection of secrets that a command works on.
type scoped struct {
	*backend.Target
	store.Scope
	flags    *bulkFlags
	progress *progress
}

// scope parses [REF] [KEY=VALUE]... for the command verb. The pattern of the scope is
// set when it is opened.
func (a *app) scope(cfg *config.Config, verb string, args []string, f *bulkFlags) (*scoped, error) {
	verb, _, _ = strings.Cut(verb, " ")
	s := &scoped{flags: f, progress: a.progress(verb)}
	s.Scope = store.Scope{DryRun: f.dryRun, Progress: s.progress.update}
	ref := ""
	named := len(args) > 0 && isRef(args[0])
	if named {
		ref, args = args[0], args[1:]
	}
	given, err := contextOf(args, f.literal)
	if err != nil {
		return nil, err
	}
	if named {
		s.Target, err = a.target(cfg, ref, "", args, f.literal)
	} else {
		s.Target, err = a.whole(cfg, given)
	}
	if err != nil {
		return nil, err
	}
	if f.contextMap != "" && !s.HasItems() {
		return nil, usagef("--context-map is for tables and local stores")
	}
	s.Contexts, err = a.contexts(f.contextMap, s.Context())
	return s, err
}

// openScope opens the table or local store that [REF] [KEY=VALUE]... selects.
func (a *app) openScope(ctx context.Context, verb string, args []string, f *bulkFlags) (*scoped, *store.Store, error) {
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return nil, nil, err
	}
	return a.openScopeIn(ctx, cfg, verb, args, f)
}

// openScopeIn is openScope in the store of a config.
func (a *app) openScopeIn(ctx context.Context, cfg *config.Config, verb string, args []string, f *bulkFlags) (*scoped, *store.Store, error) {
	s, err := a.scope(cfg, verb, args, f)
	if err != nil {
		return nil, nil, err
	}
	st, pattern, err := s.Items(ctx, verb)
	s.Pattern = pattern
	return s, st, err
}

// values fetches the selected secrets.
func (s *scoped) values(ctx context.Context, verb string) (map[string]source.Result, error) {
	got, err := s.Values(ctx, verb, s.Scope)
	if err == nil && len(got) == 0 && !s.flags.allowNoMatch {
		return nil, s.noMatch()
	}
	return got, err
}

func (s *scoped) noMatch() error {
	if s.Text() == "" {
		return fmt.Errorf("%w: the store contains no secrets", source.ErrNoMatch)
	}
	return fmt.Errorf("%s: %w", source.Show(s.Text()), source.ErrNoMatch)
}

// matched returns err, but nil for a pattern without a match if --allow-no-match
// permits it.
func (s *scoped) matched(err error) error {
	switch {
	case !errors.Is(err, source.ErrNoMatch):
		return err
	case s.flags.allowNoMatch:
		return nil
	}
	return s.noMatch()
}

func contextOf(words, literal []string) (source.Context, error) {
	given, err := contextPairs(words, literal)
	if err != nil {
		return source.Context{}, err
	}
	c, err := source.NewContext(given)
	if err != nil {
		return c, &usageError{err}
	}
	return c, nil
}

// toContext parses --to-context. It returns nil without the flag, and the empty
// context for the word "none".
func toContext(words []string) (*source.Context, error) {
	switch {
	case len(words) == 0:
		return nil, nil
	case len(words) == 1 && words[0] == "none":
		return &source.Context{}, nil
	}
	c, err := contextOf(words, nil)
	return &c, err
}

const toContextHelp = "`KEY=VALUE` of the new context for all secrets (repeatable), or none"

// verbs are the words for actions in the output of a dry run.
var verbs = map[store.Action]string{
	store.Deleted: "delete", store.Rekeyed: "rekey", store.Padded: "pad", store.PutAgain: "put-again",
	store.Rescued: "rescue", store.Unhidden: "unhide", store.Stored: "put",
}

// reportOutcomes logs one line per kind of action, or prints one per version in a dry
// run, and returns the failures.
func (a *app) reportOutcomes(s *scoped, outcomes []store.Outcome) error {
	dryRun := s.DryRun
	var failed []*source.RefError
	for _, o := range outcomes {
		switch {
		case o.Err != nil:
			failed = append(failed, &source.RefError{Ref: s.One(o.Name, o.Version), Err: o.Err})
		case o.Action == store.Unhidden && !dryRun:
			a.log.Warn(fmt.Sprintf("%s: the newest version is now %s; %s was hiding it",
				source.Show(o.Name), source.Show(o.To), source.Show(o.Version)))
		}
	}
	if dryRun {
		if err := a.printPlanned(outcomes, s.flags.planned); err != nil {
			return err
		}
	} else {
		a.logSummary(outcomes)
	}
	if len(failed) > 0 {
		return manyFailed(len(outcomes), "versions failed", failed)
	}
	return nil
}

// plannedAction is what a run would do with one version, as --dry-run -o json prints it.
type plannedAction struct {
	Action  string `json:"action" doc:"delete, rekey, pad, put-again, rescue, unhide, put or write"`
	Name    string `json:"name" doc:"name of the secret"`
	Version string `json:"version,omitempty" doc:"the version, if the source has versions"`
	To      string `json:"to,omitempty" doc:"the version that it becomes"`
	Size    int    `json:"size,omitempty" doc:"bytes of the value, if one is written"`
}

// printPlanned prints the actions that a run would take.
func (a *app) printPlanned(outcomes []store.Outcome, o resultFlags) error {
	list := []plannedAction{}
	for _, oc := range outcomes {
		if oc.Err != nil || oc.Action == store.Kept {
			continue
		}
		p := plannedAction{Action: verbs[oc.Action], Name: oc.Name, Version: oc.Version, To: oc.To}
		if oc.To == "" && oc.Action == store.Stored {
			p.Size = oc.Size
		}
		list = append(list, p)
	}
	return a.printActions(list, o)
}

func (a *app) printActions(list []plannedAction, o resultFlags) error {
	t := table{columns: []string{"ACTION", "NAME", "VERSION", "TO", "SIZE"}}
	for _, p := range list {
		size := ""
		if p.Action == verbs[store.Stored] || p.Action == actionWrite {
			size = count(p.Size, "byte")
		}
		t.add(p.Action, source.Show(p.Name), shown(p.Version), shown(p.To), size)
	}
	return a.printResult(o, list, t)
}

// actionWrite is the action of export, which writes a file.
const actionWrite = "write"

func (a *app) logSummary(outcomes []store.Outcome) {
	versions, names := map[store.Action]int{}, map[store.Action]map[string]bool{}
	for _, o := range outcomes {
		if o.Err != nil || o.Action == store.Kept || o.Action == store.Unhidden {
			continue
		}
		if names[o.Action] == nil {
			names[o.Action] = map[string]bool{}
		}
		versions[o.Action]++
		names[o.Action][o.Name] = true
		a.log.Debug(fmt.Sprintf("%s %s version %s", o.Action, source.Show(o.Name), source.Show(o.Version)))
	}
	for _, action := range []store.Action{store.Deleted, store.Rekeyed, store.PutAgain, store.Rescued, store.Padded, store.Stored} {
		if n := versions[action]; n > 0 {
			a.log.Info(fmt.Sprintf("%s %s of %s", action, count(n, "version"), count(len(names[action]), "secret")),
				"action", string(action), "versions", n)
		}
	}
}

// finish reports the outcomes of a command, including those before the error err
// ended it.
func (a *app) finish(s *scoped, outcomes []store.Outcome, err error) error {
	s.progress.end()
	return errors.Join(s.matched(err), a.reportOutcomes(s, outcomes))
}

// isPermanent reports whether a retry would fail the same way. A network error or
// throttling is not permanent: it tells nothing about the secret.
func isPermanent(err error) bool {
	return isOne(err, source.ErrWrongContext, source.ErrDenied, source.ErrIntegrity, source.ErrUnsupported, errBinary)
}

// bulkFlags are the flags of commands over many secrets.
type bulkFlags struct {
	contextMap   string
	literal      []string
	dryRun       bool
	planned      resultFlags // of the result of a dry run
	allowNoMatch bool
}

// register adds the flags that select secrets and contexts.
func (f *bulkFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.contextMap, "context-map", "", "YAML `FILE` with the contexts of names, as a list of {pattern, context}")
	contextFlag(c, &f.literal)
	allowNoMatchFlag(c, &f.allowNoMatch)
}

// registerDryRun adds --dry-run, and the form of what it prints. In commands with a file,
// -o is the format of that file.
func (f *bulkFlags) registerDryRun(c *cobra.Command, usage string) {
	dryRunFlag(c, &f.dryRun, &f.planned, usage)
}

func dryRunFlag(c *cobra.Command, dryRun *bool, planned *resultFlags, usage string) {
	c.Flags().BoolVar(dryRun, "dry-run", false, usage)
	if c.Flags().Lookup("output") != nil {
		planned.registerHeaders(c)
		return
	}
	planned.register(c, "text|json")
	c.Flags().Lookup("output").Annotations = map[string][]string{dryRunOnly: {"true"}}
}

// dryRunOnly marks a flag that has no effect without --dry-run.
const dryRunOnly = "credrender_dry_run_only"

func allowNoMatchFlag(c *cobra.Command, allow *bool) {
	c.Flags().BoolVar(allow, "allow-no-match", false, "accept a pattern that matches nothing, otherwise exit code 3")
}
