package store_test

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

// Each put makes the next version; an older one stays readable.
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
	for _, value := range []string{"old", "new"} {
		if _, _, err := s.Put(ctx, store.PutRequest{Name: "db.password", Value: source.NewSecret([]byte(value))}); err != nil {
			log.Fatal(err)
		}
	}
	newest, first := source.Ref{Name: "db.password"}, source.Ref{Name: "db.password", Version: "1"}
	got := s.Fetch(ctx, []source.Ref{newest, first})
	fmt.Println(string(got[newest].Secret.Reveal()), string(got[first].Secret.Reveal()))
	entries, err := s.List(ctx, "db.*")
	fmt.Println(len(entries), err)
	// Output:
	// new old
	// 2 <nil>
}
