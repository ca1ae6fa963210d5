package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/config"
)

// A command without a config takes the flag, then the variable, then the default. Faults in
// other settings are none of its concern.
func TestTimeoutWithoutConfig(t *testing.T) {
	for name, tt := range map[string]struct {
		flag, variable string
		want           time.Duration
		fault          string
	}{
		"default": {"", "", 2 * time.Minute, ""}, "variable": {"", "3s", 3 * time.Second, ""}, "flag": {"1s", "3s", time.Second, ""},
		"none": {"0", "", 0, ""}, "a wrong flag": {"soon", "", 0, "--timeout"}, "a wrong variable": {"", "-1s", 0, "CREDRENDER_TIMEOUT"},
	} {
		o := config.Options{Environ: []string{"CREDRENDER_LOG_LEVEL=loud", "CREDRENDER_TIMEOUT=" + tt.variable}, Flags: map[string]string{"log-level": "loud"}}
		if tt.flag != "" {
			o.Flags["timeout"] = tt.flag
		}
		got, err := config.Timeout(o)
		if tt.fault == "" && (got != tt.want || err != nil) || tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}
