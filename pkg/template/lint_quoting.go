package template

import (
	"path"
	"strings"
)

// quoting lists the functions that make a value safe in a format, best first.
type quoting struct {
	format string
	by     []string
}

// quotingOf returns the quoting of a file by its format, else by its name.
func quotingOf(o LintOptions) quoting {
	asJSON := []string{"jsonquote", "toJson", "mustToJson", "toRawJson", "mustToRawJson", "toPrettyJson", "mustToPrettyJson"}
	switch formatOf(o) {
	case "json":
		return quoting{"JSON", append(asJSON, "minjson")}
	case "yaml", "yml":
		return quoting{"YAML", append(asJSON, "toYaml", "quote", "indent", "nindent")} // indented: a block of text
	case "toml":
		return quoting{"TOML", append(asJSON, "toToml", "quote")}
	case "sh", "bash":
		return quoting{"shell", []string{"shellquote", "envquote"}}
	case "env":
		return quoting{"an env file", []string{"envquote", "shellquote"}}
	case "nginx":
		return quoting{"a config of nginx", []string{"nginxquote"}}
	case "properties":
		return quoting{"a properties file", []string{"propertiesquote"}}
	case "xml":
		return quoting{"XML", []string{"xmlquote"}}
	case "pgpass":
		return quoting{"a password file of PostgreSQL", []string{"pgpassquote"}}
	}
	if o.Format == "ini" { // the extension alone does not tell whose INI it is
		return quoting{"INI", append([]string{"iniquote"}, asJSON...)} // MySQL's takes JSON strings
	}
	return quoting{}
}

// formatOf returns the format of a file: as stated, by its directory or by its extension.
func formatOf(o LintOptions) string {
	name := strings.TrimSuffix(o.Dest, ".tmpl")
	ext := strings.TrimPrefix(path.Ext(name), ".")
	switch {
	case o.Format != "":
		return o.Format
	case strings.HasPrefix(name, "/etc/default/"), strings.HasPrefix(name, "/etc/sysconfig/"), strings.HasPrefix(path.Base(name), ".env."):
		return "env"
	case ext == "conf" && strings.Contains(name, "nginx"):
		return "nginx"
	}
	return ext
}

// harmless are the functions whose output needs no quoting anywhere.
func harmless() []string {
	return []string{"b64enc", "b32enc", "sha1sum", "sha256sum", "sha512sum", "adler32sum", "hmac", "len", "int", "int64", "float64",
		"atoi", "add", "add1", "sub", "mul", "div", "mod", "max", "min", "eq", "ne", "lt", "le", "gt", "ge", "not", "empty",
		"hasKey", "has", "contains", "hasPrefix", "hasSuffix", "urlquery"}
}
