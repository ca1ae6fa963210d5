package main

import (
	"strings"
	"testing"
)

// A line that begins with a dot or a quote is text, not a request of roff.
func TestManTextThatBeginsLikeARequest(t *testing.T) {
	var b strings.Builder
	manText(&b, "DESCRIPTION", "Names such as\n... and\n'x' are text.")
	for _, want := range []string{"\n\\&... and\n", "\n\\(aqx\\(aq are text."} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got %q, without %q", b.String(), want)
		}
	}
}
