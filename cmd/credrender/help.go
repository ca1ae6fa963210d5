package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/manual"
)

// newHelp returns the help command. Unlike cobra's own, it fails for a name that is not a
// command, and has topics.
func newHelp() *cobra.Command {
	c := &cobra.Command{
		Use:   "help [COMMAND...|TOPIC [WORDS...]]",
		Short: "Help about any command or topic",
		Example: `  credrender help rotate
  credrender help config
  credrender help troubleshooting access denied`,
		RunE: runHelp,
	}
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		c.Long = helpText()
		c.Root().HelpFunc()(c, nil)
	})
	return c
}

// helpText describes help with all topics. It reads the pages for their titles.
func helpText() string {
	var b strings.Builder
	b.WriteString(`Print the help of a command, a list of all commands, or a topic. WORDS select the
sections of a topic: those whose heading occurs in WORDS, such as a copied error message,
or has WORDS in it.
`)
	for _, t := range topics() {
		if page, err := t.read(); err == nil {
			b.WriteString("\n  " + t.name + strings.Repeat(" ", max(1, 17-len(t.name))) + " " + page.Title)
		}
	}
	b.WriteString("\n\n'credrender explain NAME' tells more about one function or key.")
	return b.String()
}

func runHelp(c *cobra.Command, args []string) error {
	root := c.Root()
	about, rest, err := root.Find(args)
	isCommand := err == nil && len(rest) == 0
	if t, ok := topicOf(args); ok && (len(args) == 1 || !isCommand) {
		text, err := t.text(strings.Join(args[1:], " "))
		if err != nil {
			return err
		}
		_, err = c.OutOrStdout().Write([]byte(text))
		return outputError(err)
	}
	switch {
	case err != nil:
		return unknownTopic(root, args[0])
	case len(rest) > 0:
		return unknownCommand(about, rest[0])
	}
	about.InitDefaultHelpFlag()
	return about.Help()
}

func topicOf(args []string) (topic, bool) {
	if len(args) == 0 {
		return topic{}, false
	}
	return findTopic(args[0])
}

// unknownTopic is the error for a word that is neither a command nor a topic. A similar
// topic is suggested before a similar command, which 'credrender WORD' would suggest.
func unknownTopic(root *cobra.Command, name string) error {
	if near := config.Nearest(name, topicNames()); near != "" {
		return usagef("there is no command or topic %q, did you mean 'credrender help %s'?", name, near)
	}
	return unknownCommand(root, name)
}

// topicList is the line of the command list that has the topics.
func topicList() string {
	return strings.Join(manual.Fill(strings.Join(topicNames(), ", "), "  ", "  ", manual.Width), "\n")
}
