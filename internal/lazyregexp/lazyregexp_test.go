package lazyregexp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/lazyregexp"
)

func TestMethods(t *testing.T) {
	r := lazyregexp.New(`([a-z])([0-9])`)
	got := []any{
		r.MatchString("-"), r.FindString("-a1b2"), r.FindStringIndex("-a1b2"), r.FindStringSubmatch("-a1b2"),
		r.FindStringSubmatchIndex("-a1"), r.FindAllString("-a1b2", -1), r.FindAllStringIndex("-a1b2", -1),
		r.ReplaceAllString("-a1", "$2$1"), r.ReplaceAllStringFunc("-a1", strings.ToUpper), r.Get().String(),
	}
	want := []any{
		false, "a1", []int{1, 3}, []string{"a1", "a", "1"}, []int{1, 3, 1, 2, 2, 3},
		[]string{"a1", "b2"}, [][]int{{1, 3}, {3, 5}}, "-1a", "-A1", `([a-z])([0-9])`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An expression that is wrong is found at its first use, not before.
func TestWrong(t *testing.T) {
	r := lazyregexp.New(`(`)
	defer func() {
		if recover() == nil {
			t.Error("( was compiled")
		}
	}()
	r.MatchString("")
}
