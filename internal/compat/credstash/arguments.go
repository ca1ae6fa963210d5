package credstash

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/credrender/credrender/pkg/source"
	item "github.com/credrender/credrender/pkg/source/credstash"
)

// refuse returns a usage error of the command.
func (c *call) refuse(format string, args ...any) error {
	return &usageError{commandGrammar(c.command), fmt.Sprintf(format, args...)}
}

// pairs splits key=value words, which parse has checked. The last of equal keys wins.
func (c *call) pairs(dest string) map[string]string {
	pairs := map[string]string{}
	for _, w := range c.values[dest] {
		k, v, _ := strings.Cut(w, "=")
		pairs[k] = v
	}
	return pairs
}

func (c *call) context() (source.Context, error) { return source.NewContext(c.pairs("context")) }

// errNotText is the error for binary input, which credstash cannot read either.
var errNotText = errors.New("not text in UTF-8")

// value returns the value of an argument: the argument itself, the content of @FILE, or
// for - standard input. Line ends of text in a file become "\n", because Python reads
// files that way, but not standard input on Unix. Binary files stay unchanged.
func (s *session) value(dest, word string) (value []byte, err error) {
	switch {
	case word == "-":
		if value, err = s.ReadAll(s.Stdin); err != nil {
			return nil, s.call.refuse("argument %s: cannot read standard input: %v", dest, err)
		}
		return value, nil
	case !strings.HasPrefix(word, "@"):
		return []byte(word), nil
	}
	value, err = s.ReadFile(s.expandUser(word[1:]))
	if err != nil {
		return nil, s.call.refuse("argument %s: Unable to read file (its name is not shown, it may be the value): %v", dest, bare(err))
	}
	if !utf8.Valid(value) || !bytes.Contains(value, []byte("\r")) {
		return value, nil
	}
	s.warn("line ends of %s were made \\n, as credstash does; 'credrender put' keeps them", word)
	return []byte(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(value))), nil
}

// bare returns an error without the name of its file.
func bare(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// expandUser is Python's os.path.expanduser.
func (s *session) expandUser(path string) string {
	if !strings.HasPrefix(path, "~") {
		return path
	}
	name, rest, _ := strings.Cut(path[1:], "/")
	home := s.Home
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			return path
		}
		home = u.HomeDir
	}
	return filepath.Join(home, rest)
}

// number matches the strings that Python's int accepts.
var number = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*\+?([0-9]+(?:_[0-9]+)*)\s*$`) })

// wanted returns the version that -v selects. Like credstash, it converts a version that
// is shorter than a padded one to a number.
func wanted(version string) string {
	if m := number().FindStringSubmatch(version); m != nil && version != item.Pad(version) {
		return strings.ReplaceAll(m[1], "_", "")
	}
	return version
}

// ask reads a line without echo, like Python's getpass: from the controlling terminal,
// or without one from standard input.
func (s *session) ask(prompt string) ([]byte, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return s.askStdin(prompt)
	}
	defer func() { _ = tty.Close() }()
	_, _ = io.WriteString(tty, prompt)
	value, err := term.ReadPassword(int(tty.Fd()))
	_, _ = io.WriteString(tty, "\n")
	if err != nil {
		return nil, fmt.Errorf("read the value: %w", err)
	}
	return value, nil
}

func (s *session) askStdin(prompt string) ([]byte, error) {
	_, _ = io.WriteString(s.Stderr, prompt)
	line, err := bufio.NewReader(s.Stdin).ReadString('\n')
	if line == "" && err != nil {
		return nil, errors.New("no value: neither a terminal nor standard input has one")
	}
	return []byte(strings.TrimSuffix(line, "\n")), nil
}
