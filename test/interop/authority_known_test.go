//go:build interop

package interop

import "testing"

// known are differences from the authority that are known, by a name, with the
// reason for each. It is not safe for concurrent use.
type known struct {
	reasons map[string]string
	met     map[string]bool
	count   int
}

func newKnown(reasons map[string]string) *known {
	return &known{reasons: reasons, met: map[string]bool{}}
}

// expected reports whether a difference is known, and counts it.
func (k *known) expected(name string) bool {
	if _, ok := k.reasons[name]; !ok {
		return false
	}
	k.met[name] = true
	k.count++
	return true
}

// check fails the test for differences that are no more, so that the list is
// never longer than the truth.
func (k *known) check(t *testing.T) {
	t.Helper()
	for name, reason := range k.reasons {
		if !k.met[name] {
			t.Errorf("%s: differs no longer (%s): take it from the list of known differences", name, reason)
		}
	}
}
