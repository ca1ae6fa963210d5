package secretfile

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Formats, as flags spell them.
const (
	JSON = "json"
	YAML = "yaml"
	// Dotenv permits names of letters, digits and _ only. A value is bare, in single
	// quotes (literal, over several lines too), or in double quotes, in which \n, \r,
	// \t and \ before another character are escapes. Nothing is expanded.
	Dotenv = "dotenv"
	// Shell has the lines of Dotenv with "export " before each name. What a shell would
	// expand, join or run is refused.
	Shell = "shell"
	// Properties is the text form of java.util.Properties.
	Properties = "properties"
	// CSV is RFC 4180: two columns, name and value. TSV has tabs in place of commas.
	CSV = "csv"
	TSV = "tsv"
	// Tfvars holds the values of Terraform's variables.
	Tfvars = "tfvars"
	// Vault is what 'vault kv get -format=json' prints, and Confidant what its
	// client's get_service prints. They are read only.
	Vault     = "vault"
	Confidant = "confidant"
)

// A format has a parser, and a writer if it is not read only.
type format struct {
	name  string
	parse func(data []byte) ([]Entry, error)
	write func(entries []Entry) ([]byte, error)
	ends  []string // of names of files
}

func formats() []format {
	return []format{
		{JSON, parseJSON, writeJSON, []string{".json"}},
		{YAML, parseYAML, writeYAML, []string{".yaml", ".yml"}},
		{Dotenv, parseDotenv, writeDotenv, []string{".env"}},
		{Shell, parseShell, writeShell, []string{".sh"}},
		{Properties, parseProperties, writeProperties, []string{".properties"}},
		{CSV, separated(',').parse, separated(',').write, []string{".csv"}},
		{TSV, separated('\t').parse, separated('\t').write, []string{".tsv"}},
		{Tfvars, parseTfvars, writeTfvars, []string{".tfvars"}},
		{Vault, parseVault, nil, nil},
		{Confidant, parseConfidant, nil, nil},
	}
}

// find returns a format by its name.
func find(name string) (format, error) {
	all := formats()
	i := slices.IndexFunc(all, func(f format) bool { return f.name == name })
	if i < 0 {
		return format{}, fmt.Errorf("no format %q", name)
	}
	return all[i], nil
}

// Readable returns the names of all formats.
func Readable() (names []string) {
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// Writable returns the names of the formats that [Write] knows.
func Writable() (names []string) {
	for _, f := range formats() {
		if f.write != nil {
			names = append(names, f.name)
		}
	}
	return names
}

// NamesVariables reports whether the names in a format are those of variables, so that
// most names of secrets do not fit: see [EnvName].
func NamesVariables(name string) bool { return name == Dotenv || name == Shell || name == Tfvars }

// FormatOf returns the format that a file's name suggests, or "".
func FormatOf(path string) string {
	base := filepath.Base(path)
	for _, f := range formats() {
		if slices.Contains(f.ends, filepath.Ext(base)) {
			return f.name
		}
	}
	if strings.HasPrefix(base, ".env") {
		return Dotenv
	}
	return ""
}
