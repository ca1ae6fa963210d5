package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/credrender/credrender/pkg/source/limit"
)

// screen is a terminal that is written to by several goroutines.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

const cleared = "\x1b[2K\r"

// TestLine: what a command does is shown after a second, and cleared before other output.
func TestLine(t *testing.T) {
	dynamo := limit.Subject{Name: "DynamoDB", Region: "eu-west-1"}
	tests := []struct {
		name  string
		do    func(l *statusLine)
		shows []string // in this order
		never string
	}{
		{"short", func(l *statusLine) {
			end := l.Begin(dynamo)
			time.Sleep(900 * time.Millisecond)
			end()
			time.Sleep(time.Minute)
		}, nil, "DynamoDB"},
		{"a wait", func(l *statusLine) {
			end := l.Begin(dynamo)
			time.Sleep(3 * time.Second)
			end()
		}, []string{" waiting for DynamoDB in eu-west-1 ", "[1s]", cleared}, "MISSING"},
		{"many", func(l *statusLine) {
			what, end := l.begin("rekey")
			what.verb = true
			wait := l.Begin(dynamo)
			time.Sleep(1500 * time.Millisecond)
			l.update(what, 2, 4)
			time.Sleep(time.Second)
			l.update(what, 4, 4)
			time.Sleep(time.Second)
			wait()
			end()
		}, []string{"rekey: waiting for DynamoDB", cleared, "rekey  50% ", "(2/4)", cleared}, "4/4"},
		{"a message", func(l *statusLine) {
			defer l.doingOnly("running true")()
			time.Sleep(2 * time.Second)
			_, _ = l.Write([]byte("credrender: a warning\n"))
			time.Sleep(time.Second)
		}, []string{"running true", cleared + "credrender: a warning\n", "running true", cleared}, "MISSING"},
		{"a prompt", func(l *statusLine) {
			defer l.Begin(dynamo)()
			time.Sleep(2 * time.Second)
			resume := l.Pause()
			_, _ = l.Write([]byte("Enter MFA code: "))
			time.Sleep(time.Minute)
			_, _ = l.Write([]byte("thanks"))
			resume()
		}, []string{cleared + "Enter MFA code: thanks"}, "MISSING"},
		{"a program that prompts", func(l *statusLine) {
			defer l.Begin(limit.Subject{Name: "credentials"})()
			end := l.Begin(limit.Subject{Name: "credential_process of the profile", Prompts: true})
			time.Sleep(time.Minute)
			end()
		}, []string{"waiting for credential_process of the profile ...\n"}, "waiting for credentials"},
		{"off", func(l *statusLine) {
			defer l.Begin(dynamo)()
			time.Sleep(2 * time.Second)
			l.off()
			_, _ = l.Write([]byte("CMD"))
			time.Sleep(time.Minute)
			_, _ = l.Write([]byte("more"))
		}, []string{cleared + "CMDmore"}, "MISSING"},
		{"wide", func(l *statusLine) {
			defer l.doingOnly("running " + strings.Repeat("x", 300) + "\nmore")()
			time.Sleep(2 * time.Second)
		}, []string{"running xxx", "x...", cleared}, strings.Repeat("x", 60)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				out := &screen{}
				l := newLine(out, time.Second, func(text string) { _, _ = out.Write([]byte(text + "\n")) })
				tt.do(l)
				l.close()
				synctest.Wait()
				got := out.String()
				rest := got
				for _, want := range tt.shows {
					_, after, found := strings.Cut(rest, want)
					if !found {
						t.Fatalf("no %q in its place in %q", want, got)
					}
					rest = after
				}
				if strings.Contains(got, tt.never) || len(tt.shows) == 0 && got != "" {
					t.Errorf("got %q", got)
				}
				if i := strings.LastIndex(got, cleared); strings.ContainsAny(got, "[") && strings.Contains(got[i+len(cleared):], "[") {
					t.Errorf("not cleared in the end: %q", got)
				}
			})
		})
	}
}

// doingOnly is begin without the activity.
func (l *statusLine) doingOnly(text string) (end func()) {
	_, end = l.begin(text)
	return end
}

// Without a terminal nothing is shown, and nothing is in the way.
func TestNoLine(t *testing.T) {
	var l *statusLine
	what, end := l.begin("rekey")
	l.update(what, 1, 2)
	l.off()
	end()
	l.close()
}
