package template_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

// A whole render: ask until nothing is missing, then execute.
func Example() {
	store := map[string]string{"db.password": "hunter2", "db.user": "app"}
	tmpl, err := template.Parse("user = {{ secret \"db.user\" }}\npassword = {{ secret \"db.password\" }}\n",
		template.Options{Name: "app.conf.tmpl"})
	if err != nil {
		fmt.Println(err)
		return
	}
	known := map[template.Query]template.Answer{}
	lookup := func(q template.Query) (template.Answer, bool) {
		a, ok := known[q.Key()]
		return a, ok
	}
	ctx := context.Background()
	for wave := tmpl.Discover(ctx, lookup); len(wave) > 0; wave = tmpl.Discover(ctx, lookup) {
		fmt.Println("fetch", wave)
		for _, q := range wave {
			known[q.Key()] = template.Answer{Value: source.NewSecret([]byte(store[q.Ref.Name]))}
		}
	}
	out, err := tmpl.Execute(ctx, lookup)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", string(out.Bytes))
	// Output:
	// fetch [secret db.user secret db.password]
	// user = app
	// password = hunter2
}

// What must not be shown is known by where it came from.
func ExampleTemplate_Mask() {
	tmpl, err := template.Parse("host = {{ .Vars.host }}\nauth = {{ secret \"pw\" | b64enc }}\n",
		template.Options{Vars: map[string]any{"host": "db1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	lookup := func(template.Query) (template.Answer, bool) { return template.Answer{Value: "new"}, true }
	ctx := context.Background()
	out, err := tmpl.Execute(ctx, lookup)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := tmpl.Mask(ctx, lookup, out)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(mask.Diff("app.conf", []byte("host = db1\nauth = b2xk\n"), text))
	// Output:
	// --- app.conf
	// +++ app.conf
	// @@ -1,2 +1,2 @@
	//  host = db1
	// - (hidden)
	// +auth = (secret pw)
}

// Errors name the place and the cause, and never a value.
func ExampleError() {
	tmpl, err := template.Parse("a\nb = {{ secret \"pw\" | mustFromJson }}\n", template.Options{Name: "b.tmpl"})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := template.Answer{Value: "hunter2"}
	_, err = tmpl.Execute(context.Background(), func(template.Query) (template.Answer, bool) { return answer, true })
	fmt.Println(err)
	answer = template.Answer{Err: source.ErrNotFound}
	_, err = tmpl.Execute(context.Background(), func(template.Query) (template.Answer, bool) { return answer, true })
	fmt.Println(err, errors.Is(err, source.ErrNotFound))
	// Output:
	// template b.tmpl:2:22: mustFromJson: secret pw: its input is not valid JSON: the text is not JSON
	// template b.tmpl:2:8: secret pw: not found true
}

// Refs sees branches that are not taken, for lint and policies.
func ExampleTemplate_Refs() {
	tmpl, err := template.Parse(`{{ if .Vars.tls }}{{ secret "tls.key" "env=prod" }}{{ end }}{{ secret .Vars.name }}`, template.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range tmpl.Refs() {
		if r.Dynamic {
			fmt.Printf("line %d: computed\n", r.Line)
			continue
		}
		fmt.Printf("line %d: %s\n", r.Line, r.Query)
	}
	// Output:
	// line 1: secret tls.key (env=prod)
	// line 1: computed
}
