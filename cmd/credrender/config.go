package main

import (
	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
)

func newConfig(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Print the JSON Schema of the config",
		Long:  "Commands about the config file. 'credrender help keys' lists its keys.",
	}
	tests := false
	schema := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the config",
		Long: `Print the JSON Schema (draft 7) of the config, or of test files, for editors and
validators. An editor with yaml-language-server uses it for a file that begins with

  ` + config.Modeline("./"+schemaName) + `
The schema is no stricter than credrender: 'credrender lint' checks more.`,
		Example: `  credrender config schema > ` + schemaName + `
  credrender config schema --tests > test.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if tests {
				return a.printJSON(config.TestSchema())
			}
			return a.printJSON(config.Schema())
		},
	}
	schema.Flags().BoolVar(&tests, "tests", false, "the schema of *.test.yaml files")
	c.AddCommand(schema)
	return c
}
