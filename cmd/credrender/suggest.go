package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// This file holds what answers command lines of other programs and misspelt ones.

func unknownCommand(c *cobra.Command, name string) error {
	text := fmt.Sprintf("unknown command %q", name)
	if ours, ok := peers()[name]; ok {
		return &usageError{fmt.Errorf("%s; here that is '%s'", text, ours)}
	}
	if _, ok := findTopic(name); ok && !c.HasParent() {
		return usagef("%s; 'credrender help %s' prints the topic", text, name)
	}
	if near := nearest(c, name); near != "" {
		text += fmt.Sprintf(", did you mean %q?", near)
	}
	return &usageError{errors.New(text + "; 'credrender help' lists the commands")}
}

// nearest returns the subcommand of c that is most similar to a name, or "". Cobra
// returns all that are similar, in alphabetical order.
func nearest(c *cobra.Command, name string) string {
	for c.SuggestionsMinimumDistance = 1; c.SuggestionsMinimumDistance <= 2; c.SuggestionsMinimumDistance++ {
		if near := c.SuggestionsFor(name); len(near) > 0 {
			return near[0]
		}
	}
	return ""
}

// suggestFlag returns the flag of c that is most similar to the unknown flag in err, or "".
func suggestFlag(c *cobra.Command, err error) string {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok || len(unknown.GetSpecifiedName()) < 2 {
		return ""
	}
	flags := &cobra.Command{} // cobra compares command names only
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
		}
	})
	return nearest(flags, unknown.GetSpecifiedName())
}

// peerFlag returns what to type for a flag that other programs have, or "".
func peerFlag(c *cobra.Command, unknown *pflag.NotExistError) string {
	name := cmp.Or(unknown.GetSpecifiedShortnames(), unknown.GetSpecifiedName())
	if text := peerFlags()[c.Name()+" -"+name]; text != "" {
		return text
	}
	ours := commonFlags()[name]
	if ours.has == "" || c.Flags().Lookup(ours.has) == nil {
		return ""
	}
	return ours.text
}

// peerFlags returns what to type for flags of credstash and terraform, by command and
// flag.
func peerFlags() map[string]string {
	const plan = "render writes files: 'credrender plan' shows what it would change"
	return map[string]string{
		"get -n":           "get writes no newline to a file or pipe: leave -n out",
		"get -noline":      "get writes no newline to a file or pipe: leave --noline out",
		"put -a":           "put always stores the next version: leave -a out",
		"put -autoversion": "put always stores the next version: leave --autoversion out",
		"put -c":           "the comment is --comment TEXT",
		"put -prompt":      "put asks for the value on a terminal: leave --prompt and the value out",
		"getall -f":        "the format is -o json or -o yaml; 'credrender export' writes dotenv",
		"getall -format":   "the format is -o json or -o yaml; 'credrender export' writes dotenv",
		"render -dry-run":  plan, "render -n": plan, "render -noop": plan, "render -diff": plan,
		"daemon -dry-run": plan, "render -once": "render runs once: leave --once out",
		"render -watch":    "'credrender daemon' renders on a schedule",
		"render -interval": "'credrender daemon' renders on a schedule",
		"plan -out":        "plan keeps nothing: 'credrender render' looks again",
		"credrender -v":    "the version is --version or -V; more messages are --log-level debug",
	}
}

// commonFlags returns what to type for flags that many programs have, for commands that
// have the flag in its place.
func commonFlags() map[string]struct{ has, text string } {
	output := struct{ has, text string }{"output", "the format is -o FORMAT, such as -o json"}
	debug := struct{ has, text string }{"log-level", "more messages are --log-level debug"}
	return map[string]struct{ has, text string }{
		"json": output, "yaml": output, "format": output, "f": output, "j": output,
		"verbose": debug, "debug": debug,
		"quiet": {"log-level", "fewer messages are --log-level warn"}, "q": {"log-level", "fewer messages are --log-level warn"},
		"no-color":  {"color", "no colors are --color never, or NO_COLOR=1 in the environment"},
		"colour":    {"color", "the flag is --color"},
		"noheaders": {"no-headers", "the flag is --no-headers"}, "no-header": {"no-headers", "the flag is --no-headers"},
		"region-name": {"region", "the flag is --region"}, "kms-key": {"key", "the flag is --key"},
	}
}

// peers returns the credrender command for commands of similar programs: credstash,
// credsmash, gcredstash, unicreds, chamber, confd and consul-template. If programs
// differ, it has the more common meaning.
func peers() map[string]string {
	return map[string]string{
		// credstash
		"keys":   "credrender list",
		"key":    "credrender setup' to make the key of --key, 'credrender rekey --key NEW' to change it, 'credrender grants",
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
		"preview":  "credrender plan",
		"run":      "credrender render' for files, 'credrender exec -- CMD",
		"add":      "credrender put NAME",
		"set":      "credrender put NAME",
		"new":      "credrender put NAME",
		"cat":      "credrender get NAME",
		"cp":       "credrender copy NAME NEW_NAME",
		"start":    "credrender daemon",
		"reload":   "systemctl reload credrender",
		"dry-run":  "credrender plan",
		"upload":   "credrender put NAME @FILE",
		"download": "credrender pull NAME DEST",
	}
}
