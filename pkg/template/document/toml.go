package document

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// TOML reads a TOML document. Whole numbers have 64 bits by definition; decimals
// keep their digits.
func TOML(text string) (map[string]any, error) {
	if strings.TrimSpace(text) == "" {
		return nil, &Error{Format: "TOML", empty: true, Msg: "the input is empty"}
	}
	if _, err := decodeTOML(text); err != nil {
		return nil, err
	}
	// go-toml has no way to keep a float's text. Its parser knows where each
	// stands, so each is put in as a marked string, and that is decoded.
	marked, floats, err := markFloats(text)
	if err != nil {
		return nil, err
	}
	v, err := decodeTOML(marked)
	if err != nil {
		return nil, err
	}
	r := &tomlReader{}
	v, _ = r.value(v).(map[string]any)
	if r.floats != floats {
		return nil, &Error{Format: "TOML", Msg: "a string begins with a zero byte"}
	}
	return v, nil
}

func decodeTOML(text string) (v map[string]any, _ error) {
	err := toml.Unmarshal([]byte(text), &v)
	if err == nil {
		return v, nil
	}
	e := &Error{Format: "TOML", Msg: "the text is not TOML", Detail: strings.TrimPrefix(err.Error(), "toml: ")}
	if d, ok := errors.AsType[*toml.DecodeError](err); ok {
		e.Line, e.Col = d.Position()
	}
	return nil, e
}

// mark begins a string that is a float.
const mark = "\x00number:"

func markFloats(text string) (marked string, floats int, err error) {
	var b strings.Builder
	last := 0
	p := unstable.Parser{}
	p.Reset([]byte(text))
	var walk func(n *unstable.Node)
	walk = func(n *unstable.Node) {
		if n.Kind == unstable.Float {
			r := p.Range(n.Data)
			b.WriteString(text[last:r.Offset])
			b.WriteString(`"\u0000` + mark[1:] + string(n.Data) + `"`)
			last = int(r.Offset + r.Length)
			floats++
		}
		for it := n.Children(); it.Next(); {
			walk(it.Node())
		}
	}
	for p.NextExpression() {
		walk(p.Expression())
	}
	if err := p.Error(); err != nil {
		return "", 0, &Error{Format: "TOML", Msg: "the text is not TOML", Detail: err.Error()}
	}
	b.WriteString(text[last:])
	return b.String(), floats, nil
}

type tomlReader struct{ floats int }

func (r *tomlReader) value(v any) any {
	switch v := v.(type) {
	case int64:
		return number(strconv.FormatInt(v, 10))
	case string:
		if text, ok := strings.CutPrefix(v, mark); ok {
			r.floats++
			return tomlFloat(text)
		}
	case map[string]any:
		for k, e := range v {
			v[k] = r.value(e)
		}
	case []any:
		for i, e := range v {
			v[i] = r.value(e)
		}
	}
	return v
}

func tomlFloat(s string) any {
	s = strings.ReplaceAll(strings.TrimPrefix(s, "+"), "_", "")
	switch s {
	case "inf":
		return math.Inf(1)
	case "-inf":
		return math.Inf(-1)
	case "nan", "-nan":
		return math.NaN()
	}
	return number(jsonDecimal(s))
}
