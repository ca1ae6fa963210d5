package config

import (
	_ "embed"
	"strings"
	"sync"
)

// Key describes a key of the config. The help, docs/config-keys.md and the JSON Schema
// are generated from the same list. A test compares it with the keys that Load accepts.
type Key struct {
	Section  Section
	Name     string
	Kind     Kind
	Does     string
	Default  string // in words; empty: none
	Example  string // a YAML value
	Required bool
	// Same is the key for which this one is another name.
	Same string
}

// Section is a mapping of the config that has keys of its own.
type Section string

// The sections, as paths: [] is a list, NAME a key that the user chooses.
const (
	SectionTop     Section = ""
	SectionSource  Section = "sources.NAME"
	SectionJob     Section = "jobs[]"
	SectionFile    Section = "jobs[].files[]"
	SectionKeypair Section = "jobs[].keypairs[]"
	SectionTests   Section = "tests" // the top of a test file
	SectionCase    Section = "tests.cases[]"
)

// Kind is the form of a value.
type Kind string

// The kinds of values.
const (
	KindText     Kind = "text"
	KindDuration Kind = "duration"
	KindBool     Kind = "true or false"
	KindList     Kind = "list of texts"
	KindUser     Kind = "name or number"
	KindUsers    Kind = "list of names or numbers"
	KindMode     Kind = "octal mode"
	KindCommand  Kind = "command: a text for the shell, or a list of arguments"
	KindContext  Kind = "context: a map of texts, or the name of an entry in contexts"
	KindTexts    Kind = "map of texts"
	KindValues   Kind = "map of any values"
	KindDelims   Kind = "list of two texts"
	KindTime     Kind = "time"
	KindPercent  Kind = "percentage from 1% to 100%"
	KindAny      Kind = "any value"
	KindEntries  Kind = "list of texts and whole numbers, map of any values, or pattern of names"
	KindSections Kind = "map of sections"
	KindSection  Kind = "list of sections"
)

// Path returns the key with its section, such as jobs[].files[].mode.
func (k Key) Path() string { return join(string(k.Section), k.Name) }

// descriptions has all keys in the order of the manual: those of the top, then each section
// under its path. An entry is a line "NAME: KIND" and an indented line with what the key
// does. Lines with default, example, same and required may follow.
//
//go:embed keys.txt
var descriptions string

// Keys returns all keys, in the order of the manual.
var Keys = sync.OnceValue(func() []Key {
	all := make([]Key, 0, 128)
	section := SectionTop
	for entry := range strings.SplitSeq(strings.TrimSpace(descriptions), "\n\n") {
		if title, isTitle := strings.CutPrefix(entry, "# "); isTitle {
			section = Section(title)
			continue
		}
		lines := strings.Split(entry, "\n\t")
		name, kind, _ := strings.Cut(lines[0], ": ")
		k := Key{Section: section, Name: name, Kind: Kind(kind), Does: lines[1]}
		for _, line := range lines[2:] {
			switch what, value, _ := strings.Cut(line, ": "); what {
			case "default":
				k.Default = value
			case "example":
				k.Example = value
			case "same":
				k.Same = value
			case "required":
				k.Required = true
			default: // an example of several lines
				k.Example += "\n" + line
			}
		}
		all = append(all, k)
	}
	return all
})
