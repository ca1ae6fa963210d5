package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// mayHoldValues marks a command of whose words one may be a value: no message of
// it has a word that was not understood.
const mayHoldValues = "credrender_may_hold_values"

// flagError makes a usage error of what pflag says of a command's flags.
func flagError(c *cobra.Command, err error) error {
	verb := c.Annotations[mayHoldValues]
	if verb == "" {
		return usagef("%w; '%s --help' lists the flags", err, c.CommandPath())
	}
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usagef("%s: --%s does not take that value (it is not shown: it may be the secret's); '%s --help' lists the flags", verb, bad.GetFlag().Name, c.CommandPath())
	}
	if bare, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usagef("%s: --%s needs a value; '%s --help' lists the flags", verb, bare.GetFlag().Name, c.CommandPath())
	}
	instead := "a file of such a name is given as ./FILE, and - is standard input"
	if verb == "put" {
		instead = "a value goes after --, as in 'credrender put NAME -- VALUE', or to standard input, as in 'credrender put NAME - '"
	}
	return usagef("%s: a word that begins with - is not a flag (it is not shown: it may be the value): %s; '%s --help' lists the flags", verb, instead, c.CommandPath())
}

// checkFlags refuses flags that were given without text, as an unset variable of
// a script leaves them: an empty --version would mean all of them to delete. It
// refuses negative durations too, which would switch a limit off. The global flags
// are checked with their settings.
func checkFlags(c *cobra.Command, _ []string) error {
	var err error
	c.Flags().Visit(func(f *pflag.Flag) {
		switch {
		case f.Annotations[globalFlag] != nil || err != nil:
		case isEmpty(f) && f.Name != "comment":
			err = usagef("--%s is empty: leave it out, or give it a value", f.Name)
		case f.Value.Type() == "duration" && strings.HasPrefix(f.Value.String(), "-"):
			err = usagef("--%s: %s is negative", f.Name, f.Value)
		}
	})
	return err
}

// isEmpty reports whether a flag, or one of those of a repeatable flag, has no text.
func isEmpty(f *pflag.Flag) bool {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return len(list.GetSlice()) == 0 || slices.Contains(list.GetSlice(), "")
	}
	return f.Value.Type() == "string" && f.Value.String() == ""
}
