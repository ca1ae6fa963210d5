package funcs_test

import (
	"testing"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// The table is made once in a process, by its first template.
func BenchmarkTable(b *testing.B) {
	for b.Loop() {
		funcs.Table()
	}
}
