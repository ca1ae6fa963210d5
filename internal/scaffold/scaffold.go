// Package scaffold writes a first config: a commented config file with one job, its
// template, a golden test of that, and the JSON Schema for editors.
package scaffold

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/config"
)

// The names of files that do not depend on the options.
const (
	ConfigName = "credrender.yaml"
	SchemaName = "credrender.schema.json"
)

// Options are what the files are made for.
type Options struct {
	// Settings are given settings of the config, by key.
	Settings map[string]string
	Job      string // name of the job
	Dest     string
	Secret   string // name of its secret
	Hook     string // may be empty
}

// File is one file to write.
type File struct {
	Name string
	Data []byte
}

// Files returns the files, the config first.
func Files(o Options) ([]File, error) {
	schema, err := json.MarshalIndent(config.Schema(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("make the schema: %w", err)
	}
	name := path.Base(o.Dest)
	f := formOf(name)
	label := labelOf(o.Secret)
	if f.upper {
		label = strings.ToUpper(label)
	}
	action := "{{ secret " + strconv.Quote(o.Secret) + f.quote + " }}"
	return []File{
		{ConfigName, []byte(o.config(name+".tmpl", f.format))},
		{name + ".tmpl", fmt.Appendf(nil, f.text, label, action)},
		{name + ".test.yaml", []byte(o.test(name+".tmpl", fmt.Sprintf(f.text, label, f.example)))},
		{SchemaName, append(schema, '\n')},
	}, nil
}

// form is how a file of a kind is written.
type form struct {
	format  string // for the config; may be empty
	text    string // with the label and the value
	quote   string // the end of the action
	example string // the value "example" as that prints it
	upper   bool   // labels are in upper case
}

// formOf returns the form of a file by its name.
func formOf(name string) form {
	switch strings.TrimPrefix(path.Ext(name), ".") {
	case "json":
		return form{format: "json", text: "{\n  \"%s\": %s\n}\n", quote: " | jsonquote", example: `"example"`}
	case "yaml", "yml":
		return form{format: "yaml", text: "%s: %s\n", quote: " | jsonquote", example: `"example"`}
	case "toml":
		return form{format: "toml", text: "%s = %s\n", quote: " | jsonquote", example: `"example"`}
	case "env":
		return form{format: "env", text: "%s=%s\n", quote: " | envquote", example: "example", upper: true}
	case "sh":
		return form{text: "%s=%s\n", quote: " | shellquote", example: "'example'", upper: true}
	case "ini":
		return form{format: "ini", text: "[main]\n%s = %s\n", quote: " | iniquote", example: "example"}
	case "properties":
		return form{format: "properties", text: "%s=%s\n", quote: " | propertiesquote", example: "example"}
	case "xml":
		return form{format: "xml", text: "<config>\n  <%[1]s>%[2]s</%[1]s>\n</config>\n", quote: " | xmlquote", example: "example"}
	}
	return form{text: "%s = %s\n", example: "example"}
}

// labelOf returns the key for a secret: the last word of its name.
func labelOf(secret string) string {
	words := regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]*`).FindAllString(secret, -1)
	if len(words) == 0 {
		return "password"
	}
	return words[len(words)-1]
}

// config returns the text of the config. Its comments are the descriptions of the keys.
func (o Options) config(src, format string) string {
	var b strings.Builder
	b.WriteString(config.Modeline("./" + SchemaName))
	b.WriteString("#\n# 'credrender lint' checks this file, 'credrender plan' shows what would change, and\n# 'credrender render' writes the files. 'credrender explain KEY' describes a key.\n")
	for _, name := range []string{"store", "table", "region", "context", "schedule"} {
		k := key(config.SectionTop, name)
		o.entry(&b, "", k, o.Settings[name])
	}
	for _, k := range config.Keys() {
		if value := o.Settings[k.Name]; k.Section == config.SectionTop && value != "" && !strings.Contains(b.String(), "\n"+k.Name+": ") {
			o.entry(&b, "", k, value)
		}
	}
	b.WriteString("\n# " + key(config.SectionTop, "jobs").Does + " The files of a job change together or not at all.\njobs:\n")
	b.WriteString("  - name: " + scalar(o.Job) + "\n")
	for _, e := range []struct{ name, value string }{
		{"src", src}, {"dest", o.Dest}, {"format", format}, {"mode", "0640"}, {"owner", ""}, {"group", ""}, {"check", ""},
	} {
		o.entry(&b, "    ", key(config.SectionFile, e.name), e.value)
	}
	o.entry(&b, "    ", key(config.SectionJob, "hook"), o.Hook)
	return b.String()
}

// entry writes a key with its description; one without a value as a comment.
func (o Options) entry(b *strings.Builder, indent string, k config.Key, value string) {
	mark, text := "", scalar(value)
	if value == "" {
		mark, text = "#", k.Example
	}
	if indent == "" {
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, "%s# %s\n%s%s%s: %s\n", indent, k.Does, indent, mark, k.Name, text)
}

// test returns a golden test of the template.
func (o Options) test(src, want string) string {
	return fmt.Sprintf(`# 'credrender test' renders the template with these values, without AWS.
template: %s
config: %s
cases:
  - name: example
    fixtures: {secret: {%s: example}}
    want_text: |
      %s`, scalar(src), ConfigName, scalar(o.Secret), strings.ReplaceAll(strings.TrimSuffix(want, "\n"), "\n", "\n      ")+"\n")
}

func key(section config.Section, name string) config.Key {
	for _, k := range config.Keys() {
		if k.Section == section && k.Name == name {
			return k
		}
	}
	return config.Key{Name: name}
}

// scalar returns a text as YAML, on one line.
func scalar(text string) string {
	n := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if strings.ContainsAny(text, "\n{},[]") {
		n.Style = yaml.DoubleQuotedStyle
	}
	out, err := yaml.Marshal(&n)
	if err != nil {
		return strconv.Quote(text)
	}
	return strings.TrimSuffix(string(out), "\n")
}
