package config

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/template/document"
)

// text reads a string. It does not convert numbers and dates, because values such as 0123
// and 1e3 would change.
func (d *decoder) text(n *yaml.Node, key string) (string, bool) {
	n = follow(n)
	if !isString(n) {
		d.wrong(n, key, "a string")
		return "", false
	}
	return n.Value, true
}

// word reads a string that is not empty and contains no NUL.
func (d *decoder) word(n *yaml.Node, key string) (string, bool) {
	s, ok := d.text(n, key)
	switch {
	case !ok:
	case strings.TrimSpace(s) == "":
		d.fail(n, key, "", "must not be empty")
	case strings.ContainsRune(s, 0):
		d.fail(n, key, "", "contains a zero byte")
	default:
		return s, true
	}
	return "", false
}

func (d *decoder) words(n *yaml.Node, key string) (list []string) {
	d.list(n, key, func(key string, n *yaml.Node) {
		if s, ok := d.word(n, key); ok {
			list = append(list, s)
		}
	})
	return list
}

// name reads a user or a group, by name or by number.
func (d *decoder) name(n *yaml.Node, key string) (string, bool) {
	if n = follow(n); n.Kind == yaml.ScalarNode && n.ShortTag() == "!!int" {
		if _, err := strconv.ParseUint(n.Value, 10, 31); err != nil {
			d.fail(n, key, "", "is not an ID")
			return "", false
		}
		if len(n.Value) > 1 && n.Value[0] == '0' { // octal in YAML 1.1, decimal in YAML 1.2
			d.fail(n, key, "", "is an ID with a leading zero, which some programs read as octal: write it without one")
			return "", false
		}
		return n.Value, true
	}
	return d.word(n, key)
}

func (d *decoder) boolean(n *yaml.Node, key string) bool {
	n = follow(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		d.wrong(n, key, "true or false")
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

// duration reads a duration of 0 or more. After an error it returns 0.
func (d *decoder) duration(n *yaml.Node, key string) time.Duration {
	n = follow(n)
	if !isString(n) {
		d.fail(n, key, "write 30s or 2m", "expected a duration, got %s", kind(n))
		return 0
	}
	v, err := parseDuration(n.Value)
	d.check(n, key, err)
	return v
}

// command reads a string for a shell or a list of arguments.
func (d *decoder) command(n *yaml.Node, key string) job.Command {
	n = follow(n)
	switch {
	case n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		d.fail(n, key, "", "must not be empty")
	case n.Kind == yaml.SequenceNode:
		return job.Command{Args: d.arguments(n, key)}
	case isString(n):
		s, _ := d.word(n, key)
		return job.Command{Shell: s}
	default:
		d.wrong(n, key, "a string or a list of strings")
	}
	return job.Command{}
}

// arguments reads the arguments of a command. All but the first may be empty.
func (d *decoder) arguments(n *yaml.Node, key string) (args []string) {
	d.list(n, key, func(key string, n *yaml.Node) {
		read := d.word
		if len(args) > 0 {
			read = d.argument
		}
		s, _ := read(n, key)
		args = append(args, s)
	})
	return args
}

func (d *decoder) argument(n *yaml.Node, key string) (string, bool) {
	s, ok := d.text(n, key)
	if ok && strings.ContainsRune(s, 0) {
		d.fail(n, key, "", "contains a zero byte")
		return "", false
	}
	return s, ok
}

// mode reads permission bits: "0640", or 0640 and 0o640 without quotes. In YAML, 640 is a
// decimal number (01200 in octal), so it is refused. Bits beyond 0777 (setuid, setgid,
// sticky) are refused too: a file of secrets has no use for them.
func (d *decoder) mode(n *yaml.Node, key string) *fs.FileMode {
	n = follow(n)
	tag := n.ShortTag()
	if n.Kind != yaml.ScalarNode || tag != "!!str" && tag != "!!int" && tag != "!!float" {
		d.fail(n, key, `write "0640"`, "expected octal digits, got %s", kind(n))
		return nil
	}
	mode, err := ParseMode(n.Value)
	switch {
	case tag != "!!str" && modeForm().MatchString(n.Value) && n.Value[0] != '0':
		d.fail(n, key, `write "0`+n.Value+`"`, "%s without a leading 0 is a decimal number", n.Value)
	case err != nil:
		d.fail(n, key, `write "0640"`, "%v", err)
	default:
		return &mode
	}
	return nil
}

// modeForm matches an octal mode: prefix, special bits, and the nine permission bits.
var modeForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(0o|0)?([0-7]?)([0-7]{3})$`) })

// ParseMode reads a file mode in octal, as "0640", "640" or "0o640". Setuid,
// setgid and sticky bits are refused.
func ParseMode(s string) (fs.FileMode, error) {
	m := modeForm().FindStringSubmatch(s)
	switch {
	case m == nil || m[1] == "" && m[3][0] == '0' && m[2] == "": // "064" lacks a digit
		return 0, fmt.Errorf("%q is not a mode: expected three octal digits", s)
	case m[2] != "" && m[2] != "0":
		return 0, fmt.Errorf("the setuid, setgid and sticky bits of %q are not supported", s)
	}
	bits, err := strconv.ParseUint(m[3], 8, 32)
	return fs.FileMode(bits), err
}

// texts reads a mapping of strings.
func (d *decoder) texts(n *yaml.Node, key string) map[string]string {
	m := map[string]string{}
	for _, p := range d.pairs(n, key) {
		if s, ok := d.text(p.value, join(key, p.name)); ok {
			m[p.name] = s
		}
	}
	return m
}

// values reads a mapping with values of any kind.
func (d *decoder) values(n *yaml.Node, key string) map[string]any {
	m := map[string]any{}
	for _, p := range d.pairs(n, key) {
		m[p.name] = d.value(p.value, join(key, p.name))
	}
	return m
}

// value reads any value. Numbers keep their digits. Dates stay as written, because a
// template has no use for 2026-01-02 00:00:00 +0000 UTC.
func (d *decoder) value(n *yaml.Node, key string) any {
	n = follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		return d.values(n, key)
	case yaml.SequenceNode:
		list := []any{}
		d.list(n, key, func(key string, n *yaml.Node) { list = append(list, d.value(n, key)) })
		return list
	}
	if !strings.HasPrefix(n.ShortTag(), "!!") {
		d.wrong(n, key, "a string, number, list or mapping")
		return nil
	}
	v, err := document.YAMLScalar(n)
	if e, ok := errors.AsType[*document.Error](err); ok {
		d.fail(n, key, "", "%s", e.Msg)
	}
	return v
}
