package main

import (
	"cmp"
	"errors"
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

Exit codes: 0 done, 1 failed, 2 bad usage, config or template, 3 a secret is missing
or refused, 4 a check or verify refused the new files (the old ones stay in place),
5 all files are in place but a hook failed (it stays pending).`

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

// newRoot returns the command line with all commands.
func newRoot(a *app) *cobra.Command { return newRootWith(a, commands(), true) }

// newRootWith returns the command line with some commands, or with all of them.
func newRootWith(a *app, list []namedCommand, all bool) *cobra.Command {
	var showVersion bool
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

// usageArgs turns errors about arguments into usage errors that name the missing one.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		return nil
	}
	return func(c *cobra.Command, args []string) error {
		err := check(c, args)
		if err == nil || exitCode(err) == exitUsage {
			return err
		}
		problem := err.Error()
		if missing := missingArgument(c.Use, len(args)); missing != "" {
			problem = "missing argument " + missing
		} else if strings.HasPrefix(problem, "accepts") {
			problem = fmt.Sprintf("too many arguments (%d)", len(args))
		}
		return usagef("%s: %s; usage: %s", c.Name(), problem, c.UseLine())
	}
}

// missingArgument returns the first required argument in a usage line such as
// "pull REF [KEY=VALUE]... DEST" after the given ones, or "".
func missingArgument(use string, given int) string {
	words := strings.Fields(use)
	for i, word := range words[1:] {
		switch {
		case strings.HasPrefix(word, "[") || strings.HasPrefix(word, "--") || strings.HasSuffix(word, "..."):
		case strings.HasPrefix(words[i], "--"): // the value of a flag
		case given == 0:
			name, _, _ := strings.Cut(word, "|")
			return name
		default:
			given--
		}
	}
	return ""
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

// peerFlags returns what to type for flags of credstash, by command and flag.
func peerFlags() map[string]string {
	return map[string]string{
		"get -n":    "get writes no newline to a file or pipe: leave -n out",
		"put -a":    "put always stores the next version: leave -a out",
		"put -c":    "the comment is --comment TEXT",
		"getall -f": "the format is -o json or -o yaml; 'credrender export' writes dotenv",
	}
}

// peers returns the credrender command for commands of similar programs: credstash,
// credsmash, gcredstash, unicreds, chamber, confd and consul-template. If programs
// differ, it has the more common meaning.
func peers() map[string]string {
	return map[string]string{
		// credstash
		"keys":   "credrender list",
		"putall": "credrender import --help', and of JSON as credstash takes it 'credrender credstash putall",
		// credsmash
		"get-all":         "credrender getall",
		"find-one":        "credrender list PATTERN' and 'credrender get NAME",
		"find-many":       "credrender getall PATTERN",
		"put-many":        "credrender import",
		"delete-many":     "credrender list PATTERN' and 'credrender delete NAME",
		"prune-many":      "credrender prune PATTERN",
		"render-template": "credrender render SRC:DEST' for Go templates, 'credrender credsmash render-template' for Jinja2, 'credrender convert FILE.j2' to change over",
		"setup-dynamodb":  "credrender setup",
		// gcredstash
		"template":      "credrender render SRC' to standard output, or 'credrender render SRC:DEST",
		"getall-json":   "credrender getall",
		"getall-yaml":   "credrender export --help",
		"put-file":      "credrender put NAME @FILE",
		"put_file":      "credrender put NAME @FILE",
		"get-file":      "credrender pull NAME DEST",
		"env":           "credrender export --help' for a file, or a template with 'secret NAME | envquote",
		"write":         "credrender put NAME VALUE",
		"read":          "credrender get NAME",
		"rm":            "credrender delete NAME",
		"remove":        "credrender delete NAME",
		"ls":            "credrender list",
		"versions":      "credrender history NAME",
		"find":          "credrender list PATTERN",
		"list-services": "credrender list",
		"reencrypt":     "credrender rekey",
		"show":          "credrender get NAME",
		"create-table":  "credrender setup",
		// confd and consul-template
		"apply":    "credrender render",
		"once":     "credrender render",
		"watch":    "credrender render' from cron or a systemd timer",
		"validate": "credrender lint",
		"check":    "credrender lint",
		"diff":     "credrender plan",
		"dry-run":  "credrender plan",
		"upload":   "credrender put NAME @FILE",
		"download": "credrender pull NAME DEST",
	}
}
