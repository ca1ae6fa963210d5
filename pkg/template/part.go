package template

import (
	"errors"
	"strconv"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/document"
	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// A name may reach into a JSON or YAML value: db#/user/password. Only #/ counts, since a #
// is legal in names of a table and in keys of S3, and a secret that has the whole text as
// its name comes first: templates that used such a name keep their meaning. Names of
// Parameter Store and Secrets Manager cannot contain #, so nothing else is looked up
// there.

// part asks for a secret of that very name, and if there is none for the value at pointer
// in the secret base.
func (p *pass) part(q Query, base source.Ref, pointer string) (string, error) {
	holder := q
	holder.Ref = base
	if p.x == nil { // of the text alone: lint and policy
		return p.whole(holder)
	}
	p.keys[holder.Key()] = true // its name depends on nothing that that of q does not
	exact := q
	exact.Optional = true
	if q.Ref.Source != source.SSM && q.Ref.Source != source.SecretsManager && p.t.permit(exact) == nil {
		s, err := p.whole(exact)
		if !errors.Is(err, source.ErrNotFound) {
			return s, err
		}
	}
	s, err := p.whole(holder)
	if err != nil {
		return "", err
	}
	return At(s, pointer)
}

// At returns the value at a JSON pointer (RFC 6901) in a JSON or YAML document, as the name
// NAME#/pointer of a secret reaches it: text as it is, anything else as JSON. Its error
// holds no part of the document.
func At(text, pointer string) (string, error) {
	v, err := document.JSON(text)
	if err != nil {
		if v, err = document.YAML(text); err != nil {
			return "", funcs.Problem("its value is neither JSON nor YAML, and its name continues after #")
		}
	}
	if m, ok := v.(map[string]any); ok && m[pointer] != nil { // secretsManager ID "/key"
		v, pointer = m[pointer], ""
	}
	for _, key := range document.PointerKeys(pointer) {
		found := false
		switch at := v.(type) {
		case map[string]any:
			v, found = at[key]
		case []any:
			i, err := strconv.Atoi(key)
			if found = err == nil && i >= 0 && i < len(at) && strconv.Itoa(i) == key; found {
				v = at[i]
			}
		}
		if !found {
			return "", &funcs.Failure{Text: "its value has nothing at #" + pointer, Safe: "its value has nothing at the path after #"}
		}
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case nil:
		return "", funcs.Problem("its value is null at the path after #")
	}
	return funcs.RawJSON(v)
}
