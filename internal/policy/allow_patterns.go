package policy

import (
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// Within narrows a computed name to what a job may ask for: its patterns, in
// which * stands for any characters. Without patterns, or with a name that is
// known, it is the need alone.
func (n Need) Within(allow []string) []Need {
	if !n.Prefix || len(allow) == 0 {
		return []Need{n}
	}
	var narrowed []Need
	for _, pattern := range allow {
		pattern, ok := strings.CutPrefix(pattern, n.allowPrefix())
		if !ok {
			continue
		}
		begins, _, wild := strings.Cut(pattern, "*")
		one := n
		switch {
		case !wild && strings.HasPrefix(pattern, n.Ref.Name):
			one.Ref.Name, one.Prefix = pattern, false
		case wild && strings.HasPrefix(begins, n.Ref.Name):
			one.Ref.Name = begins
		case !wild || !strings.HasPrefix(n.Ref.Name, begins):
			continue
		}
		narrowed = append(narrowed, one)
	}
	return narrowed
}

// allowPrefix is what a pattern begins with that allows names of the source.
func (n Need) allowPrefix() string {
	switch n.Ref.Source {
	case "":
		return ""
	case source.S3, source.S3Object:
		return "s3://"
	}
	return n.Ref.Source + ":"
}
