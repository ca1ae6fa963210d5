package credstash

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
	help        string
}

// positional is an argument of one word or several.
type positional struct {
	dest    string
	kind    kind
	choices []string
	pairs   bool // words are key=value
	help    string
}

// grammar is the set of options and positionals of the program or of a command.
type grammar struct {
	prog string
	help string
	// private: a word may be a secret value, so messages show none.
	private     bool
	options     []option
	positionals []positional
	exclusive   []string // dests of options of which at most one may be given
}

var helpOption = option{short: "-h", long: "--help", dest: "help", kind: helping, help: "show this help and exit"}

// commands are in the order of credstash's own help.
func commandNames() []string {
	return []string{"delete", "get", "getall", "keys", "list", "put", "putall", "setup"}
}

func programGrammar() *grammar {
	return &grammar{
		prog: "credstash",
		help: "credstash's command line, by credrender",
		options: []option{
			helpOption,
			{short: "-r", long: "--region", dest: "region", help: "AWS region (default: AWS_DEFAULT_REGION,\n~/.aws/config, us-east-1)"},
			{long: "--kms-region", dest: "kms_region", help: "region of the KMS key (default: ~/.credstash,\nthe table's region)"},
			{short: "-t", long: "--table", dest: "table", help: "DynamoDB table (default:\nCREDSTASH_DEFAULT_TABLE, credential-store)"},
			{long: "--log-level", dest: "log_level", help: "ERROR and below fill the log file"},
			{long: "--log-file", dest: "log_file", help: "append errors to this file (default: none)"},
			{short: "-p", long: "--profile", dest: "profile", help: "profile of ~/.aws/config"},
			{short: "-n", long: "--arn", dest: "arn", help: "role to assume"},
		},
		positionals: []positional{{dest: "", kind: command, choices: commandNames(), help: "'credstash COMMAND -h' shows its flags"}},
		exclusive:   []string{"profile", "arn"},
	}
}

func contextWords() positional {
	return positional{dest: "context", kind: many, pairs: true, help: "encryption context, key=value"}
}

func readOptions() []option {
	return []option{
		{short: "-v", long: "--version", dest: "version", help: "version to get (default: the newest)"},
		{short: "-f", long: "--format", dest: "format", choices: []string{"json", "csv", "dotenv", "yaml"}, help: "json (default), csv, dotenv or yaml"},
	}
}

func writeOptions(version string) []option {
	return []option{
		{short: "-k", long: "--key", dest: "key", help: "KMS key (default: alias/credstash)"},
		{short: "-c", long: "--comment", dest: "comment", help: "stored beside the value, in clear"},
		{short: "-v", long: "--version", dest: "version", help: version},
		{short: "-a", long: "--autoversion", dest: "autoversion", kind: flag, help: "store the version after the newest; -v is\nignored"},
		{short: "-d", long: "--digest", dest: "digest", choices: []string{"SHA", "SHA224", "SHA256", "SHA384", "SHA512", "MD5"}, help: "digest of the HMAC (default: SHA256)"},
	}
}

// commandGrammar returns the table of a command of commandNames.
func commandGrammar(name string) *grammar {
	g := &grammar{prog: "credstash " + name, options: []option{helpOption}}
	switch name {
	case "delete":
		g.help = "delete every version of a credential"
		g.positionals = []positional{{dest: "credential", help: "name"}}
	case "get":
		g.help = "print a credential, or all that match a pattern"
		g.positionals = []positional{{dest: "credential", help: "name; * in it makes it a pattern"}, contextWords()}
		g.options = append(g.options, option{short: "-n", long: "--noline", dest: "noline", kind: flag, help: "no newline after the value"})
		g.options = append(g.options, readOptions()...)
	case "getall":
		g.help = "print all credentials"
		g.positionals = []positional{contextWords()}
		g.options = append(g.options, readOptions()...)
	case "keys":
		g.help = "list names"
	case "list":
		g.help = "list names and versions"
	case "put":
		g.help, g.private = "store a credential", true
		g.positionals = []positional{
			{dest: "credential", help: "name"},
			{dest: "value", kind: optional, help: "value, @FILE, or - for standard input"},
			contextWords(),
		}
		g.options = append(g.options, writeOptions("version to store (default: 1)")...)
		g.options = append(g.options, option{short: "-P", long: "--prompt", dest: "prompt", kind: flag, help: "ask for the value"})
	case "putall":
		g.help, g.private = "store all credentials of a JSON object", true
		g.positionals = []positional{{dest: "credentials", help: "JSON, @FILE, or - for standard input"}, contextWords()}
		g.options = append(g.options, writeOptions("version to store (default: 0)")...)
		swap(g.options, 2, 3) // here -v comes before -c
	case "setup":
		g.help = "make the table"
		g.options = append(g.options,
			option{long: "--save-kms-region", dest: "save_kms_region", help: "keep the region of the KMS key in ~/.credstash"},
			option{long: "--tags", dest: "tags", kind: many, pairs: true, help: "tags of the table, key=value"})
	}
	return g
}

func swap(o []option, i, j int) { o[i], o[j] = o[j], o[i] }

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
