package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source"
)

// overrideFlag adds --override. The value is in a file, because everybody on the machine
// can read arguments.
func overrideFlag(c *cobra.Command, list *[]string) {
	c.Flags().StringArrayVar(list, "override", nil, "in an emergency, take the value of a secret from a file, as `REF=@FILE` (repeatable)")
}

// cutOverride splits REF=@FILE. Its errors do not show it: it may be REF=VALUE.
func cutOverride(s string) (ref, file string, err error) {
	ref, file, ok := strings.Cut(s, "=@")
	if !ok || ref == "" || file == "" {
		return "", "", usagef("--override: write REF=@FILE, with the value in FILE (not shown: it may hold the value)")
	}
	return ref, file, nil
}

// readOverrides returns the overrides of the command line, or nil.
func (a *app) readOverrides(cfg *config.Config, list []string) (*render.Overrides, error) {
	if len(list) == 0 {
		return nil, nil
	}
	given := &render.Overrides{}
	for _, s := range list {
		text, file, err := cutOverride(s)
		if err != nil {
			return nil, err
		}
		ref, err := backend.ParseRef(cfg.Base.Store, text, "", nil)
		if err != nil {
			return nil, fmt.Errorf("--override %s: %w", source.Show(text), err)
		}
		o := render.Override{Ref: ref.File().Secret}
		for _, x := range given.List {
			if x.Ref == o.Ref {
				return nil, usagef("--override %s: it is given twice", ref)
			}
		}
		if o.Value, err = a.overrideValue(ref, file); err != nil {
			return nil, err
		}
		given.List = append(given.List, o)
	}
	return given, nil
}

func (a *app) overrideValue(ref backend.Ref, file string) (source.Secret, error) {
	value, err := a.readNamed(file)
	if err != nil {
		return source.Secret{}, fmt.Errorf("--override %s: %w", ref, err)
	}
	line := trimNewline(value)
	switch {
	case len(line) == 0:
		return source.Secret{}, usagef("--override %s: %s is empty", ref, source.Show(file))
	case len(line) < len(value) && !bytes.Contains(line, []byte("\n")):
		a.log.Warn(fmt.Sprintf("--override %s: the value ends in a newline: 'truncate -s -1 FILE' removes it", ref))
	}
	return source.NewSecret(value), nil
}

// takeOverrides reads --override before a run.
func (o *renderOptions) takeOverrides(a *app, cfg *config.Config) (err error) {
	if len(o.overrides) > 0 && o.allowStale > 0 {
		return usagef("--override cannot be combined with --allow-stale, which could keep the old files")
	}
	o.given, err = a.readOverrides(cfg, o.overrides)
	return err
}

// refuseHeld returns an error if there is an override and no job to render with it.
func (o *renderOptions) refuseHeld() error {
	if o.given == nil {
		return nil
	}
	return usagef("--override: there is no job to render; --force renders jobs that are held")
}

// moreRuns tells the overrides whether another run of the command follows, which may ask
// for those that this one does not.
func (o *renderOptions) moreRuns(more bool) {
	if o.given != nil {
		o.given.More = more
	}
}

// protectedOverrides returns the files of --override.
func (a *app) protectedOverrides(list []string) (own []render.Own) {
	for _, s := range list {
		if _, file, err := cutOverride(s); err == nil {
			own = append(own, a.protectedFile("the file of --override", file)...)
		}
	}
	return own
}

// warnOverridden warns of values that are an operator's.
func (a *app) warnOverridden(name, until string, refs []source.Ref) {
	for _, ref := range refs {
		a.log.Warn(fmt.Sprintf("%s: %s has the value of --override, not that of its source%s", name, ref, until), "override", ref.String())
	}
}

// untilNextRun is how long an override of installed files lasts.
const untilNextRun = ", until the next run without --override"

// overrideText describes an override for status.
func overrideText(ref string, since time.Time) string {
	return fmt.Sprintf("%s has a value of --override since %s%s", ref, zoned(since.Local()), untilNextRun)
}

func isOverride(err error) bool {
	_, ok := errors.AsType[*render.OverrideError](err)
	return ok
}
