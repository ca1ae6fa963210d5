package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newDocs(a *app) *cobra.Command {
	docs := &cobra.Command{
		Use:   "docs",
		Short: "Generate the manual pages",
		Long:  "Generate the manual pages from the text of --help.",
	}
	man := &cobra.Command{
		Use:   "man [DIR]",
		Short: "Write a manual page for each command",
		Long: `Write credrender.1, and a page such as credrender-render.1 for each command, into
DIR. Without DIR, write all pages to standard output.`,
		Example: `  credrender docs man /usr/local/share/man/man1
  credrender docs man | man -l -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runDocsMan(a, c.Root(), args) },
	}
	docs.AddCommand(man)
	return docs
}

func runDocsMan(a *app, root *cobra.Command, args []string) error {
	pages := manPages(root)
	if len(args) == 0 {
		for _, c := range pages {
			if _, err := io.WriteString(a.stdout, manPage(c)); err != nil {
				return fmt.Errorf("write manual page: %w", err)
			}
		}
		return nil
	}
	if args[0] == "" {
		return usagef("DIR is empty: leave it out, or pass a directory")
	}
	dir := a.abs(args[0])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create the directory for manual pages: %w", err)
	}
	for _, c := range pages {
		path := filepath.Join(dir, manName(c)+".1")
		if err := os.WriteFile(path, []byte(manPage(c)), 0o644); err != nil {
			return fmt.Errorf("write manual page: %w", err)
		}
	}
	return nil
}

// manPages returns the commands with a page, each before its subcommands.
func manPages(c *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "completion" {
			list = append(list, manPages(sub)...)
		}
	}
	return list
}

func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manPage formats the help of a command in the macros of man(7). The page has no date,
// so that builds are reproducible.
func manPage(c *cobra.Command) string {
	var b strings.Builder
	long := c.Long
	if long == "" {
		long = c.Short + "."
	}
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"credrender %s\" \"credrender\"\n", strings.ToUpper(roff(manName(c))), roff(version()))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manName(c)), roff(strings.ToLower(c.Short[:1])+c.Short[1:]))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(c.UseLine()))
	manText(&b, "DESCRIPTION", long)
	if c.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Example))
	}
	manCommands(&b, c)
	own, global := splitFlags(c)
	manFlags(&b, "OPTIONS", own)
	if text := jsonText(c.Name()); text != "" {
		manText(&b, "JSON", "The fields of --output json, as paths of jq(1):\n\n"+text)
	}
	if c.HasParent() {
		manText(&b, "SEE ALSO", "credrender(1) for global options and exit codes")
		return b.String()
	}
	manFlags(&b, "GLOBAL OPTIONS", global)
	manText(&b, "ENVIRONMENT", `CREDRENDER_<FLAG> sets a global option, such as CREDRENDER_STATE_DIR. So does a key
of the config. Flags override the environment, which overrides the config.`)
	return b.String()
}

func manCommands(b *strings.Builder, c *cobra.Command) {
	if !c.HasAvailableSubCommands() {
		return
	}
	manText(b, "COMMANDS", "")
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(sub.Name()), roff(sub.Short))
		}
	}
}

// manText writes a section. Lists and indented paragraphs keep their lines.
func manText(b *strings.Builder, title, text string) {
	fmt.Fprintf(b, ".SH %s\n", title)
	for i, p := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		switch {
		case p == "":
		case strings.HasPrefix(p, "- "), strings.HasPrefix(p, " "):
			fmt.Fprintf(b, ".nf\n%s\n.fi\n", roff(p))
		default:
			fmt.Fprintf(b, "%s\n", roff(p))
		}
	}
}

func manFlags(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	manText(b, title, "")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if !slices.Contains([]string{"", "false", "0", "0s", "[]"}, f.DefValue) {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR %s\n%s\n", roff(name), roff(value), roff(usage))
	})
}

// roff escapes text for troff: the escape character, quotes and hyphens that troff would
// replace by typographic ones, and a dot at the beginning of a line
// (groff_char(7), groff_man_style(7)).
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`, "\n.", "\n\\&.").Replace(text)
	if strings.HasPrefix(text, ".") {
		return `\&` + text
	}
	return text
}
