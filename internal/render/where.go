package render

import (
	"fmt"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// secretsError adds to each failure where the job's files ask for it.
func secretsError(units []job.Unit, failures []*source.RefError) *SecretsError {
	e := &SecretsError{Failures: failures}
	for _, f := range failures {
		e.where = append(e.where, whereAsked(units, f.Ref))
	}
	return e
}

// whereAsked returns file:line:column of the first call that asks for ref, the
// line in the config of a file that is one secret, or "" where several calls
// compute their names and any of them may be meant.
func whereAsked(units []job.Unit, ref source.Ref) string {
	var computed []string
	for _, u := range units {
		if u.Template == nil {
			if u.Ref == ref {
				return u.File.Origin
			}
			continue
		}
		name := u.File.Src
		if name == "" {
			name = u.File.Origin
		}
		for _, call := range u.Template.Refs() {
			at := fmt.Sprintf("%s:%d:%d", name, call.Line, call.Col)
			switch {
			case call.Kind != template.Secret && call.Kind != template.Secrets:
			case call.Dynamic:
				computed = append(computed, at)
			case asksFor(call, ref):
				return at
			}
		}
	}
	if len(computed) == 1 {
		return computed[0]
	}
	return ""
}

func asksFor(call template.StaticRef, ref source.Ref) bool {
	asked := call.Query.Ref
	if call.Kind == template.Secrets && source.Match(asked.Name, ref.Name) {
		ref.Name = asked.Name
	}
	return asked == ref
}
