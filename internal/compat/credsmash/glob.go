package credsmash

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// glob returns the match function of Python's fnmatch: * ? [seq] [!seq].
func glob(pattern string) (func(name string) bool, error) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		case '[':
			closing := strings.IndexByte(pattern[min(i+2, len(pattern)):], ']')
			if closing < 0 {
				b.WriteString(`\[`)
				continue
			}
			closing += i + 2
			set := strings.ReplaceAll(pattern[i+1:closing], `\`, `\\`)
			set = strings.ReplaceAll(set, "[", `\[`)
			switch {
			case strings.HasPrefix(set, "!"):
				set = "^" + set[1:]
			case strings.HasPrefix(set, "^"):
				set = `\` + set
			}
			b.WriteString("[" + set + "]")
			i = closing
		default:
			if c < utf8.RuneSelf {
				b.WriteString(regexp.QuoteMeta(string(rune(c))))
				continue
			}
			b.WriteByte(c) // the bytes of a rune stay in order
		}
	}
	re, err := regexp.Compile(`(?s)\A(?:` + b.String() + `)\z`)
	if err != nil {
		return nil, err
	}
	return re.MatchString, nil
}
