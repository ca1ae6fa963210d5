package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/credrender/credrender/internal/config"
)

// fileFlags returns those flags with their values that make sense only for a file
// on the command line.
func (f *jobFlags) fileFlags() map[string]string {
	given := map[string]string{
		"mode": f.mode, "owner": f.owner, "group": f.group, "check": f.check, "verify": f.verify, "hook": f.hook,
		"permit": strings.Join(f.permit, ","),
	}
	if f.inPlace {
		given["in-place"] = "true"
	}
	maps.DeleteFunc(given, func(_, value string) bool { return value == "" })
	return given
}

// refuseWithoutDest refuses what standard output cannot have.
func (f *jobFlags) refuseWithoutDest() error {
	for _, flag := range slices.Sorted(maps.Keys(f.fileFlags())) {
		return usagef("--%s goes with SRC:DEST: there is no DEST but standard output", flag)
	}
	return nil
}

// globals are the flags that every command has. They are registered anew on
// each command over one set of values, so that a command may own a short form
// (credstash's -n means a role before the command and something else after).
type globals map[string]*globalValue

func newGlobals() globals {
	g := globals{}
	for _, f := range config.Flags() {
		g[f.Name] = &globalValue{value: f.Default, repeat: f.Repeat}
	}
	return g
}

// given are the flags that were on the command line, as config takes them.
func (g globals) given() map[string]string {
	m := map[string]string{}
	for name, v := range g {
		if v.set {
			m[name] = v.value
		}
	}
	return m
}

// register adds the flags to c. A short form that c has itself stays c's.
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

// once lets every flag of c that takes one value be given once. pflag takes the
// last of several: delete --version 1 --version 2 would keep version 1. The global
// flags are not among them, since those after the command replace those before it.
func once(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		_, list := f.Value.(pflag.SliceValue)
		if !list && f.Annotations[globalFlag] == nil {
			f.Value = &onceValue{Value: f.Value}
			if f.DefValue == "0s" { // pflag knows only its own durations
				f.DefValue = "0"
			}
		}
	})
}

// onceValue is the value of such a flag.
type onceValue struct {
	pflag.Value
	given string
	set   bool
}

// Set refuses a second value, unless it is the first again.
func (v *onceValue) Set(s string) error {
	if v.set && v.given != s {
		return errors.New("it is given twice, with different values")
	}
	v.given, v.set = s, true
	return v.Value.Set(s)
}

// jobFlags are the flags of commands that take jobs from the config or from
// the command line.
type jobFlags struct {
	mode, owner, group  string
	check, verify, hook string
	context, vars       []string
	varsFile            string
	names               []string
	permit              []string
	inPlace             bool
	root                string
	fixtures            string
	acceptRemoved       []string
	allowNoMatch        bool
}

func (f *jobFlags) register(c *cobra.Command) {
	f.registerFile(c)
	fl := c.Flags()
	fl.StringArrayVar(&f.vars, "var", nil, "`KEY=VALUE` that templates see as .Vars.KEY (repeatable)")
	fl.StringVar(&f.varsFile, "vars", "", "YAML `FILE` that templates see as .Vars")
	fl.StringArrayVar(&f.names, "job", nil, "`NAME` of a job of the config (repeatable; default: all)")
	allowNoMatchFlag(c, &f.allowNoMatch)
	fl.StringArrayVar(&f.acceptRemoved, "accept-removed", nil, "`NAME` of a removed secret whose default secretOr may take (repeatable)")
}

// registerFile adds what counts for a file that is no template too.
func (f *jobFlags) registerFile(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.mode, "mode", "", "`MODE` of a DEST, in octal (default: an existing file's, else 0600)")
	fl.StringVar(&f.owner, "owner", "", "`USER` who owns a DEST")
	fl.StringVar(&f.group, "group", "", "`GROUP` of a DEST")
	fl.StringSliceVar(&f.permit, "permit", nil, "`mode,owner`: which of them the file system of a DEST may ignore (FAT, EFS access points)")
	fl.BoolVar(&f.inPlace, "in-place", false, "write into an existing DEST instead of replacing it (a bind-mounted file); not atomic")
	fl.StringVar(&f.check, "check", "", "shell `COMMAND` that judges each staged file, {{.src}}, before anything changes")
	fl.StringVar(&f.verify, "verify", "", "shell `COMMAND` that judges the new files in place")
	fl.StringVar(&f.hook, "hook", "", "shell `COMMAND` to run after a change, until it succeeds")
	fl.StringArrayVar(&f.context, "context", nil, "`KEY=VALUE` of the default encryption context (repeatable)")
	fl.StringVar(&f.root, "root", "", "`DIR` below which all destinations are placed")
	fl.StringVar(&f.fixtures, "fixtures", "", "YAML `FILE` that answers every function in place of AWS")
}

// splayFlag is shared by commands that a fleet starts at one time.
func splayFlag(c *cobra.Command, d *time.Duration) {
	c.Flags().DurationVar(d, "splay", 0, "wait this host's fixed share of `DURATION` first")
}

// bulkFlags are flags of several of them.
type bulkFlags struct {
	contextMap   string
	literal      []string
	dryRun       bool
	allowNoMatch bool
}

func (f *bulkFlags) addContextMap(c *cobra.Command) {
	c.Flags().StringVar(&f.contextMap, "context-map", "", contextMapHelp)
	contextFlag(c, &f.literal)
}

func (f *bulkFlags) addDryRun(c *cobra.Command, usage string) {
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, usage)
}

func (f *bulkFlags) addAllowNoMatch(c *cobra.Command) {
	allowNoMatchFlag(c, &f.allowNoMatch)
}

func allowNoMatchFlag(c *cobra.Command, allow *bool) {
	c.Flags().BoolVar(allow, "allow-no-match", false, "let a pattern match nothing, which is exit code 3 otherwise")
}

// contextFlag adds the flag whose pairs are taken as they are.
func contextFlag(c *cobra.Command, literal *[]string) {
	c.Flags().StringArrayVar(literal, "context", nil, "`KEY=VALUE` of the encryption context, taken literally (repeatable)")
}
