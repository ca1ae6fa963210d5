package sourcetest_test

import (
	"testing"

	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/pkg/store"
)

// A test of a source makes an empty one for each case.
func Example() {
	_ = func(t *testing.T) {
		sourcetest.Run(t, func(t *testing.T) sourcetest.Backend {
			where := local.Options{Path: t.TempDir() + "/store.db", KeyPath: t.TempDir() + "/store.key"}
			if _, err := local.Create(t.Context(), where); err != nil {
				t.Fatal(err)
			}
			l := local.New(where)
			return sourcetest.Backend{
				Source: store.New(store.Options{Reader: l, Scanner: l, Decrypter: l}),
				Put:    sourcetest.Sealing(l, l),
			}
		})
	}
	// Output:
}
