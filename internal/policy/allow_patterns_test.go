package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/pkg/source"
)

func TestWithin(t *testing.T) {
	tests := []struct {
		name  string
		ref   source.Ref
		allow []string
		want  []string // with * behind what is still a prefix
	}{
		{"no limits", source.Ref{Name: "web."}, nil, []string{"web.*"}},
		{"wider", source.Ref{Name: "web."}, []string{"w*"}, []string{"web.*"}},
		{"narrower", source.Ref{Name: ""}, []string{"web.*", "app.a", "x*y"}, []string{"web.*", "app.a", "x*"}},
		{"others", source.Ref{Name: "web."}, []string{"app.*", "web", "web.a"}, []string{"web.a"}},
		{"another source", source.Ref{Source: "ssm", Name: "/a"}, []string{"*", "ssm:/a/*"}, []string{"/a/*"}},
		{"objects", source.Ref{Source: "s3", Name: "b/"}, []string{"s3:b/no", "s3://b/x/*"}, []string{"b/x/*"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, n := range (policy.Need{Ref: tt.ref, Prefix: true}).Within(tt.allow) {
				name := n.Ref.Name
				if n.Prefix {
					name += "*"
				}
				got = append(got, name)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	known := policy.Need{Ref: source.Ref{Name: "a"}}
	if got := known.Within([]string{"b"}); len(got) != 1 || got[0] != known {
		t.Errorf("a known name is narrowed: %v", got)
	}
}
