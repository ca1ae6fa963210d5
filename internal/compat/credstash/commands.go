package credstash

import (
	"embed"
	"path"
	"strings"
)

// This file holds the tables for argparse.go: the options and positionals of credstash
// 1.17.1, in its order, which usage lines and messages follow.

// kind is the number of words that an option or positional takes.
type kind int

const (
	one      kind = iota // exactly one
	optional             // one or none
	many                 // any number
	flag                 // an option that takes none
	helping              // -h
	command              // the rest of the line: a command's name and its own words
)

// option is a flag, with its value.
type option struct {
	short, long string // either may be empty
	dest        string // its name among the values
	kind        kind
	choices     []string
	pairs       bool // words are key=value
}

// positional is an argument of one word or several.
type positional struct {
	dest    string
	kind    kind
	choices []string
	pairs   bool // words are key=value
}

// grammar is the set of options and positionals of the program or of a command.
type grammar struct {
	prog string
	// private: a word may be a secret value, so messages show none.
	private     bool
	options     []option
	positionals []positional
	exclusive   []string // dests of options of which at most one may be given
}

var helpOption = option{short: "-h", long: "--help", dest: "help", kind: helping}

// commands are in the order of credstash's own help.
func commandNames() []string {
	return []string{"delete", "get", "getall", "keys", "list", "put", "putall", "setup"}
}

func programGrammar() *grammar {
	return &grammar{
		prog: "credstash",
		options: []option{
			helpOption,
			{short: "-r", long: "--region", dest: "region"},
			{long: "--kms-region", dest: "kms_region"},
			{short: "-t", long: "--table", dest: "table"},
			{long: "--log-level", dest: "log_level"},
			{long: "--log-file", dest: "log_file"},
			{short: "-p", long: "--profile", dest: "profile"},
			{short: "-n", long: "--arn", dest: "arn"},
		},
		positionals: []positional{{dest: "", kind: command, choices: commandNames()}},
		exclusive:   []string{"profile", "arn"},
	}
}

func contextWords() positional {
	return positional{dest: "context", kind: many, pairs: true}
}

func readOptions() []option {
	return []option{
		{short: "-v", long: "--version", dest: "version"},
		{short: "-f", long: "--format", dest: "format", choices: []string{"json", "csv", "dotenv", "yaml"}},
	}
}

func writeOptions() []option {
	return []option{
		{short: "-k", long: "--key", dest: "key"},
		{short: "-c", long: "--comment", dest: "comment"},
		{short: "-v", long: "--version", dest: "version"},
		{short: "-a", long: "--autoversion", dest: "autoversion", kind: flag},
		{short: "-d", long: "--digest", dest: "digest", choices: []string{"SHA", "SHA224", "SHA256", "SHA384", "SHA512", "MD5"}},
	}
}

// commandGrammar returns the table of a command of commandNames.
func commandGrammar(name string) *grammar {
	g := &grammar{prog: "credstash " + name, options: []option{helpOption}}
	switch name {
	case "delete":
		g.positionals = []positional{{dest: "credential"}}
	case "get":
		g.positionals = []positional{{dest: "credential"}, contextWords()}
		g.options = append(g.options, option{short: "-n", long: "--noline", dest: "noline", kind: flag})
		g.options = append(g.options, readOptions()...)
	case "getall":
		g.positionals = []positional{contextWords()}
		g.options = append(g.options, readOptions()...)
	case "put":
		g.private = true
		g.positionals = []positional{{dest: "credential"}, {dest: "value", kind: optional}, contextWords()}
		g.options = append(g.options, writeOptions()...)
		g.options = append(g.options, option{short: "-P", long: "--prompt", dest: "prompt", kind: flag})
	case "putall":
		g.private = true
		g.positionals = []positional{{dest: "credentials"}, contextWords()}
		g.options = append(g.options, writeOptions()...)
		g.options[2], g.options[3] = g.options[3], g.options[2] // here -v comes before -c
	case "setup":
		g.options = append(g.options,
			option{long: "--save-kms-region", dest: "save_kms_region"},
			option{long: "--tags", dest: "tags", kind: many, pairs: true})
	}
	return g
}

// names returns the short and long form of an option.
func (o option) names() []string {
	var names []string
	for _, n := range []string{o.short, o.long} {
		if n != "" {
			names = append(names, n)
		}
	}
	return names
}

// helpFiles have what -h prints, in the form of argparse: the usage, then an empty line. A
// test compares them with the tables in commands.go.
//
//go:embed help/*.txt
var helpFiles embed.FS

// helpText returns the output of -h.
func (g *grammar) helpText() string {
	text, err := helpFiles.ReadFile(path.Join("help", strings.TrimPrefix(g.prog, "credstash ")+".txt"))
	if err != nil {
		panic(err) // a command without its file
	}
	return string(text)
}

// usage returns the usage line or lines before a message.
func (g *grammar) usage() string {
	lines, _, _ := strings.Cut(g.helpText(), "\n\n")
	return lines + "\n"
}
