package credstash_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// TestFits: what Fits lets pass fits when sealed with a data key as KMS wraps
// it, and the room that it leaves unused is what wrapping may take.
func TestFits(t *testing.T) {
	for algorithm, least := range map[string]int{credstash.Legacy: 300_000, credstash.AESCTR: 400_000, credstash.AESGCM: 400_000} {
		meta := credstash.Item{Name: "db.password", Version: credstash.Pad("1"), Comment: "why", Algorithm: algorithm}
		n := largest(meta)
		if n < least {
			t.Errorf("%q: at most %d bytes", algorithm, n)
		}
		size, _ := credstash.KeySize(algorithm)
		meta.Key = make([]byte, size+160)
		item, _ := sealWith(t, meta, make([]byte, n), make([]byte, size))
		if got := dynamoSize(item.Encode()); got > 409_600 || got < 409_600-64 {
			t.Errorf("%q: %d bytes make an item of %d", algorithm, n, got)
		}
		if err := credstash.CheckSize(item); err != nil {
			t.Error(err)
		}
		item.Contents = append(item.Contents, make([]byte, 64)...)
		if err := credstash.CheckSize(item); !errors.Is(err, source.ErrTooLarge) {
			t.Errorf("64 bytes more: %v", err)
		}
	}
}

// largest searches for the most bytes that fit.
func largest(meta credstash.Item) int {
	low, high := 0, 1<<20
	for low+1 < high {
		if mid := (low + high) / 2; credstash.Fits(meta, mid) == nil {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

func TestFitsNames(t *testing.T) {
	long := strings.Repeat("x", 2049)
	tests := []struct {
		name string
		meta credstash.Item
		want error
	}{
		{"sound", credstash.Item{Name: long[:2048], Version: long[:1024]}, nil},
		{"long name", credstash.Item{Name: long, Version: "1"}, source.ErrTooLarge},
		{"long version", credstash.Item{Name: "n", Version: long[:1025]}, source.ErrTooLarge},
		{"long comment", credstash.Item{Name: "n", Version: "1", Comment: strings.Repeat("x", 410_000)}, source.ErrTooLarge},
		{"no name", credstash.Item{Version: "1"}, source.ErrRef},
		{"no version", credstash.Item{Name: "n"}, source.ErrRef},
		{"name not UTF-8", credstash.Item{Name: "\xff", Version: "1"}, source.ErrRef},
		{"comment not UTF-8", credstash.Item{Name: "n", Version: "1", Comment: "\xff"}, source.ErrRef},
	}
	for _, tt := range tests {
		if err := credstash.Fits(tt.meta, 0); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
