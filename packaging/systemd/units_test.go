package systemd_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unit is a unit file: section, key, values in order.
type unit map[string]map[string][]string

// known are the keys that the units may have, as systemd.unit(5),
// systemd.service(5), systemd.exec(5) and systemd.timer(5) spell them.
var known = map[string][]string{
	"Unit": {"Description", "Documentation", "Wants", "After", "Before", "Conflicts", "DefaultDependencies", "StartLimitIntervalSec"},
	"Service": {
		"Type", "NotifyAccess", "RemainAfterExit", "ExecStart", "ExecReload", "KillMode", "Restart", "RestartSec", "RestartPreventExitStatus",
		"TimeoutStartSec", "TimeoutStopSec", "TimeoutAbortSec", "WatchdogSec", "EnvironmentFile", "LimitCORE",
		"StateDirectory", "StateDirectoryMode", "RuntimeDirectory", "RuntimeDirectoryMode", "RuntimeDirectoryPreserve",
		"CapabilityBoundingSet", "NoNewPrivileges", "PrivateDevices", "PrivateNetwork", "IPAddressDeny",
		"ProtectClock", "ProtectControlGroups", "ProtectHome", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules",
		"ProtectKernelTunables", "ProtectProc", "ProtectSystem", "LockPersonality", "MemoryDenyWriteExecute",
		"RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
		"SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber",
	},
	"Timer":   {"OnBootSec", "OnCalendar", "RandomizedDelaySec", "FixedRandomDelay", "AccuracySec"},
	"Install": {"WantedBy"},
}

func parse(t *testing.T, path string) unit {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	u, section := unit{}, ""
	for n, line := range strings.Split(string(data), "\n") {
		key, value, assigned := strings.Cut(line, "=")
		name, isHeader := strings.CutPrefix(line, "[")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case isHeader:
			section = strings.TrimSuffix(name, "]")
			if known[section] == nil || u[section] != nil {
				t.Errorf("%s:%d: section %q is unknown, or there twice", path, n+1, section)
			}
			u[section] = map[string][]string{}
		case !assigned || !slices.Contains(known[section], key) || value == "" || strings.TrimSpace(value) != value:
			t.Errorf("%s:%d: %q is no assignment to a key of section %s", path, n+1, line, section)
		case len(u[section][key]) > 0 && key != "ExecReload":
			t.Errorf("%s:%d: duplicate key %s", path, n+1, key)
		default:
			u[section][key] = append(u[section][key], strings.Fields(value)...)
		}
	}
	return u
}

func units(t *testing.T) map[string]unit {
	t.Helper()
	all := map[string]unit{}
	for _, pattern := range []string{"*.service", "*.timer"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			all[path] = parse(t, path)
		}
	}
	if len(all) != 5 {
		t.Fatalf("found %d units, want 5", len(all))
	}
	return all
}

// The key of the fingerprints must be where it was at the next run, and no
// program of ours may leave a core.
func TestServicesShareTheirDirectories(t *testing.T) {
	for name, u := range units(t) {
		if u["Service"] == nil {
			continue
		}
		got := map[string]string{}
		for _, key := range []string{"StateDirectory", "StateDirectoryMode", "RuntimeDirectory", "RuntimeDirectoryMode", "RuntimeDirectoryPreserve", "LimitCORE"} {
			got[key] = strings.Join(u["Service"][key], " ")
		}
		want := map[string]string{
			"StateDirectory": "credrender", "StateDirectoryMode": "0700",
			"RuntimeDirectory": "credrender", "RuntimeDirectoryMode": "0700", "RuntimeDirectoryPreserve": "yes", "LimitCORE": "0",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What a render may do does not depend on who starts it.
func TestRenderAndDaemonShareTheirSandbox(t *testing.T) {
	sandbox := func(u unit) map[string][]string {
		keys := map[string][]string{}
		for key, value := range u["Service"] {
			for _, prefix := range []string{"Capability", "Protect", "Private", "Restrict", "SystemCall", "Lock", "Memory", "NoNew"} {
				if strings.HasPrefix(key, prefix) {
					keys[key] = value
				}
			}
		}
		return keys
	}
	all := units(t)
	daemon, render := sandbox(all["credrender.service"]), sandbox(all["credrender-render.service"])
	delete(daemon, "RestartPreventExitStatus")
	for name, other := range map[string]map[string][]string{"credrender-render.service": render, "credrender-boot.service": sandbox(all["credrender-boot.service"])} {
		if diff := cmp.Diff(daemon, other); diff != "" {
			t.Errorf("credrender.service and %s differ (-daemon +other):\n%s", name, diff)
		}
	}
}

// The lines that promises hang on.
func TestUnitsKeepPromises(t *testing.T) {
	tests := []struct{ unit, section, key, want string }{
		{"credrender.service", "Service", "Type", "notify"},
		{"credrender.service", "Service", "KillMode", "mixed"}, // TERM lets a job finish
		{"credrender.service", "Service", "TimeoutStartSec", "infinity"},
		{"credrender.service", "Service", "RestartPreventExitStatus", "2"},
		{"credrender.service", "Service", "ExecReload", `credrender daemon --check-config /bin/sh -c 'kill -HUP "$MAINPID"'`},
		{"credrender.service", "Service", "TimeoutAbortSec", "30s"}, // not TimeoutStopSec, which is for hooks
		{"credrender.service", "Unit", "StartLimitIntervalSec", "0"},
		{"credrender-render.service", "Service", "Type", "oneshot"},
		{"credrender-boot.service", "Service", "Type", "oneshot"},
		{"credrender-boot.service", "Service", "RemainAfterExit", "yes"},
		{"credrender-boot.service", "Service", "ExecStart", "credrender render --defer-hooks --boot-wait 2s --allow-stale 720h --wait 1m --timeout 20s"},
		{"credrender-boot.service", "Unit", "After", "network-online.target credrender-recover.service"}, // never the timer's
		{"credrender-render.timer", "Timer", "FixedRandomDelay", "yes"},
		{"credrender-recover.service", "Unit", "DefaultDependencies", "no"},
		{"credrender-recover.service", "Unit", "Before", "sysinit.target shutdown.target"},
		{"credrender-recover.service", "Unit", "After", "local-fs.target"},
		{"credrender-recover.service", "Install", "WantedBy", "sysinit.target"},
		{"credrender-recover.service", "Service", "PrivateNetwork", "yes"},
	}
	all := units(t)
	for _, tt := range tests {
		if got := strings.Join(all[tt.unit][tt.section][tt.key], " "); got != tt.want {
			t.Errorf("%s: %s=%s, want %s", tt.unit, tt.key, got, tt.want)
		}
	}
	if len(all["credrender.service"]["Service"]["WatchdogSec"]) == 0 {
		t.Error("credrender.service has no watchdog")
	}
	for name, u := range all {
		if after := u["Unit"]["After"]; strings.HasSuffix(name, "r.service") && name != "credrender-recover.service" && !slices.Contains(after, "credrender-recover.service") {
			t.Errorf("%s does not wait for the recovery", name)
		}
	}
}

// A relaxation that the table does not explain is an oversight.
func TestRelaxationsAreExplained(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	full := parse(t, "credrender-recover.service")["Service"]
	weaker := parse(t, "credrender.service")["Service"]
	for key := range full {
		isSandbox := strings.HasPrefix(key, "Protect") || strings.HasPrefix(key, "Private") || strings.HasPrefix(key, "NoNew") || strings.HasPrefix(key, "Memory")
		if isSandbox && weaker[key] == nil && key != "PrivateNetwork" && !strings.Contains(string(page), "`"+key+"=`") {
			t.Errorf("README.md does not say why credrender.service has no %s=", key)
		}
	}
	for _, c := range weaker["CapabilityBoundingSet"] {
		if !strings.Contains(string(page), c) && !strings.HasPrefix(c, "CAP_DAC_") {
			t.Errorf("README.md does not say what %s is for", c)
		}
	}
}
