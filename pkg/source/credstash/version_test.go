package credstash_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source/credstash"
)

func TestPad(t *testing.T) {
	tests := map[string]string{
		"":                     "0000000000000000000",
		"1":                    "0000000000000000001",
		"v1.2-beta":            "0000000000v1.2-beta",
		"2019-01-01":           "0000000002019-01-01",
		"é":                    "000000000000000000é", // Python counts characters
		"0000000000000000001":  "0000000000000000001",
		"12345678901234567890": "12345678901234567890",
	}
	for in, want := range tests {
		if got := credstash.Pad(in); got != want {
			t.Errorf("Pad(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestCandidates(t *testing.T) {
	tests := map[string][]string{
		"9":                    {"0000000000000000009", "9"},
		"2019-01-01":           {"0000000002019-01-01", "2019-01-01"},
		"0000000000000000009":  {"0000000000000000009"},
		"12345678901234567890": {"12345678901234567890"},
	}
	for in, want := range tests {
		if diff := cmp.Diff(want, credstash.Candidates(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func TestNext(t *testing.T) {
	tests := []struct {
		highest, want string
		err           error
	}{
		{"", "0000000000000000001", nil},
		{"0000000000000000000", "0000000000000000001", nil}, // putall's default
		{"0000000000000000009", "0000000000000000010", nil},
		{"9223372036854775807", "9223372036854775808", nil},
		{"9999999999999999998", "9999999999999999999", nil},
		{"9999999999999999999", "", credstash.ErrLast},
		{"9", "", credstash.ErrUnpadded},
		{"00000000000000000009", "", credstash.ErrUnpadded},
		{"v5", "", credstash.ErrNotInt},
		{"00000000000000000v5", "", credstash.ErrNotInt},
		{"1.0", "", credstash.ErrNotInt},
		{"000000000000000-001", "", credstash.ErrNotInt},
		{"+000000000000000001", "", credstash.ErrNotInt},
		{"000000000000000000١", "", credstash.ErrNotInt}, // a digit to Python's int, elsewhere not
	}
	for _, tt := range tests {
		got, err := credstash.Next(tt.highest)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("Next(%q) is %q, %v; want %q, %v", tt.highest, got, err, tt.want, tt.err)
		}
		var ve *credstash.VersionError
		if err != nil && (!errors.As(err, &ve) || ve.Version != tt.highest) {
			t.Errorf("Next(%q) does not name the version: %#v", tt.highest, err)
		}
	}
}

func TestMark(t *testing.T) {
	a, _ := seal(t, credstash.Item{Name: "n", Version: "1", Key: []byte("one")}, []byte("value"))
	again := credstash.Item{Key: []byte("one")}
	b, _ := seal(t, credstash.Item{Name: "n", Version: "1", Key: []byte("two")}, []byte("value"))
	if credstash.Mark(a) == credstash.Mark(b) || credstash.Mark(a) != credstash.Mark(again) || credstash.Mark(a) == "" {
		t.Errorf("marks: %q and %q", credstash.Mark(a), credstash.Mark(b))
	}
}

func TestHides(t *testing.T) {
	nineteen := strings.Repeat("9", 19)
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"9", credstash.Pad("10"), true}, {"9", "10", true}, {nineteen, "1" + strings.Repeat("0", 19), true},
		{"10", "9", false}, {credstash.Pad("9"), credstash.Pad("10"), false}, {"9", "9", false}, {"9", credstash.Pad("9"), false}, {"9", credstash.Pad("8"), false},
		{"beta", "1", false}, {"1", "alpha", false}, {"1", "", false}, {"", "1", false}, {"v5", credstash.Pad("10"), false},
	} {
		if got := credstash.Hides(tt.a, tt.b); got != tt.want {
			t.Errorf("%s hides %s: %v", tt.a, tt.b, got)
		}
	}
}
