package job_test

import (
	"testing"

	"github.com/credrender/credrender/internal/job"
)

func TestConfigOf(t *testing.T) {
	for _, tt := range []struct{ id, name, want string }{
		{"/etc/c.yaml#app", "app", "/etc/c.yaml"},
		{"/etc/c#d/c.yaml#app", "app", "/etc/c#d/c.yaml"},
		{"/etc/c.yaml#a#b", "a#b", "/etc/c.yaml"},
		{"/tmp/out#1", "/tmp/out#1", ""},
		{"/tmp/out#1", "out#1", ""},
		{"/tmp/out", "out", ""},
	} {
		if got, ok := job.ConfigOf(tt.id, tt.name); ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%s called %s: got %q, %v", tt.id, tt.name, got, ok)
		}
	}
}
