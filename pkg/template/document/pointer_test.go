package document_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/template/document"
)

// The examples of RFC 6901, section 5.
func TestPointerKeys(t *testing.T) {
	for pointer, want := range map[string][]string{
		"": nil, "/": {""}, "/foo/0": {"foo", "0"}, "/a~1b": {"a/b"}, "/m~0n": {"m~n"}, "/~01": {"~1"}, "/ ": {" "},
	} {
		if diff := cmp.Diff(want, document.PointerKeys(pointer)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", pointer, diff)
		}
	}
}
