package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const rootHelp = `credrender puts secrets into whole config files.

Go templates request secrets by name from a credstash-compatible store (DynamoDB and
KMS, or a local file), all in one batch. The files of a job change together or not at
all. The hook that reloads a server runs after a change, until it succeeds.

`

// commandGroups are the sections of the command list. Commands that are not listed here
// follow in a last section.
var commandGroups = []struct {
	title string
	names []string
}{
	{"Render files", []string{"render", "plan", "pull", "exec", "daemon", "status", "hold", "run-hook", "recover"}},
	{"Manage secrets", []string{"get", "put", "generate", "edit", "list", "history", "getall", "copy", "rollback", "rotate", "delete", "prune", "rekey", "migrate", "import", "export", "verify-store"}},
	{"Write templates", []string{"lint", "test", "convert", "explain", "init", "config"}},
	{"Set up access", []string{"setup", "grant", "grants", "revoke", "policy", "doctor"}},
}

// newRootWith returns the command line with some commands, or with all of them.
func newRootWith(a *app, list []namedCommand, all bool) *cobra.Command {
	var showVersion bool
	root := &cobra.Command{
		Use:              "credrender",
		Short:            "Put secrets into whole config files",
		Long:             rootHelp + exitCodesLine(),
		TraverseChildren: true, // global flags before the command
		SilenceUsage:     true,
		SilenceErrors:    true,
		// TraverseChildren alone prints the help for a misspelt command and
		// exits 0.
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return unknownCommand(c, args[0])
			case showVersion:
				return printVersion(a)
			}
			return c.Help()
		},
	}
	root.Flags().BoolVarP(&showVersion, "version", "V", false, "print the version")
	root.SetIn(a.stdin)
	root.SetErr(a.stderr)
	for _, c := range list {
		root.AddCommand(c.make(a))
	}
	root.SetHelpCommand(newHelp())
	root.InitDefaultHelpCmd()
	root.SetOut(a.stdout) // which the completion command keeps from here on
	root.CompletionOptions.DisableDefaultCmd = !all
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
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		_, _ = fmt.Fprintf(c.OutOrStdout(), "%s\n\n", strings.TrimRight(wrap(cmp.Or(c.Long, c.Short), helpWidth), "\n")) // helpOut keeps the error
		_ = usage(c)
	})
	return root
}

// strict makes c's subcommands refuse unknown commands and arguments. Cobra prints the
// help for "completion tcsh" and exits 0.
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

// helpWidth is the line length of help.
const helpWidth = 80

// usage prints the usage of a command without the global flags, which have a page of
// their own.
func usage(c *cobra.Command) error {
	own, _ := splitFlags(c)
	w := c.OutOrStderr()
	_, _ = fmt.Fprintf(w, "Usage:\n")
	for i, use := range strings.Split(c.UseLine(), " | import ") {
		if i > 0 {
			use = "credrender import " + use
		}
		_, _ = fmt.Fprintln(w, strings.Join(hang("  "+use, helpWidth), "\n"))
	}
	section(w, "Examples", wrapExample(c.Example, helpWidth))
	commandLists(w, c)
	if !c.HasParent() {
		section(w, "Topics of 'credrender help TOPIC'", topicList())
	}
	section(w, "Flags", flagUsages(own))
	section(w, "Fields of -o json, as paths of jq", jsonText(c.Name()))
	_, err := fmt.Fprintln(w, "\n'credrender help options' lists the global flags.")
	return err
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

// commandLists prints the subcommands of c, in groups for the root command.
func commandLists(w io.Writer, c *cobra.Command) {
	left := slices.DeleteFunc(slices.Clone(c.Commands()), func(sub *cobra.Command) bool {
		return !sub.IsAvailableCommand() && sub.Name() != "help"
	})
	list := func(title string, in func(name string) bool) {
		var b strings.Builder
		left = slices.DeleteFunc(left, func(sub *cobra.Command) bool {
			if in(sub.Name()) {
				fmt.Fprintln(&b, strings.Join(hang(fmt.Sprintf("  %-*s  %s", sub.NamePadding(), sub.Name(), sub.Short), helpWidth), "\n"))
				return true
			}
			return false
		})
		section(w, title, b.String())
	}
	title := "Commands"
	if !c.HasParent() {
		for _, g := range commandGroups {
			list(g.title, func(name string) bool { return slices.Contains(g.names, name) })
		}
		title = "Other commands"
	}
	list(title, func(string) bool { return true })
}
