package credsmash

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// credsmash's defaults.
const (
	defaultConfig = "/etc/credsmash.cfg"
	defaultTable  = "secret-store"
	defaultKey    = "alias/credsmash"
)

// settings are the settings of the command line and the config file.
type settings struct {
	where     Where
	context   source.Context
	algorithm string
	options   section // of the algorithm
	logLevel  int
}

// loadSettings reads the config file, if there is one. As in credsmash, -k and -t override
// all its settings of key and table.
func (s *session) loadSettings(global *call) error {
	path := global.text("--config", "")
	if path == "" {
		path, _ = s.LookupEnv("CREDSMASH_CONFIG")
	}
	named := path != ""
	path = cmp.Or(path, defaultConfig)
	data, err := s.ReadFile(path)
	// credsmash ignores a missing file of --config, and so uses another table and key.
	if err != nil && (named || !errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("read the config: %w", err)
	}
	sections, err := parseINI(string(data))
	if err == nil {
		err = s.apply(global, sections)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (s *session) apply(global *call, sections map[string]section) error {
	main := sections["credsmash"]
	level, ok := map[string]int{
		"": levelInfo, "NOTSET": 0, "DEBUG": 10, "INFO": levelInfo, "WARNING": levelWarning, "WARN": levelWarning,
		"ERROR": 40, "CRITICAL": 50, "FATAL": 50,
	}[main.text("log_level")]
	if !ok {
		return fmt.Errorf("log_level: unknown level %s", source.Show(main.text("log_level")))
	}
	s.logLevel = level
	if err := s.applyKey(global, sections); err != nil {
		return err
	}
	if err := s.applyTable(global, sections); err != nil {
		return err
	}
	s.algorithm = cmp.Or(main.text("algorithm"), "aes-ctr")
	s.options = sections["credsmash:"+s.algorithm]
	return nil
}

func (s *session) applyKey(global *call, sections map[string]section) error {
	pairs, context := global.options["--context"], map[string]string{}
	if s.where.Key = global.text("--key-id", ""); s.where.Key != "" {
		for i := 0; i+1 < len(pairs); i += 2 {
			context[pairs[i]] = pairs[i+1]
		}
	} else {
		if len(pairs) > 0 {
			s.log(levelWarning, "cli", "--context can only be used in conjunction with --key-id; it is not used")
		}
		kms, err := service(sections, "key_service", "kms", "key_id", "encryption_context")
		if err != nil {
			return err
		}
		s.where.Key = cmp.Or(kms.text("key_id"), sections["credsmash"].text("key_id"), defaultKey)
		if v, ok := kms["encryption_context"]; ok {
			if v.nested == nil && v.text != "" {
				return errors.New("encryption_context: write each pair on its own indented line, as key = value")
			}
			maps.Copy(context, v.nested)
		}
	}
	var err error
	if s.context, err = source.NewContext(context); err != nil {
		return fmt.Errorf("encryption context: %w", err)
	}
	return nil
}

func (s *session) applyTable(global *call, sections map[string]section) error {
	if s.where.Table = global.text("--table-name", ""); s.where.Table != "" {
		return nil
	}
	table, err := service(sections, "storage_service", "dynamodb", "table_name")
	s.where.Table = cmp.Or(table.text("table_name"), sections["credsmash"].text("table_name"), defaultTable)
	return err
}

// service returns the section of the built-in service. credsmash loads others as Python
// packages.
func service(sections map[string]section, kind, builtin string, known ...string) (section, error) {
	if name := sections["credsmash"].text(kind); name != "" && name != builtin {
		return nil, fmt.Errorf("%s %s is a Python package, and only %s is built in here", kind, source.Show(name), builtin)
	}
	title := "credsmash:" + kind + ":" + builtin
	for _, key := range slices.Sorted(maps.Keys(sections[title])) {
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("[%s] %s: only %s is known there", title, source.Show(key), strings.Join(known, " and "))
		}
	}
	return sections[title], nil
}

// length returns an option of the algorithm, a length in bytes.
func (s *session) length(key string) (int, error) {
	text := s.options.text(key)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 || n > 1024 {
		return 0, fmt.Errorf("[credsmash:%s] %s: %s is not a length in bytes", s.algorithm, key, source.Show(text))
	}
	return n, nil
}

// value is the value of an option in the config: text, or indented pairs.
type value struct {
	text   string
	nested map[string]string
}

// section is a section of the config; its keys are in lower case.
type section map[string]value

func (s section) text(key string) string { return s[key].text }

// parseINI parses a config like Python's RawConfigParser: keys become lower case, more
// indented lines continue a value, "#" and ";" begin comment lines, [DEFAULT] applies to
// all sections, and duplicates are errors. In credsmash, a value that begins on the next
// line is a list of pairs.
func parseINI(text string) (map[string]section, error) {
	p := &iniParser{raw: map[string]map[string][]string{}}
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	sections := map[string]section{}
	for title, options := range p.raw {
		if title == "DEFAULT" {
			continue
		}
		sections[title] = section{}
		for _, from := range []map[string][]string{p.raw["DEFAULT"], options} {
			for key, lines := range from {
				v, err := valueOf(strings.TrimRight(strings.Join(lines, "\n"), " \t\n"))
				if err != nil {
					return nil, fmt.Errorf("[%s] %s: %w", title, key, err)
				}
				sections[title][key] = v
			}
		}
	}
	return sections, nil
}

type iniParser struct {
	raw    map[string]map[string][]string
	title  string
	key    string
	indent int
}

func (p *iniParser) line(line string) error {
	trimmed := strings.TrimSpace(line)
	options := p.raw[p.title]
	if trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' {
		if trimmed == "" && p.key != "" {
			options[p.key] = append(options[p.key], "")
		}
		return nil
	}
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	if p.key != "" && indent > p.indent {
		options[p.key] = append(options[p.key], trimmed)
		return nil
	}
	p.indent = indent
	if closing := strings.LastIndexByte(trimmed, ']'); trimmed[0] == '[' && closing > 0 {
		p.title, p.key = trimmed[1:closing], ""
		if _, twice := p.raw[p.title]; twice && p.title != "DEFAULT" {
			return fmt.Errorf("duplicate section [%s]", p.title)
		}
		p.raw[p.title] = map[string][]string{}
		return nil
	}
	at := strings.IndexAny(trimmed, "=:")
	switch {
	case p.title == "":
		return fmt.Errorf("no section is open")
	case at <= 0:
		return fmt.Errorf("neither a section, nor key = value")
	}
	p.key = strings.ToLower(strings.TrimSpace(trimmed[:at]))
	if _, twice := options[p.key]; twice {
		return fmt.Errorf("duplicate key %s in [%s]", p.key, p.title)
	}
	options[p.key] = []string{strings.TrimSpace(trimmed[at+1:])}
	return nil
}

// valueOf returns a value, as pairs if it begins with a line break.
func valueOf(text string) (value, error) {
	if !strings.HasPrefix(text, "\n") {
		return value{text: text}, nil
	}
	v := value{nested: map[string]string{}}
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, val, ok := strings.Cut(line, "=")
		if !ok {
			return v, fmt.Errorf("an indented line is to be key = value")
		}
		v.nested[strings.TrimSpace(key)] = strings.TrimSpace(val)
	}
	return v, nil
}
