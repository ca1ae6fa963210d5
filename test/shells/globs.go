// Package shells checks command lines of help and documentation for what shells would
// change in them.
package shells

// Globs returns the first character that a shell would expand to file names outside quotes,
// or "". zsh refuses a command line in which such a pattern matches nothing, where bash
// passes it on.
func Globs(line string) string {
	var quote rune
	before := ' '
	escaped := false
	for _, c := range line {
		switch {
		case escaped:
			escaped = false
		case c == '\\' && quote != '\'':
			escaped = true
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '#' && before == ' ': // a comment
			return ""
		case c == '*' || c == '?' || c == '[':
			return string(c)
		case c == '=' && before == ' ': // zsh: =COMMAND is its path
			return string(c)
		case c == '#' || c == '^': // patterns with EXTENDED_GLOB
			return string(c)
		}
		before = c
	}
	return ""
}
