package source_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
)

// memory is a source that holds its values in memory.
type memory map[string]string

func (m memory) Fetch(_ context.Context, refs []source.Ref) map[source.Ref]source.Result {
	results := map[source.Ref]source.Result{}
	for _, ref := range refs {
		if v, ok := m[ref.Name]; ok {
			results[ref] = source.Result{Secret: source.NewSecret([]byte(v))}
		} else {
			results[ref] = source.Result{Err: source.ErrNotFound}
		}
	}
	return results
}

// Each ref of a batch has its own result, and no secret is printed by accident.
func Example() {
	var src source.Source = memory{"db.password": "hunter2"}
	password, missing := source.Ref{Name: "db.password"}, source.Ref{Name: "db.pasword"}
	results := src.Fetch(context.Background(), []source.Ref{password, missing})
	fmt.Println(results[password].Secret, string(results[password].Secret.Reveal()))
	fmt.Println(errors.Is(results[missing].Err, source.ErrNotFound))
	// Output:
	// [redacted] hunter2
	// true
}

// ByPrefix makes one source of several.
func ExampleByPrefix() {
	sources := map[string]source.Source{"": memory{"a": "from the store"}, source.SSM: memory{"/a": "from Parameter Store"}}
	all := source.ByPrefix(func(_ context.Context, prefix string) (source.Source, error) {
		if src, ok := sources[prefix]; ok {
			return src, nil
		}
		return nil, source.ErrNoSource
	})
	for _, text := range []string{"a", "ssm:/a", "sm:a"} {
		ref, err := source.Parse(text, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		result := all.Fetch(context.Background(), []source.Ref{ref})[ref]
		fmt.Println(string(result.Secret.Reveal()), result.Err)
	}
	// Output:
	// from the store <nil>
	// from Parameter Store <nil>
	//  no such source
}

// A REF has a name, a source and an encryption context.
func ExampleParse() {
	ref, err := source.Parse("ssm:/app/key", nil)
	fmt.Println(ref.Source, ref.Name, err)
	ref, err = source.Parse("db.password?env=prod", nil)
	fmt.Println(ref, err)
	// Output:
	// ssm /app/key <nil>
	// db.password (env=prod) <nil>
}
