package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/credrender/credrender/internal/config"
)

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
func (v *globalValue) Type() string   { return "string" }

func (v *globalValue) Set(s string) error {
	if v.repeat && v.set {
		s = v.value + "," + s
	}
	v.value, v.set = s, true
	return nil
}

const rootHelp = `credrender puts secrets into whole config files.

Go templates ask for secrets by name; they come from a credstash-compatible
store (DynamoDB and KMS, or a local file), all at once. The files of a job
change together or not at all, and the hook that reloads a server runs when
something changed, until it has succeeded.

Exit codes: 0 done, 1 failed, 2 bad usage, config or template, 3 a secret is
missing or refused, 4 a check or verify refused the new files (the old ones
stand), 5 all files are in place but a hook failed (it is owed).`

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:              "credrender",
		Short:            "Put secrets into whole config files",
		Long:             rootHelp,
		TraverseChildren: true, // global flags before the command
		SilenceUsage:     true,
		SilenceErrors:    true,
		// TraverseChildren alone prints the help for a misspelt command and
		// exits 0.
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			return c.Help()
		},
	}
	root.SetIn(a.stdin)
	root.SetErr(a.stderr)
	root.AddCommand(
		newRender(a), newDaemon(a), newPlan(a), newLint(a), newPull(a), newRecover(a),
		newGet(a), newPut(a), newList(a), newDelete(a), newGetall(a),
		newPrune(a), newRekey(a), newMigrate(a), newImport(a), newExport(a), newVerifyStore(a),
		newEncrypt(a), newDecrypt(a), newExec(a),
		newSetup(a), newGrant(a), newGrants(a), newRevoke(a), newPolicy(a), newDoctor(a),
		newStatus(a), newDemo(a), newDocs(a), newVersion(a), newCredstash(a), newCredsmash(a), newConvert(a),
	)
	root.SetHelpCommand(newHelp())
	root.InitDefaultHelpCmd()
	root.SetOut(a.stdout) // which the completion command keeps from here on
	root.InitDefaultCompletionCmd()
	for _, c := range append(root.Commands(), root) {
		a.globals.register(c)
		once(c)
		strict(c)
		c.SetFlagErrorFunc(flagError)
		c.PreRunE = func(c *cobra.Command, args []string) error {
			a.command = c
			return checkFlags(c, args)
		}
		c.Args = usageArgs(c.Args)
	}
	root.SetUsageFunc(usage)
	return root
}

// newHelp is cobra's own, but for a name that is no command's, which cobra
// answers with all of the help and exit code 0.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]...",
		Short: "Help about any command",
		Long:  "Print the help of a command; without one, the list of all.",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil {
				return unknownCommand(c.Root(), args[0])
			}
			if len(rest) > 0 {
				return unknownCommand(about, rest[0])
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// strict has c's own commands refuse what is none of them, and what they do
// not take: cobra prints the help of "completion tcsh" and exits 0.
func strict(c *cobra.Command) {
	for _, sub := range c.Commands() {
		sub.Args = usageArgs(sub.Args)
	}
	if c.HasParent() && c.HasSubCommands() && !c.Runnable() {
		c.Args = nil
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; '%s --help' lists the commands", args[0], c.CommandPath())
			}
			return c.Help()
		}
	}
}

// usageArgs makes usage errors of what a command says about its arguments.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		return nil
	}
	return func(c *cobra.Command, args []string) error {
		err := check(c, args)
		if _, told := errors.AsType[*usageError](err); told {
			return err
		}
		if err != nil {
			return usagef("%w; usage: %s", err, c.UseLine())
		}
		return nil
	}
}

func unknownCommand(c *cobra.Command, name string) error {
	text := fmt.Sprintf("unknown command %q", name)
	if ours, ok := peers()[name]; ok {
		return &usageError{fmt.Errorf("%s; here that is '%s'", text, ours)}
	}
	if near := c.SuggestionsFor(name); len(near) > 0 {
		text += fmt.Sprintf(", did you mean %q?", near[0])
	}
	return &usageError{errors.New(text + "; 'credrender help' lists the commands")}
}

// usage is cobra's, with the global flags apart from the command's own.
func usage(c *cobra.Command) error {
	own, global := splitFlags(c)
	w := c.OutOrStderr()
	_, _ = fmt.Fprintf(w, "Usage:\n  %s\n", c.UseLine())
	section(w, "Examples", c.Example)
	section(w, "Commands", commandList(c))
	section(w, "Flags", own.FlagUsages())
	section(w, "Global flags (also CREDRENDER_<FLAG>, or keys of the config)", global.FlagUsages())
	return nil
}

func splitFlags(c *cobra.Command) (own, global *pflag.FlagSet) {
	own, global = pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[globalFlag] != nil {
			global.AddFlag(f)
			return
		}
		own.AddFlag(f)
	})
	return own, global
}

func section(w io.Writer, title, body string) {
	if body = strings.TrimRight(body, "\n"); body != "" {
		_, _ = fmt.Fprintf(w, "\n%s:\n%s\n", title, body)
	}
}

func commandList(c *cobra.Command) string {
	var b strings.Builder
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			fmt.Fprintf(&b, "  %-*s  %s\n", sub.NamePadding(), sub.Name(), sub.Short)
		}
	}
	return b.String()
}
