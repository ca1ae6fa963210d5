package local_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
)

// A secret is put into a store on this machine and fetched again, with the
// encryption context that it was put under.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx := context.Background()
	where := local.Options{Path: filepath.Join(dir, local.FileName), KeyPath: filepath.Join(dir, local.KeyFileName)}
	if _, err := local.Create(ctx, where); err != nil {
		log.Fatal(err)
	}
	l := local.New(where)
	s := store.New(store.Options{Reader: l, Scanner: l, Writer: l, VersionLister: l, Decrypter: l, DataKeyGenerator: l})

	prod, err := source.NewContext(map[string]string{"env": "prod"})
	if err != nil {
		log.Fatal(err)
	}
	version, _, err := s.Put(ctx, store.PutRequest{Name: "db.password", Value: source.NewSecret([]byte("hunter2")), Context: prod})
	if err != nil {
		log.Fatal(err)
	}
	right, wrong := source.Ref{Name: "db.password", Context: prod}, source.Ref{Name: "db.password"}
	got := s.Fetch(ctx, []source.Ref{right, wrong})
	fmt.Println(version, got[right].Secret, len(got[right].Secret.Reveal()))
	fmt.Println(got[wrong].Err)
	// Output:
	// 0000000000000000001 [redacted] 7
	// version 0000000000000000001: wrong encryption context
}
