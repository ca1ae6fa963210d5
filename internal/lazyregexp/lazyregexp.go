// Package lazyregexp compiles regular expressions when they are first used.
// Most runs of a command need few of those that its packages declare, and
// compiling all of them takes a millisecond at each start.
package lazyregexp

import (
	"regexp"
	"sync"
)

// Regexp is like *regexp.Regexp. Its methods are those of package regexp.
type Regexp struct{ compiled func() *regexp.Regexp }

// New returns an expression, which has to be valid: it panics at its first use
// where it is not.
func New(expr string) Regexp {
	return Regexp{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

// Get returns the compiled expression.
func (r Regexp) Get() *regexp.Regexp { return r.compiled() }

// FindAllString is [regexp.Regexp.FindAllString].
func (r Regexp) FindAllString(s string, n int) []string { return r.compiled().FindAllString(s, n) }

// FindAllStringIndex is [regexp.Regexp.FindAllStringIndex].
func (r Regexp) FindAllStringIndex(s string, n int) [][]int {
	return r.compiled().FindAllStringIndex(s, n)
}

// FindString is [regexp.Regexp.FindString].
func (r Regexp) FindString(s string) string { return r.compiled().FindString(s) }

// FindStringIndex is [regexp.Regexp.FindStringIndex].
func (r Regexp) FindStringIndex(s string) []int { return r.compiled().FindStringIndex(s) }

// FindStringSubmatch is [regexp.Regexp.FindStringSubmatch].
func (r Regexp) FindStringSubmatch(s string) []string { return r.compiled().FindStringSubmatch(s) }

// FindStringSubmatchIndex is [regexp.Regexp.FindStringSubmatchIndex].
func (r Regexp) FindStringSubmatchIndex(s string) []int {
	return r.compiled().FindStringSubmatchIndex(s)
}

// MatchString is [regexp.Regexp.MatchString].
func (r Regexp) MatchString(s string) bool { return r.compiled().MatchString(s) }

// ReplaceAllString is [regexp.Regexp.ReplaceAllString].
func (r Regexp) ReplaceAllString(src, repl string) string {
	return r.compiled().ReplaceAllString(src, repl)
}

// ReplaceAllStringFunc is [regexp.Regexp.ReplaceAllStringFunc].
func (r Regexp) ReplaceAllStringFunc(src string, repl func(string) string) string {
	return r.compiled().ReplaceAllStringFunc(src, repl)
}
