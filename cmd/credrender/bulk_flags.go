package main

import "github.com/spf13/cobra"

// bulkFlags are the flags of commands over many secrets.
type bulkFlags struct {
	contextMap   string
	literal      []string
	dryRun       bool
	planned      resultFlags // of the result of a dry run
	allowNoMatch bool
}

// register adds the flags that select secrets and contexts.
func (f *bulkFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.contextMap, "context-map", "", "YAML `FILE` with the contexts of names, as a list of {pattern, context}")
	contextFlag(c, &f.literal)
	allowNoMatchFlag(c, &f.allowNoMatch)
}

// registerDryRun adds --dry-run, and the form of what it prints. In commands with a file,
// -o is the format of that file.
func (f *bulkFlags) registerDryRun(c *cobra.Command, usage string) {
	dryRunFlag(c, &f.dryRun, &f.planned, usage)
}

func dryRunFlag(c *cobra.Command, dryRun *bool, planned *resultFlags, usage string) {
	c.Flags().BoolVar(dryRun, "dry-run", false, usage)
	if c.Flags().Lookup("output") != nil {
		planned.registerHeaders(c)
		return
	}
	planned.register(c, "text|json")
	c.Flags().Lookup("output").Annotations = map[string][]string{dryRunOnly: {"true"}}
}

// dryRunOnly marks a flag that has no effect without --dry-run.
const dryRunOnly = "credrender_dry_run_only"

func allowNoMatchFlag(c *cobra.Command, allow *bool) {
	c.Flags().BoolVar(allow, "allow-no-match", false, "accept a pattern that matches nothing, otherwise exit code 3")
}
