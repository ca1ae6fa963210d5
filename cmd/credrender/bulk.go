package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// What the commands over many secrets have in common: prune, rekey, migrate,
// import, export, verify-store, getall.

// scope reads [REF] [KEY=VALUE]... and makes a scope that tells p how far it is.
// The pattern of the scope is the target's to tell: see [scoped.items].
func (a *app) scope(cfg *config.Config, args []string, f *bulkFlags, p *progress) (*scoped, error) {
	s := &scoped{flags: f, Scope: store.Scope{DryRun: f.dryRun, Progress: p.update}}
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

// scoped is what a command over many secrets works on.
type scoped struct {
	*backend.Target
	store.Scope
	flags *bulkFlags
}

// items opens the table or local store that it is about, and completes the scope.
func (s *scoped) items(ctx context.Context, verb string) (*store.Store, error) {
	st, pattern, err := s.Items(ctx, verb)
	s.Pattern = pattern
	return st, err
}

// values fetches what it is about.
func (s *scoped) values(ctx context.Context, verb string) (map[string]source.Result, error) {
	got, err := s.Values(ctx, verb, s.Scope)
	if err == nil && len(got) == 0 && !s.flags.allowNoMatch {
		return nil, s.noMatch()
	}
	return got, err
}

func (s *scoped) noMatch() error {
	if s.Text() == "" {
		return fmt.Errorf("%w: the store holds no secrets", source.ErrNoMatch)
	}
	return fmt.Errorf("%s: %w", s.Text(), source.ErrNoMatch)
}

// matched is err, but for a pattern without a match where that is permitted.
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

// toContext is what --to-context says: nil where it says nothing, no pairs
// where it says none.
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

const toContextHelp = "`KEY=VALUE` of the context that all get (repeatable), or none"

// verbs are what a dry run says of actions.
var verbs = map[store.Action]string{
	store.Deleted: "delete", store.Rekeyed: "rekey", store.Padded: "pad", store.PutAgain: "put-again",
	store.Rescued: "rescue", store.Unhidden: "unhide", store.Stored: "put",
}

// reportOutcomes says what became of the versions: a line for all, or in a dry run for
// each, and every failure.
func (a *app) reportOutcomes(s *scoped, outcomes []store.Outcome) error {
	dryRun := s.DryRun
	var failed []*source.RefError
	for _, o := range outcomes {
		switch {
		case o.Err != nil:
			failed = append(failed, &source.RefError{Ref: s.One(o.Name, o.Version), Err: o.Err})
		case o.Action == store.Unhidden && !dryRun:
			a.log.Warn(fmt.Sprintf("the newest version of %s is %s from now on; it was %s, which hid it",
				source.Show(o.Name), source.Show(o.To), source.Show(o.Version)))
		}
	}
	if dryRun {
		if err := a.printPlanned(outcomes); err != nil {
			return err
		}
	} else {
		a.logSummary(outcomes)
	}
	if len(failed) > 0 {
		return manyFailed(len(outcomes), "versions cannot be done", failed)
	}
	return nil
}

// printPlanned prints what a run would do.
func (a *app) printPlanned(outcomes []store.Outcome) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, o := range outcomes {
		if o.Err != nil || o.Action == store.Kept {
			continue
		}
		row := verbs[o.Action] + "\t" + source.Show(o.Name) + "\t" + source.Show(o.Version)
		if o.To != "" {
			row += "\t-> " + source.Show(o.To)
		}
		_, _ = fmt.Fprintln(w, row)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

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

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// finish puts what was done before a command was cut short beside the reason.
func (a *app) finish(p *progress, s *scoped, outcomes []store.Outcome, err error) error {
	p.end()
	return errors.Join(s.matched(err), a.reportOutcomes(s, outcomes))
}

// manyError is what failed of many secrets: what to do about it is another thing
// than of one.
type manyError struct {
	err error
	// partial: there is a flag of that name, which was not given.
	partial bool
}

func (e *manyError) Error() string { return e.err.Error() }

func (e *manyError) Unwrap() error { return e.err }

// manyFailed says of how many what is the matter, and then of each why.
func manyFailed(all int, what string, failed []*source.RefError) *manyError {
	return &manyError{err: fmt.Errorf("%d of %d %s:\n%w", len(failed), all, what, &render.SecretsError{Failures: failed})}
}

// isPermanent reports whether there is something of which nothing else would come
// however often it is asked for: of what a network or a quota kept away nothing
// is known.
func isPermanent(err error) bool {
	return isOne(err, source.ErrWrongContext, source.ErrDenied, source.ErrIntegrity, source.ErrUnsupported, errBinary)
}
