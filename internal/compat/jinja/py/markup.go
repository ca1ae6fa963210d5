package py

import "strings"

// Markup is a string that is already escaped.
type Markup string

// like gives the result of a text method the type of v.
func like(v Value) func(string, error) (Value, error) {
	return func(s string, err error) (Value, error) {
		if err != nil {
			return nil, err
		}
		if _, ok := v.(Markup); ok {
			return Markup(s), nil
		}
		return s, nil
	}
}

// Like gives s the type of v, which is a string or Markup.
func Like(v Value, s string) Value {
	out, _ := like(v)(s, nil)
	return out
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;")

// Escape escapes text for HTML, unless it is Markup.
func Escape(v Value) Markup {
	if m, ok := v.(Markup); ok {
		return m
	}
	s, _ := Str(v)
	return Markup(escaper.Replace(s))
}
