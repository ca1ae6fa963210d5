package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/bench/race"
)

func TestBounds(t *testing.T) {
	b := bound{"refs", 50, 500, 2, 60}
	small := race.Point{N: 50, CPUMS: 10, PeakMiB: 30, Requests: 100}
	tests := []struct {
		large race.Point
		want  []string
	}{
		{race.Point{CPUMS: 150, Requests: 1010, PeakMiB: 60}, nil},
		{race.Point{CPUMS: 151, Requests: 1011, PeakMiB: 60.1}, []string{
			"refs in a file: 500 take 15.1 times the CPU of 50, more than 15.0",
			"refs in a file: 500 take 1011 requests, more than 1010",
			"refs in a file: 500 take a peak of 60.1 MiB, more than 60",
		}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, b.faults("refs in a file", small, tt.large)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.large, diff)
		}
	}
	for _, b := range bounds() {
		found := false
		for _, s := range series() {
			found = found || s.Name == b.serie
		}
		if !found || b.from >= b.to {
			t.Errorf("%+v is of no serie", b)
		}
	}
}
