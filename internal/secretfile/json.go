package secretfile

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/document"
)

func parseJSON(data []byte) ([]Entry, error) { return parseJSONObject(data, (*jsonReader).object) }

// parseJSONObject reads by tokens: a map would forget a duplicate name. object reads
// the rest of a value that is an object.
func parseJSONObject(data []byte, object func(r *jsonReader, name string) ([]byte, error)) ([]Entry, error) {
	if !utf8.Valid(data) { // the decoder replaces what is no UTF-8
		return nil, &SyntaxError{Msg: "not UTF-8"}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // as Windows editors write it; YAML's parser does so too
	r := &jsonReader{json.NewDecoder(bytes.NewReader(data)), data, object}
	r.dec.UseNumber()
	if t, err := r.dec.Token(); err != nil || t != json.Delim('{') {
		return nil, r.fault("not a JSON object")
	}
	var entries []Entry
	for r.dec.More() {
		name, err := r.dec.Token()
		if err != nil {
			return nil, r.fault("not valid JSON")
		}
		text, _ := name.(string) // a name is nothing else
		at := r.line()
		value, err := r.value(text)
		if err != nil {
			return nil, err
		}
		entries = append(entries, Entry{text, source.NewSecret(value), at})
	}
	if _, err := r.dec.Token(); err != nil {
		return nil, r.fault("not valid JSON")
	}
	switch _, err := r.dec.Token(); {
	case err == nil:
		return nil, r.fault("unexpected text after the object")
	case !errors.Is(err, io.EOF):
		return nil, r.fault("not valid JSON")
	}
	if i := document.LoneSurrogate(string(data)); i >= 0 { // the decoder replaces that too
		return nil, &SyntaxError{1 + bytes.Count(data[:i], []byte("\n")), `half a surrogate pair (\ud800 to \udfff), which is not a character`}
	}
	return entries, nil
}

type jsonReader struct {
	dec        *json.Decoder
	data       []byte
	readObject func(r *jsonReader, name string) ([]byte, error)
}

func (r *jsonReader) line() int {
	read := r.data[:min(int(r.dec.InputOffset()), len(r.data))]
	return 1 + bytes.Count(read, []byte("\n"))
}

func (r *jsonReader) fault(msg string) error { return &SyntaxError{r.line(), msg} }

func (r *jsonReader) value(name string) ([]byte, error) {
	t, err := r.dec.Token()
	if err != nil {
		return nil, r.fault("not valid JSON")
	}
	switch v := t.(type) {
	case string:
		return []byte(v), nil
	case json.Number:
		return []byte(v), nil
	case bool:
		if v {
			return []byte("true"), nil
		}
		return []byte("false"), nil
	case json.Delim:
		if v == '{' {
			return r.readObject(r, name)
		}
		return nil, r.fault(notValue(name, "a list"))
	}
	return nil, r.fault(notValue(name, "null"))
}

func (r *jsonReader) object(name string) ([]byte, error) {
	at := r.line()
	var tokens [3]json.Token
	for i := range tokens {
		var err error
		if tokens[i], err = r.dec.Token(); err != nil {
			return nil, r.fault("not valid JSON")
		}
		if tokens[i] == json.Delim('}') {
			break
		}
	}
	text, ok := tokens[1].(string)
	if tokens[0] != base64Key || !ok || tokens[2] != json.Delim('}') {
		return nil, &SyntaxError{at, notValue(name, "an object")}
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, r.fault(source.Show(name) + ": not base64")
	}
	return b, nil
}

func writeJSON(entries []Entry) ([]byte, error) {
	if err := checkNames(entries); err != nil {
		return nil, err
	}
	values := map[string]any{}
	for _, e := range entries {
		values[e.Name] = textOr64(e.Value.Reveal())
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(values)
	return b.Bytes(), err
}

func textOr64(value []byte) any {
	if utf8.Valid(value) {
		return string(value)
	}
	return map[string]string{base64Key: base64.StdEncoding.EncodeToString(value)}
}

// checkNames joins the errors of all names that do not fit.
func checkNames(entries []Entry) error {
	errs := make([]error, len(entries))
	for i, e := range entries {
		errs[i] = checkName(e)
	}
	return errors.Join(errs...)
}

func checkName(e Entry) error {
	if !utf8.ValidString(e.Name) {
		return unfit(e, "the name is not UTF-8")
	}
	return nil
}
