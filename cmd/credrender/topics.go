package main

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/credrender/credrender/docs"
	"github.com/credrender/credrender/internal/manual"
	"github.com/credrender/credrender/packaging/systemd"
)

// topic is a page of help that is not about a command. It comes from a page of docs, or
// from tables of the program. Nothing is read before somebody asks for it.
type topic struct {
	name    string
	file    string             // in docs, or in from; the page's title is the topic's
	from    *embed.FS          // nil: docs
	section string             // of the file; empty: all of it
	page    func() manual.Page // if it is not a file
	full    func() manual.Page // for the manual page, with more than page; may be nil
	also    []string           // arguments of help for related pages
	man     string             // the name and section of the manual page, if it is not credrender-NAME(7)
}

// topics lists the pages of help, by name.
func topics() []topic {
	return []topic{
		{name: "access", file: "access.md"},
		{name: "authoring", file: "authoring.md", also: []string{"lint", "test"}},
		{name: "aws-down", file: "aws-down.md"},
		{name: "by-hand", file: "hold.md", also: []string{"hold", "run-hook", "aws-down"}},
		{name: "coming-from", file: "coming-from.md"},
		{name: "confd", file: "confd.md", also: []string{"convert"}},
		{name: "config", file: "configuration.md", also: []string{"keys", "environment", "config schema"}, man: "credrender.yaml(5)"},
		{name: "consul-template", file: "consul-template.md"},
		{name: "containers", file: "containers.md"},
		{name: "contexts", file: "templates.md", section: "Encryption contexts", also: []string{"templates", "config"}},
		{name: "conversions", file: "conversions.md"},
		{name: "environment", page: environmentPage, also: []string{"options", "config"}},
		{name: "exit-codes", page: exitCodesPage, also: []string{"troubleshooting"}},
		{name: "exec-watch", file: "exec-watch.md", also: []string{"exec"}},
		{name: "functions", page: functionsPage, full: functionsInFull, also: []string{"templates"}},
		{name: "guarantees", file: "guarantees.md"},
		{name: "import-export", file: "import-export.md", also: []string{"import", "export"}},
		{name: "key-compromised", file: "key-compromised.md"},
		{name: "keys", page: keysPage, full: keysInFull, also: []string{"config"}, man: "credrender-keys(5)"},
		{name: "monitoring", file: "monitoring.md", also: []string{"status", "runbook"}},
		{name: "options", page: optionsPage, also: []string{"environment", "config"}},
		{name: "rights", file: "rights.md", also: []string{"access", "policy"}},
		{name: "rotating", file: "rotating.md", also: []string{"rotate"}},
		{name: "runbook", file: "runbook.md"},
		{name: "schedules", file: "daemon.md", also: []string{"daemon", "systemd", "monitoring", "unchanged-runs"}},
		{name: "secrets", file: "lifecycle.md"},
		{name: "security", file: "security.md"},
		{name: "sources", file: "sources.md"},
		{name: "systemd", file: "systemd.md", also: []string{"schedules", "units"}},
		{name: "templates", file: "templates.md", also: []string{"functions", "contexts"}},
		{name: "troubleshooting", file: "troubleshooting.md"},
		{name: "unchanged-runs", file: "unchanged-runs.md", also: []string{"schedules"}},
		{name: "units", file: "README.md", from: &systemd.Pages, also: []string{"systemd"}},
	}
}

// commandPages are the pages of docs whose subject is a command with a help of its own.
func commandPages() map[string]string {
	return map[string]string{"exec.md": "exec", "credstash.md": "credstash", "credsmash.md": "credsmash", "functions.md": "functions", "config-keys.md": "keys"}
}

func findTopic(name string) (topic, bool) {
	all := topics()
	i := slices.IndexFunc(all, func(t topic) bool { return t.name == name })
	if i < 0 {
		return topic{}, false
	}
	return all[i], true
}

func topicNames() (names []string) {
	for _, t := range topics() {
		names = append(names, t.name)
	}
	return names
}

// read returns the topic's page.
func (t topic) read() (manual.Page, error) {
	if t.file == "" {
		return t.page(), nil
	}
	pages := &docs.Pages
	if t.from != nil {
		pages = t.from
	}
	text, err := pages.ReadFile(t.file)
	if err != nil {
		return manual.Page{}, fmt.Errorf("read help: %w", err)
	}
	page, err := manual.Parse(string(text))
	if err != nil {
		return page, fmt.Errorf("read help %s: %w", t.name, err)
	}
	if t.section != "" {
		page = page.Section(t.section)
		page.Title = t.section
	}
	return page, nil
}

// related returns what to pass to help for the pages that a page links to, and for those
// that the topic lists.
func (t topic) related(page manual.Page) []string {
	list := slices.Clone(t.also)
	for _, file := range page.Links() {
		name := commandPages()[file]
		if i := slices.IndexFunc(topics(), func(o topic) bool { return o.file == file && o.section == "" }); i >= 0 {
			name = topics()[i].name
		}
		if name != "" && name != t.name && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// text returns what 'credrender help TOPIC WORDS' prints: the sections that fit the words,
// or the whole page without any.
func (t topic) text(words string) (string, error) {
	page, err := t.read()
	if err != nil {
		return "", err
	}
	related := t.related(page)
	if words != "" {
		found := page.Section(words)
		if len(found.Blocks) == 0 {
			return "", usagef("no section of 'credrender help %s' fits %q", t.name, words)
		}
		return found.Text(), nil
	}
	text := page.Text()
	if len(related) > 0 {
		text += "\n" + strings.Join(manual.Fill("See also (credrender help TOPIC): "+strings.Join(related, ", "), "", "", helpWidth), "\n") + "\n"
	}
	return text, nil
}
