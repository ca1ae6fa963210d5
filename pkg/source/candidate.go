package source

import (
	"bytes"
	"strings"
)

// A rotation keeps its candidate, the value that is to replace another, under a name of
// its own until it has proven itself. The stored value says that it is a candidate, and
// of which version, so that no pattern hands it to a reader, whatever the source knows
// about a value besides.

const (
	candidateSuffix = ".next"
	candidateHead   = "credrender candidate after version "
)

// CandidateName returns the name under which the candidate of a secret is kept.
func CandidateName(name string) string { return name + candidateSuffix }

// MarkCandidate returns what is stored for a candidate that is to follow a version.
func MarkCandidate(value Secret, after string) Secret {
	return NewSecret(append([]byte(candidateHead+after+"\n"), value.Reveal()...))
}

// ParseCandidate returns the candidate and the version that it is to follow, and whether
// stored is one.
func ParseCandidate(stored Secret) (value Secret, after string, ok bool) {
	rest, ok := bytes.CutPrefix(stored.Reveal(), []byte(candidateHead))
	if !ok {
		return Secret{}, "", false
	}
	version, plain, ok := bytes.Cut(rest, []byte("\n"))
	if !ok {
		return Secret{}, "", false
	}
	return NewSecret(plain), string(version), true
}

// DropCandidates removes the candidates from the values of a pattern, and returns them.
func DropCandidates(values map[string]Result) map[string]Result {
	for name, r := range values {
		if _, _, ok := ParseCandidate(r.Secret); ok && strings.HasSuffix(name, candidateSuffix) {
			delete(values, name)
		}
	}
	return values
}
