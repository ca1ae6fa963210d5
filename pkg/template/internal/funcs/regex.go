package funcs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// The functions of regular expressions have the semantics of Sprig's must forms:
// a pattern that is none is an error.

// compiled returns what match returns for the regular expression.
func compiled[T any](pattern string, match func(*regexp.Regexp) T) (result T, err error) {
	r, err := regexp.Compile(pattern)
	if err != nil {
		return result, err
	}
	return match(r), nil
}

func regexFind(pattern, s string) (string, error) {
	return compiled(pattern, func(r *regexp.Regexp) string { return r.FindString(s) })
}

func regexFindAll(pattern, s string, n int) ([]string, error) {
	return compiled(pattern, func(r *regexp.Regexp) []string { return r.FindAllString(s, n) })
}

func regexSplit(pattern, s string, n int) ([]string, error) {
	return compiled(pattern, func(r *regexp.Regexp) []string { return r.Split(s, n) })
}

func regexReplaceAll(pattern, s, replacement string) (string, error) {
	r, err := regexp.Compile(pattern)
	if err != nil {
		return "", err
	}
	if err := checkGroups(r, replacement); err != nil {
		return "", err
	}
	if err := fits(len(s)+1, len(replacement)); err != nil {
		return "", err
	}
	return r.ReplaceAllString(s, replacement), nil
}

func regexReplaceAllLiteral(pattern, s, replacement string) (string, error) {
	r, err := regexp.Compile(pattern)
	if err != nil {
		return "", err
	}
	if err := fits(len(s)+1, len(replacement)); err != nil {
		return "", err
	}
	return r.ReplaceAllLiteralString(s, replacement), nil
}

// checkGroups refuses a reference to a group that the pattern does not have, for
// which nothing would be put in: $1x means a group of the name 1x.
func checkGroups(r *regexp.Regexp, replacement string) error {
	for rest := replacement; ; {
		_, after, found := strings.Cut(rest, "$")
		if !found {
			return nil
		}
		if strings.HasPrefix(after, "$") {
			rest = after[1:]
			continue
		}
		name, ok := groupName(after)
		rest = after
		if !ok || hasGroup(r, name) {
			continue
		}
		return &Failure{Text: fmt.Sprintf("its replacement refers to a group %q that the pattern does not have; ${1}x is group 1 and an x, $$ a dollar", name),
			Safe: "its replacement refers to a group that the pattern does not have; ${1}x is group 1 and an x, $$ a dollar"}
	}
}

// groupName reads what follows a $: a name, or one in braces.
func groupName(s string) (string, bool) {
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		name, _, closed := strings.Cut(inner, "}")
		return name, closed && name != "" && !strings.ContainsFunc(name, notWord)
	}
	end := strings.IndexFunc(s, notWord)
	if end < 0 {
		end = len(s)
	}
	return s[:end], end > 0
}

func notWord(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func hasGroup(r *regexp.Regexp, name string) bool {
	if n, err := strconv.Atoi(name); err == nil {
		return n <= r.NumSubexp()
	}
	return r.SubexpIndex(name) >= 0
}
