package credsmash

import (
	"context"
	"fmt"
	"strings"
)

// command is a command of credsmash.
type command struct {
	name      string
	arguments []argument
	options   []option
	short     string // what it does
	run       func(s *session, ctx context.Context) error
}

func globalOptions() []option {
	return []option{
		{long: "--config", short: "-c", help: "config file (default /etc/credsmash.cfg; CREDSMASH_CONFIG)"},
		{long: "--table-name", short: "-t", help: "DynamoDB table (default secret-store)"},
		{long: "--key-id", short: "-k", help: "KMS key for what is put (default alias/credsmash)"},
		{long: "--context", kind: pairValue, help: "KEY VALUE of the encryption context, with --key-id only; repeatable"},
	}
}

func commands() []command {
	name, pattern := argument{"SECRET_NAME", false}, argument{"PATTERN", false}
	destination := argument{"DESTINATION", true}
	format := option{long: "--format", short: "-f", help: "raw, json, yaml or csv (default: by the file's name)"}
	version := option{long: "--version", short: "-v", kind: intValue, help: "of the secret (default: the newest)"}
	compare := option{long: "--compare", off: "--no-compare", kind: flag, help: "put nothing where the newest value is the same (default)"}
	return []command{
		{"delete", []argument{name}, nil, "Delete every version of a secret", (*session).delete},
		{"delete-many", []argument{pattern}, nil, "Delete every version of matching secrets", (*session).deleteMany},
		{"find-many", []argument{pattern, destination}, []option{format}, "Print matching secrets", (*session).findMany},
		{"find-one", []argument{pattern, destination}, []option{format, version}, "Print the one secret that matches", (*session).findOne},
		{"get", []argument{name, destination}, []option{format, version}, "Print a secret", (*session).get},
		{"get-all", []argument{destination}, []option{format}, "Print all secrets", (*session).getAll},
		{"list", []argument{{"PATTERN", true}}, nil, "List names and versions", (*session).list},
		{"prune", []argument{name}, nil, "Delete all but the newest version of a secret", (*session).prune},
		{"prune-many", []argument{pattern}, nil, "Delete all but the newest version of matching secrets", (*session).pruneMany},
		{"put", []argument{name, {"SOURCE", false}}, []option{format, version, compare}, "Store a secret", (*session).put},
		{"put-many", []argument{{"SOURCE", false}}, []option{format, compare}, "Store what a file holds", (*session).putMany},
		{"render-template", []argument{{"TEMPLATE", false}, {"DESTINATION", false}}, renderOptions(),
			"Render a template", (*session).renderTemplate},
		{"render-templates", []argument{{"MANIFEST", false}},
			append([]option{{long: "--manifest-format", help: "json or yaml (default: by the file's name)"}}, renderOptions()...),
			"Render the templates of a manifest", (*session).renderTemplates},
		{"setup-dynamodb", nil, []option{
			{long: "--read-capacity", kind: intValue, help: "ignored: the table is on-demand"},
			{long: "--write-capacity", kind: intValue, help: "likewise"},
		}, "Make the table", (*session).setup},
	}
}

func renderOptions() []option {
	return []option{
		{long: "--obj-name", help: "what the template calls the secrets (default secrets)"},
		{long: "--key-fmt", help: "name of a secret by the template's (default {0}): dev.{0} makes dev.x of secrets.x"},
		{long: "--template-vars", help: "file of variables"},
		{long: "--template-vars-format", help: "json, yaml or csv"},
		{long: "--secrets-file", help: "file that has the secrets, instead of the store"},
		{long: "--secrets-file-format", help: "json, yaml or csv"},
	}
}

func find(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return &c
		}
	}
	return nil
}

func (c *command) path() string {
	if c == nil {
		return "credsmash"
	}
	return "credsmash " + c.name
}

func (c *command) usage() string {
	if c == nil {
		return "credsmash [OPTIONS] COMMAND [ARGS]..."
	}
	text := c.path() + " [OPTIONS]"
	for _, a := range c.arguments {
		if a.optional {
			text += " [" + a.name + "]"
			continue
		}
		text += " " + a.name
	}
	return text
}

func (c *command) help() string {
	if c == nil {
		return programHelp()
	}
	return fmt.Sprintf("Usage: %s\n\n  %s\n\nOptions:\n%s", c.usage(), c.short, optionHelp(c.options))
}

func programHelp() string {
	var b strings.Builder
	var none *command
	_, _ = fmt.Fprintf(&b, "Usage: %s\n\nOptions:\n%s\nCommands:\n", none.usage(), optionHelp(globalOptions()))
	for _, c := range commands() {
		_, _ = fmt.Fprintf(&b, "  %-16s  %s\n", c.name, c.short)
	}
	return b.String()
}

func optionHelp(options []option) string {
	var b strings.Builder
	for _, o := range append(options[:len(options):len(options)], option{long: "--help", kind: flag, help: "Show this message and exit."}) {
		names := o.long
		if o.short != "" {
			names = o.short + ", " + names
		}
		if o.off != "" {
			names += " / " + o.off
		}
		names += map[kind]string{textValue: " TEXT", intValue: " INTEGER", pairValue: " <TEXT TEXT>..."}[o.kind]
		_, _ = fmt.Fprintf(&b, "  %-28s %s\n", names, o.help)
	}
	return b.String()
}
