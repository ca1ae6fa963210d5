package source_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/pkg/source"
)

const canary = "canary-9b2c"

// shapes are the ways in which a Secret may be part of what somebody prints.
func shapes() map[string]any {
	s := source.NewSecret([]byte(canary))
	type inner struct{ S source.Secret }
	type hidden struct {
		s source.Secret
		p *source.Secret
		l []source.Secret
		m map[string]source.Secret
		i any
	}
	return map[string]any{
		"value":             s,
		"pointer":           &s,
		"field":             struct{ S source.Secret }{s},
		"field of pointer":  &struct{ S *source.Secret }{&s},
		"nested":            struct{ I inner }{inner{s}},
		"unexported fields": hidden{s, &s, []source.Secret{s}, map[string]source.Secret{"k": s}, s},
		"to unexported":     &hidden{s, &s, []source.Secret{s}, map[string]source.Secret{"k": s}, s},
		"slice":             []source.Secret{s},
		"array":             [1]source.Secret{s},
		"map":               map[string]source.Secret{"k": s},
		"map of any":        map[string]any{"k": s},
		"result":            source.Result{Secret: s},
		"results":           map[source.Ref]source.Result{{Name: "n"}: {Secret: s, Err: errors.New("err")}},
	}
}

// leaks reports whether text holds the value in a form that fmt or an encoder
// gives to bytes.
func leaks(text string) bool {
	forms := []string{
		canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary), fmt.Sprintf("%#x", []byte(canary)),
		"Y2FuYXJ5LTliMm", // base64
		fmt.Sprintf("%d", []byte(canary)),
		strings.ReplaceAll(fmt.Sprintf("%d", []byte(canary)), " ", ","),
		fmt.Sprintf("%o", []byte(canary)), fmt.Sprintf("%b", []byte(canary)), fmt.Sprintf("%U", []rune(canary)), fmt.Sprintf("%#v", []byte(canary))[6:],
	}
	for _, f := range forms {
		if strings.Contains(text, strings.Trim(f, "[]{}")) {
			return true
		}
	}
	return false
}

func TestSecretInEveryVerb(t *testing.T) {
	all := shapes()
	all["reflected"] = reflect.ValueOf(all["value"])
	all["its insides"] = reflect.ValueOf(all["value"]).Field(0)
	for name, v := range all {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "# ", "20", ".3", "-20.3", "[1]"} {
			for _, verb := range "vTtbcdoOqxXUeEfFgGspwz!" {
				format := "%" + flags + string(verb)
				if text := fmt.Sprintf(format, v); leaks(text) {
					t.Errorf("%s as %s: %s", name, format, text)
				}
			}
		}
		if text := fmt.Sprint(v) + fmt.Sprintln(v) + fmt.Errorf("wrap: %v", v).Error(); leaks(text) {
			t.Errorf("%s printed: %s", name, text)
		}
	}
	if got := fmt.Sprintf("%v %s %q %x %d %#v", shapes()["value"], source.Secret{}, source.Secret{}, source.Secret{}, source.Secret{}, source.Secret{}); got != strings.TrimSpace(strings.Repeat("[redacted] ", 6)) {
		t.Errorf("got %s", got)
	}
}

func TestSecretInEveryEncoder(t *testing.T) {
	encoders := map[string]func(any) (string, error){
		"json":   func(v any) (string, error) { b, err := json.Marshal(v); return string(b), err },
		"indent": func(v any) (string, error) { b, err := json.MarshalIndent(v, "", " "); return string(b), err },
		"xml":    func(v any) (string, error) { b, err := xml.Marshal(v); return string(b), err },
		"yaml":   func(v any) (string, error) { b, err := yaml.Marshal(v); return string(b), err },
		"toml":   func(v any) (string, error) { b, err := toml.Marshal(v); return string(b), err },
		"gob": func(v any) (string, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return b.String(), err
		},
		"template": func(v any) (string, error) {
			var b strings.Builder
			tmpl := template.Must(template.New("").Parse(`{{.}} {{printf "%v %s %x %q" . . . .}} {{html .}} {{js .}} {{urlquery .}}`))
			return b.String(), tmpl.Execute(&b, v)
		},
		"slog text": func(v any) (string, error) {
			return logged(func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) }, v), nil
		},
		"slog json": func(v any) (string, error) {
			return logged(func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) }, v), nil
		},
	}
	for how, encode := range encoders {
		for name, v := range shapes() {
			// An encoder may refuse a shape; what it says then is shown too.
			text, err := encode(v)
			if leaks(text) || err != nil && leaks(err.Error()) {
				t.Errorf("%s in %s: %s %v", name, how, text, err)
			}
		}
	}
	for how, want := range map[string]string{
		"json": `{"S":"[redacted]"}`, "yaml": "s: '[redacted]'\n", "toml": "S = '[redacted]'\n",
	} {
		if got, err := encoders[how](struct{ S source.Secret }{source.NewSecret([]byte(canary))}); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", how, got, err, want)
		}
	}
}

func logged(handler func(*bytes.Buffer) slog.Handler, v any) string {
	var b bytes.Buffer
	l := slog.New(handler(&b))
	l.With("with", v).WithGroup("group").Info("message", "attr", v, slog.Group("in", "attr", v))
	return b.String()
}

func TestSecretInAPanic(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); leaks(text) || !strings.Contains(text, "[redacted]") {
			t.Errorf("panicked with %s", text)
		}
	}()
	panic(source.NewSecret([]byte(canary)))
}

func TestSecretReveal(t *testing.T) {
	if got := source.NewSecret([]byte(canary)).Reveal(); string(got) != canary {
		t.Errorf("got %q", got)
	}
	if got := (source.Secret{}).Reveal(); len(got) != 0 {
		t.Errorf("the zero Secret holds %q", got)
	}
}
