package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/credrender/credrender/internal/manual"
)

func newDocs(a *app) *cobra.Command {
	docs := &cobra.Command{
		Use:   "docs",
		Short: "Generate the manual pages",
		Long:  "Generate the manual pages from the text of --help and the topics of help.",
	}
	man := &cobra.Command{
		Use:   "man [DIR]",
		Short: "Write the manual pages of commands, config and topics",
		Long: `Write the manual pages into DIR: credrender.1, a page such as credrender-render.1 for
each command, credrender.yaml.5 and credrender-keys.5 about the config, and a page
such as credrender-functions.7 for each topic of help. Without DIR, write all pages to
standard output.`,
		Example: `  credrender docs man man
  credrender docs man | man -l -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runDocsMan(a, c.Root(), args) },
	}
	docs.AddCommand(man)
	return docs
}

func runDocsMan(a *app, root *cobra.Command, args []string) error {
	pages, err := manPages(root)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		for _, p := range pages {
			if _, err := io.WriteString(a.stdout, p.roff); err != nil {
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
	for _, p := range pages {
		if err := os.WriteFile(filepath.Join(dir, p.file()), []byte(p.roff), 0o644); err != nil {
			return fmt.Errorf("write manual page: %w", err)
		}
	}
	return nil
}

// manPages returns all manual pages: those of commands, each before its subcommands, then
// those of topics.
func manPages(root *cobra.Command) (list []manPage, err error) {
	for _, c := range manCommands(root) {
		list = append(list, commandPage(c))
	}
	for _, t := range topics() {
		if t.name == "options" {
			continue // credrender(1) has them
		}
		p, err := topicPage(t)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// manCommands returns the commands with a page.
func manCommands(c *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "completion" {
			list = append(list, manCommands(sub)...)
		}
	}
	return list
}

// manPage is a manual page, such as render in section 1.
type manPage struct {
	name    string
	section string
	roff    string
}

func (p manPage) file() string { return p.name + "." + p.section }

func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manName returns the name and the section of a topic's page.
func (t topic) manName() (name, section string) {
	if t.man == "" {
		return "credrender-" + t.name, "7"
	}
	name, section, _ = strings.Cut(strings.TrimSuffix(t.man, ")"), "(")
	return name, section
}

// manHead begins a page. Its date is that of the commit, so that builds of one commit are
// equal.
func manHead(name, section, short string) string {
	return fmt.Sprintf(".TH %s %s \"%s\" \"credrender %s\" \"credrender\"\n.ad l\n.nh\n.SH NAME\n%s \\- %s\n",
		strings.ToUpper(manual.Roff(name)), section, commitDate(), manual.Roff(version()), manual.Roff(name), manual.Roff(short))
}

// commitDate returns the day of the commit that the program was built from, "" if the
// build does not record it.
func commitDate() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" && len(s.Value) >= len("2006-01-02") {
			return s.Value[:len("2006-01-02")]
		}
	}
	return ""
}

// commandPage formats the help of a command.
func commandPage(c *cobra.Command) manPage {
	var b strings.Builder
	name, long := manName(c), c.Long
	if long == "" {
		long = c.Short + "."
	}
	b.WriteString(manHead(name, "1", strings.ToLower(c.Short[:1])+c.Short[1:]))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", manual.Roff(c.UseLine()))
	b.WriteString(".SH DESCRIPTION\n" + manual.RoffText(long))
	if c.Example != "" {
		b.WriteString(".SH EXAMPLES\n" + manual.RoffText(c.Example))
	}
	manSubcommands(&b, c)
	own, global := splitFlags(c)
	manFlags(&b, "OPTIONS", own)
	if text := jsonText(c.Name()); text != "" {
		b.WriteString(".SH JSON\n" + manual.RoffText("The fields of --output json, as paths of jq(1):\n\n"+text))
	}
	if c.HasParent() {
		b.WriteString(".SH SEE ALSO\n.BR credrender (1)\nfor global options,\n.BR credrender\\-exit\\-codes (7)\n")
		return manPage{name, "1", b.String()}
	}
	manFlags(&b, "GLOBAL OPTIONS", global)
	b.WriteString(".SH ENVIRONMENT\n" + manual.RoffText(`CREDRENDER_<FLAG> sets a global option, such as CREDRENDER_STATE_DIR. So does a key
of the config. Flags override the environment, which overrides the config.`))
	manSeeAlso(&b, "", topicNames())
	return manPage{name, "1", b.String()}
}

// topicPage formats a topic, with all that explain tells about its functions or keys.
func topicPage(t topic) (manPage, error) {
	page, err := t.read()
	if err != nil {
		return manPage{}, err
	}
	also := t.related(page)
	if t.full != nil {
		page = t.full()
	}
	name, section := t.manName()
	var b strings.Builder
	b.WriteString(manHead(name, section, page.Title) + page.Roff())
	manSeeAlso(&b, t.name, also)
	return manPage{name, section, b.String()}, nil
}

// manSeeAlso lists the pages of topics and commands, after that of the program.
func manSeeAlso(b *strings.Builder, self string, names []string) {
	var refs []string
	if self != "" {
		refs = append(refs, ".BR credrender (1)")
	}
	for _, name := range names {
		page, section := "credrender-"+strings.ReplaceAll(name, " ", "-"), "1"
		if t, ok := findTopic(name); ok {
			page, section = t.manName()
		}
		if name != "options" {
			refs = append(refs, fmt.Sprintf(".BR %s (%s)", manual.Roff(page), section))
		}
	}
	fmt.Fprintf(b, ".SH SEE ALSO\n%s\n", strings.Join(refs, ",\n"))
}

func manSubcommands(b *strings.Builder, c *cobra.Command) {
	if !c.HasAvailableSubCommands() {
		return
	}
	b.WriteString(".SH COMMANDS\n")
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			manual.RoffTerm(b, `\fB`+manual.Roff(sub.Name())+`\fR`, manual.Roff(sub.Short))
		}
	}
}

func manFlags(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name, value, usage := describeFlag(f)
		manual.RoffTerm(b, strings.TrimRight(`\fB`+manual.Roff(name)+`\fR `+manual.Roff(value), " "), manual.Roff(usage))
	})
}
