package credstash

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

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
