package template_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

// values is a source that holds secrets in memory. Others are in packages store,
// ssm, s3 and so on.
type values map[string]string

func (v values) Fetch(_ context.Context, refs []source.Ref) map[source.Ref]source.Result {
	results := map[source.Ref]source.Result{}
	for _, ref := range refs {
		if value, ok := v[ref.Name]; ok {
			results[ref] = source.Result{Secret: source.NewSecret([]byte(value))}
		} else {
			results[ref] = source.Result{Err: source.ErrNotFound}
		}
	}
	return results
}

// Render does all that most programs need.
func ExampleRender() {
	tmpl, err := template.Parse("user = {{ secret \"db.user\" }}\npassword = {{ secret \"db.password\" }}\n",
		template.Options{Name: "app.conf.tmpl"})
	if err != nil {
		fmt.Println(err)
		return
	}
	secrets := values{"db.password": "hunter2", "db.user": "app"}
	out, err := template.Render(context.Background(), tmpl, template.Resolver{Source: secrets})
	fmt.Print(string(out.Bytes), err)
	// Output:
	// user = app
	// password = hunter2
	// <nil>
}

// All secrets that are missing are named, not the first alone.
func ExampleRender_missing() {
	tmpl, err := template.Parse("{{ secret \"db.user\" }}:{{ secret \"db.password\" }}@{{ secretOr \"localhost\" \"db.host\" }}\n",
		template.Options{Name: "app.conf.tmpl"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = template.Render(context.Background(), tmpl, template.Resolver{Source: values{}})
	fmt.Println(err)
	fmt.Println(errors.Is(err, source.ErrNotFound))
	// Output:
	// secret db.user: not found; requested at app.conf.tmpl:1:4
	// secret db.password: not found; requested at app.conf.tmpl:1:27
	// true
}

// Several templates share one fetcher: their secrets are fetched in one batch, and
// none twice.
func ExampleGather() {
	fetcher := template.NewFetcher(values{"a": "1", "b": "2"})
	var all []*template.Rendering
	for _, text := range []string{`{{ secret "a" }}{{ secret "b" }}`, `{{ secret "b" }}`} {
		tmpl, err := template.Parse(text, template.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		all = append(all, fetcher.Template(tmpl, template.Resolver{}))
	}
	ctx := context.Background()
	stats := template.Gather(ctx, all...)
	fmt.Println("batches:", stats.Batches, "refs:", stats.Refs, "missing:", template.Missing(all...))
	for _, x := range all {
		out, err := x.Execute(ctx)
		fmt.Println(string(out.Bytes), err)
	}
	// Output:
	// batches: 1 refs: 2 missing: <nil>
	// 12 <nil>
	// 2 <nil>
}

// What must not be shown is known by where it came from.
func ExampleRendering_Mask() {
	tmpl, err := template.Parse("host = {{ .Vars.host }}\nauth = {{ secret \"pw\" | b64enc }}\n",
		template.Options{Vars: map[string]any{"host": "db1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	x := template.NewFetcher(values{"pw": "new"}).Template(tmpl, template.Resolver{})
	template.Gather(ctx, x)
	out, err := x.Execute(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := x.Mask(ctx, out)
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
	_, err = template.Render(context.Background(), tmpl, template.Resolver{Source: values{"pw": "hunter2"}})
	fmt.Println(err)
	// Output:
	// template b.tmpl:2:22: mustFromJson: secret pw: its input is not valid JSON: the text is not JSON
}

// Refs returns branches that are not taken too, for lint and policies.
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
