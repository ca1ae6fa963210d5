package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

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
		newStatus(a), newHold(a), newRunHook(a), newDemo(a), newDocs(a), newVersion(a), newCredstash(a), newCredsmash(a), newConvert(a),
	)
	root.SetHelpCommand(newHelp())
	root.InitDefaultHelpCmd()
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

// peers says what to type here for a command of another program of the family
// that is none of ours: of credstash, credsmash, gcredstash, unicreds, chamber,
// confd and consul-template. Where it depends, the commoner meaning is told.
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
		"history":       "credrender list NAME",
		"versions":      "credrender list NAME",
		"find":          "credrender list PATTERN",
		"list-services": "credrender list",
		"rotate":        "credrender rekey",
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
