package main

import (
	"context"
	"strings"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/manual"
	"github.com/credrender/credrender/pkg/template"
)

// tablePage is a page with a section for each group of rows.
type tablePage struct {
	manual.Page
	group string
}

func (p *tablePage) add(group string, row ...string) {
	if group != p.group || len(p.Blocks) == 0 {
		p.group = group
		p.Blocks = append(p.Blocks, manual.Block{Kind: manual.Heading, Level: 2, Text: manual.Escape(group)}, manual.Block{Kind: manual.Table})
	}
	last := &p.Blocks[len(p.Blocks)-1]
	last.Rows = append(last.Rows, row)
}

func (p *tablePage) note(text string) {
	p.Blocks = append(p.Blocks, manual.Block{Kind: manual.Paragraph, Text: text})
}

// functionsPage lists the functions of templates by group.
func functionsPage() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Functions of templates"}}
	p.note("`credrender explain NAME` shows an example and what it prints. A value from a pipe is the last argument.")
	for _, f := range template.Functions() {
		p.add(f.Group, manual.Quote(f.Call()), manual.Escape(f.Summary))
	}
	return p.Page
}

// functionsInFull adds to each function what explain tells.
func functionsInFull() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Functions of templates"}}
	p.note("A value from a pipe is the last argument. ↵ is a line break.")
	for _, f := range template.Functions() {
		f = f.Evaluate(context.Background())
		row := []string{manual.Quote(f.Call()), manual.Escape(f.Summary)}
		if len(f.Aliases) > 0 {
			row = append(row, "Also called: "+manual.Escape(strings.Join(f.Aliases, ", ")))
		}
		if f.Volatile {
			row = append(row, "Returns a different value on every run, which rewrites the file each time.")
		}
		if f.Example != "" {
			row = append(row, "Example: "+manual.Quote(f.Example))
		}
		if f.Result != "" {
			row = append(row, "Prints: "+manual.Quote(f.Result))
		}
		p.add(f.Group, row...)
	}
	return p.Page
}

// keysPage lists the keys of the config by section.
func keysPage() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Keys of the config and of test files"}}
	p.note("`credrender explain NAME` shows kind, default and an example.")
	for _, k := range config.Keys() {
		p.add(sectionTitle(k.Section), manual.Quote(k.Name), manual.Escape(k.Does))
	}
	return p.Page
}

// keysInFull adds to each key what explain tells.
func keysInFull() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Keys of the config and of test files"}}
	p.note("↵ is a line break.")
	for _, k := range config.Keys() {
		does := manual.Escape(k.Does)
		if k.Required {
			does += " Required."
		}
		row := []string{manual.Quote(k.Name), does, "Kind: " + manual.Escape(string(k.Kind))}
		if k.Default != "" {
			row = append(row, "Default: "+manual.Escape(k.Default))
		}
		p.add(sectionTitle(k.Section), append(row, "Example: "+manual.Quote(k.Name+": "+k.Example))...)
	}
	return p.Page
}

// optionsPage lists the global flags.
func optionsPage() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Global flags"}}
	p.note("Each is also a variable of the environment, and a key of the config unless noted. A flag overrides the environment, which overrides the config.")
	keys := map[string]bool{}
	for _, k := range config.Keys() {
		keys[k.Path()] = true
	}
	for _, f := range config.Flags() {
		name, does := "--"+f.Name, f.Usage
		value := ""
		if before, rest, ok := strings.Cut(does, "`"); ok {
			word, after, _ := strings.Cut(rest, "`")
			does, value = before+word+after, " "+word
		}
		if f.Short != "" {
			name = "-" + f.Short + ", " + name
		}
		row := []string{manual.Quote(name + value), manual.Escape(capital(does)) + "."}
		if f.Default != "" {
			row[1] += " Default: " + manual.Escape(f.Default) + "."
		}
		row = append(row, "Variable: "+f.Env())
		if !keys[f.Key()] {
			row[2] += "; no key of the config"
		}
		p.add("Flags", row...)
	}
	return p.Page
}
