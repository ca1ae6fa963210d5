package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// topics are the pages of help that are not about a command.
func topics() map[string]func(c *cobra.Command, w io.Writer) {
	return map[string]func(c *cobra.Command, w io.Writer){
		"options": func(c *cobra.Command, w io.Writer) {
			_, global := splitFlags(c)
			_, _ = fmt.Fprintln(w, "Each is also CREDRENDER_<FLAG> in the environment, or a key of the config.")
			section(w, "Global flags", flagUsages(global))
		},
		"functions": func(_ *cobra.Command, w io.Writer) { helpFunctions(w) },
		"keys":      func(_ *cobra.Command, w io.Writer) { helpKeys(w) },
	}
}

// newHelp returns the help command. Unlike cobra's own, it fails for a name that is not a
// command, and has topics.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...|TOPIC]",
		Short: "Help about any command",
		Long: `Print the help of a command, a list of all commands, or a topic:

  functions  all functions of templates
  keys       all keys of the config and of test files
  options    the global flags

'credrender explain NAME' tells more about one function or key.`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && topics()[args[0]] != nil {
				topics()[args[0]](c, c.OutOrStdout())
				return nil
			}
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
