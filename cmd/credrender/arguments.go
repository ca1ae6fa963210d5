package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/source"
)

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
			problem = missing + " is missing"
			if text := argumentText(missing); text != "" {
				problem += ": " + text
			}
		} else if strings.HasPrefix(problem, "accepts") {
			problem = tooMany(args)
		}
		return usagef("%s: %s; usage: %s", c.Name(), problem, c.UseLine())
	}
}

// tooMany describes arguments of which there are too many. The last one may be a context,
// which commands without one refuse.
func tooMany(args []string) string {
	if len(args) > 1 && isPair(args[len(args)-1]) {
		return "it takes no context, as " + source.Show(args[len(args)-1])
	}
	return fmt.Sprintf("too many arguments (%d)", len(args))
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

// argumentText tells what an argument is, or "".
func argumentText(name string) string {
	return map[string]string{
		"REF":     "the secret, such as db.password or ssm:/app/password",
		"NEW_REF": "the secret to copy to",
		"DEST":    "the file to write",
		"ROLE":    "the name or ARN of the role",
		"JOB":     "a job of the config",
		"FILE":    "a file, or - for standard input",
		"NAME":    "a function of templates or a key of the config",
	}[name]
}
