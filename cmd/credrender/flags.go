package main

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/credrender/credrender/internal/config"
)

// globals are the flags of all commands, by name. Each command registers them over
// this one set of values, so that it may define a global short form as its own.
type globals map[string]*globalValue

func newGlobals() globals {
	g := globals{}
	for _, f := range config.Flags() {
		g[f.Name] = &globalValue{value: f.Default, repeat: f.Repeat}
	}
	return g
}

// given returns the flags on the command line, as package config takes them.
func (g globals) given() map[string]string {
	m := map[string]string{}
	for name, v := range g {
		if v.set {
			m[name] = v.value
		}
	}
	return m
}

// args returns the given flags as arguments, sorted.
func (g globals) args() (args []string) {
	given := g.given()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		args = append(args, "--"+name+"="+given[name])
	}
	return args
}

// register adds the flags to c. A short form that c defines itself stays c's.
func (g globals) register(c *cobra.Command) {
	for _, f := range config.Flags() {
		if c.Flags().Lookup(f.Name) != nil {
			continue
		}
		short := f.Short
		if short != "" && c.Flags().ShorthandLookup(short) != nil {
			short = ""
		}
		c.Flags().VarP(g[f.Name], f.Name, short, f.Usage)
		c.Flags().Lookup(f.Name).Annotations = map[string][]string{globalFlag: {"true"}}
	}
}

const globalFlag = "credrender_global"

// globalValue is the value behind all registrations of one global flag.
type globalValue struct {
	value  string
	set    bool
	repeat bool
}

func (v *globalValue) String() string { return v.value }

func (v *globalValue) Type() string { return "string" }

func (v *globalValue) Set(s string) error {
	if v.repeat && v.set {
		s = v.value + "," + s
	}
	v.value, v.set = s, true
	return nil
}

// mayHoldValues marks a command with an argument that may be a secret value. Its
// messages never show an argument that could not be parsed.
const mayHoldValues = "credrender_may_hold_values"

// flagError turns pflag's error about a command's flags into a usage error.
func flagError(c *cobra.Command, err error) error {
	verb := c.Annotations[mayHoldValues]
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if instead := peerFlag(c, unknown); instead != "" {
			return usagef("%s: %s", c.Name(), instead)
		}
	}
	bad, isValue := errors.AsType[*pflag.InvalidValueError](err)
	choice, isChoice := errors.AsType[*choiceError](err)
	switch {
	case isChoice && verb == "":
		return usagef("--%s %q %w", bad.GetFlag().Name, bad.GetValue(), choice)
	case isChoice:
		return usagef("%s: --%s %w", verb, bad.GetFlag().Name, choice)
	case verb == "" && suggestFlag(c, err) != "":
		return usagef("%w, did you mean --%s? '%s --help' lists the flags", err, suggestFlag(c, err), c.CommandPath())
	case verb == "":
		return usagef("%w; '%s --help' lists the flags", err, c.CommandPath())
	}
	if isValue {
		return usagef("%s: --%s does not take that value (not shown: it may be the secret); '%s --help' lists the flags", verb, bad.GetFlag().Name, c.CommandPath())
	}
	if bare, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usagef("%s: --%s needs a value; '%s --help' lists the flags", verb, bare.GetFlag().Name, c.CommandPath())
	}
	instead := "write ./FILE for such a file name, and - for standard input"
	if verb == "put" {
		instead = "pass a value after --, as in 'credrender put NAME -- VALUE', or on standard input, as in 'credrender put NAME - '"
	}
	return usagef("%s: an argument that begins with - is not a flag (not shown: it may be the value): %s; '%s --help' lists the flags", verb, instead, c.CommandPath())
}

// checkFlags refuses empty flags, which are usually an unset variable of a script: with
// an empty --version, delete would delete all versions. It also refuses negative
// durations, which would disable a limit. Package config checks the global flags.
func checkFlags(c *cobra.Command, _ []string) error {
	var err error
	c.Flags().Visit(func(f *pflag.Flag) {
		switch {
		case f.Annotations[globalFlag] != nil || err != nil:
		case isEmpty(f) && f.Name != "comment":
			err = usagef("--%s is empty: leave it out, or give it a value", f.Name)
		case f.Annotations[dryRunOnly] != nil && c.Flags().Lookup("dry-run").Value.String() != "true":
			err = usagef("--%s is for --dry-run: without it, %s prints no result", f.Name, c.Name())
		case f.Value.Type() == "duration" && strings.HasPrefix(f.Value.String(), "-"):
			err = usagef("--%s: %s is negative", f.Name, f.Value)
		}
	})
	return err
}

// isEmpty reports whether a flag, or one value of a repeatable flag, is empty.
func isEmpty(f *pflag.Flag) bool {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return len(list.GetSlice()) == 0 || slices.Contains(list.GetSlice(), "")
	}
	return f.Value.Type() == "string" && f.Value.String() == ""
}

// once refuses a second value for each flag of c that is not repeatable. pflag would
// take the last: delete --version 1 --version 2 would keep version 1. Global flags are
// exempt, because those after the command replace those before it.
func once(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		_, list := f.Value.(pflag.SliceValue)
		if !list && f.Annotations[globalFlag] == nil {
			f.Value = &onceValue{Value: f.Value}
			if f.DefValue == "0s" { // pflag hides this default only for its own type
				f.DefValue = "0"
			}
		}
	})
}

// onceValue is the value of a flag that may be given once.
type onceValue struct {
	pflag.Value
	given string
	set   bool
}

// Set refuses a second value that differs from the first.
func (v *onceValue) Set(s string) error {
	if v.set && v.given != s {
		return errors.New("it is given twice, with different values")
	}
	v.given, v.set = s, true
	return v.Value.Set(s)
}

// choiceValue is the value of a flag that takes one of a few words. checkFlags refuses
// an empty one.
type choiceValue struct {
	value   *string
	choices []string
}

// choiceFlag adds a flag that takes one of the choices, which are separated by |.
func choiceFlag(c *cobra.Command, value *string, name, short, standard, choices, usage string) {
	*value = standard
	c.Flags().VarP(&choiceValue{value, strings.Split(choices, "|")}, name, short, usage+": `"+choices+"`")
}

func (v *choiceValue) String() string { return *v.value }

func (v *choiceValue) Type() string { return "string" }

func (v *choiceValue) Set(s string) error {
	if s != "" && !slices.Contains(v.choices, s) {
		return &choiceError{v.choices}
	}
	*v.value = s
	return nil
}

// choiceError is the refusal of a word that is not one of the choices.
type choiceError struct{ choices []string }

func (e *choiceError) Error() string {
	last := len(e.choices) - 1
	return "is not " + strings.TrimPrefix(strings.Join(e.choices[:last], ", ")+" or ", " or ") + e.choices[last]
}

// outputFlag adds -o.
func outputFlag(c *cobra.Command, output *string, choices, standard string) {
	choiceFlag(c, output, "output", "o", standard, choices, "format")
}

// jobFlags are the flags of commands that take jobs from the config or from
// the command line.
type jobFlags struct {
	mode, owner, group  string
	check, verify, hook string
	context, vars       []string
	varsFile            string
	partials            []string
	names               []string
	permit              []string
	inPlace             bool
	root                string
	fixtures            string
	acceptRemoved       []string
	allowNoMatch        bool
	overrides           []string
}

func (f *jobFlags) register(c *cobra.Command) {
	f.registerFile(c)
	f.registerTemplate(c)
	f.registerJob(c)
	allowNoMatchFlag(c, &f.allowNoMatch)
	c.Flags().StringArrayVar(&f.acceptRemoved, "accept-removed", nil, "allow secretOr to fall back for the removed secret `NAME` (repeatable)")
}

// registerTemplate adds the flags that set the variables and the context of templates.
func (f *jobFlags) registerTemplate(c *cobra.Command) {
	fl := c.Flags()
	fl.StringArrayVar(&f.vars, "var", nil, "set .Vars.KEY of templates, as `KEY=VALUE` (repeatable)")
	fl.StringVar(&f.varsFile, "vars", "", "YAML `FILE` with the .Vars of templates")
	fl.StringArrayVar(&f.partials, "partial", nil, "`FILE` with definitions for templates (repeatable)")
	if fl.Lookup("context") == nil {
		f.registerContext(c)
	}
}

func (f *jobFlags) registerContext(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.context, "context", nil, "`KEY=VALUE` of the default encryption context (repeatable)")
}

func (f *jobFlags) registerJob(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.names, "job", nil, "only the job `NAME` of the config (repeatable; default: all)")
}

func (f *jobFlags) registerFixtures(c *cobra.Command) {
	c.Flags().StringVar(&f.fixtures, "fixtures", "", "YAML `FILE` that replaces AWS and the machine as the source of all answers")
}

// registerFile adds the flags for a destination, of a template or of a single secret.
func (f *jobFlags) registerFile(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.mode, "mode", "", "octal `MODE` of DEST (default: that of an existing file, else 0600)")
	fl.StringVar(&f.owner, "owner", "", "owner of DEST, a `USER`")
	fl.StringVar(&f.group, "group", "", "group of DEST, a `GROUP`")
	fl.StringSliceVar(&f.permit, "permit", nil, "let the file system of DEST ignore `mode,owner`, one or both (FAT, EFS access points)")
	fl.BoolVar(&f.inPlace, "in-place", false, "write into an existing DEST instead of replacing it (a bind-mounted file); not atomic")
	fl.StringVar(&f.check, "check", "", "shell `COMMAND` that checks each staged file, {{.src}}, before anything changes")
	fl.StringVar(&f.verify, "verify", "", "shell `COMMAND` that verifies the new files in place")
	fl.StringVar(&f.hook, "hook", "", "shell `COMMAND` to run after a change, until it succeeds")
	f.registerContext(c)
	fl.StringVar(&f.root, "root", "", "place all destinations below `DIR`")
	f.registerFixtures(c)
}

// contextFlag adds the flag whose pairs are taken literally.
func contextFlag(c *cobra.Command, literal *[]string) {
	c.Flags().StringArrayVar(literal, "context", nil, "`KEY=VALUE` of the encryption context, taken literally (repeatable)")
}

// tierFlag is the tier of a parameter that is written.
func tierFlag(c *cobra.Command, tier *string) {
	choiceFlag(c, tier, "tier", "", "", "standard|advanced", "tier of a parameter; advanced costs money and cannot be undone (default: the one that it has, else standard)")
}
