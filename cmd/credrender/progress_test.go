package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	tests := []struct {
		name  string
		draw  bool
		every time.Duration
		want  string
	}{
		{"terminal", true, drawEvery, "\rrekey [" + strings.Repeat("#", 15) + strings.Repeat(".", 15) + "] 2 of 4 \r\x1b[K"},
		{"elsewhere", false, sayEvery, "credrender: rekey: 2 of 4\n"},
		{"soon done", false, time.Hour, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			now := time.Unix(0, 0)
			p := &progress{verb: "rekey", out: &out, log: newLogger(&out, slog.LevelInfo, "text"), now: func() time.Time { return now },
				every: tt.every, draw: tt.draw, last: now}
			p.update(1, 4) // too early
			now = now.Add(time.Minute)
			p.update(2, 4)
			p.update(3, 4) // too early again
			now = now.Add(time.Minute)
			p.update(4, 4) // the result says that
			p.end()
			if got := out.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
