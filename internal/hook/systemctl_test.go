package hook_test

import (
	"testing"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
)

func TestWithoutWaiting(t *testing.T) {
	shell := func(s string) job.Command { return job.Command{Shell: s} }
	args := func(a ...string) job.Command { return job.Command{Args: a} }
	for _, tt := range []struct {
		command job.Command
		want    string
	}{
		{shell("systemctl restart app"), "systemctl --no-block restart app"},
		{shell("/usr/bin/systemctl -q try-reload-or-restart nginx"), "systemctl --no-block -q try-reload-or-restart nginx"},
		{args("systemctl", "reload", "nginx"), "systemctl --no-block reload nginx"},
		{args("sudo", "-n", "systemctl", "try-restart", "a", "b"), "systemctl --no-block try-restart a b"},
		{args("sh", "-ec", "nginx -t\nsystemctl start app"), "systemctl --no-block start app"},
		{shell("nginx -t && systemctl reload-or-restart 'nginx'"), "systemctl --no-block reload-or-restart nginx"},
		{shell("if systemctl is-active app; then systemctl restart app 2>&1; fi"), "systemctl --no-block restart app 2>&1"},
		{shell("service nginx reload"), "systemctl --no-block reload nginx"},
		{shell("systemctl enable --now app"), "systemctl --no-block enable --now app"},

		{shell("systemctl --no-block restart app"), ""},
		{shell("systemctl restart app --no-block"), ""},
		{shell("systemctl restart app &"), ""},
		{shell("systemctl --user restart app"), ""},
		{shell("systemctl kill -s HUP app"), ""},
		{shell("systemctl stop app"), ""},
		{shell("systemctl daemon-reload"), ""},
		{shell("systemctl is-active app && kill -HUP 1"), ""},
		{args("nginx", "-s", "reload"), ""},
		{shell("service nginx status"), ""},
		{args(), ""},
	} {
		if got := hook.WithoutWaiting(tt.command); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.command, got, tt.want)
		}
	}
}
