package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
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
