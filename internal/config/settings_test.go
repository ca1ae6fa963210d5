package config_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
)

// The names that manuals and scripts rely on.
func TestFlags(t *testing.T) {
	var got []string
	for _, f := range config.Flags() {
		got = append(got, strings.TrimSpace(f.Short+" "+f.Name+" "+f.Env()+" "+f.Key()+" "+f.Default))
		if f.Usage == "" || strings.Count(f.Usage, "`") != 2 {
			t.Errorf("usage of %s: %q", f.Name, f.Usage)
		}
	}
	want := []string{
		"c config CREDRENDER_CONFIG config /etc/credrender/credrender.yaml",
		"store CREDRENDER_STORE store dynamodb",
		"t table CREDRENDER_TABLE table credential-store",
		"k key CREDRENDER_KEY key alias/credstash",
		"local-key CREDRENDER_LOCAL_KEY local_key",
		"r region CREDRENDER_REGION region",
		"kms-region CREDRENDER_KMS_REGION kms_region",
		"p profile CREDRENDER_PROFILE profile",
		"arn CREDRENDER_ARN arn",
		"grant-token CREDRENDER_GRANT_TOKEN grant_token",
		"state-dir CREDRENDER_STATE_DIR state_dir",
		"timeout CREDRENDER_TIMEOUT timeout 2m",
		"trusted-owner CREDRENDER_TRUSTED_OWNER trusted_owner",
		"log-level CREDRENDER_LOG_LEVEL log_level info",
		"log-format CREDRENDER_LOG_FORMAT log_format text",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPrecedence(t *testing.T) {
	const file = "table: file"
	tests := map[string]struct {
		flags   map[string]string
		environ []string
		file    string
		want    string
	}{
		"default":                  {want: "credential-store"},
		"credstash's variable":     {environ: []string{"CREDSTASH_DEFAULT_TABLE=credstash"}, want: "credstash"},
		"that, empty":              {environ: []string{"CREDSTASH_DEFAULT_TABLE="}, want: "credential-store"},
		"file":                     {environ: []string{"CREDSTASH_DEFAULT_TABLE=credstash"}, file: file, want: "file"},
		"environment":              {environ: []string{"CREDRENDER_TABLE=env"}, file: file, want: "env"},
		"empty environment":        {environ: []string{"CREDRENDER_TABLE="}, file: file, want: "file"},
		"flag":                     {flags: map[string]string{"table": "flag"}, environ: []string{"CREDRENDER_TABLE=env"}, file: file, want: "flag"},
		"last variable of a name":  {environ: []string{"CREDRENDER_TABLE=a", "CREDRENDER_TABLE=b"}, want: "b"},
		"variables in lower case":  {environ: []string{"credrender_table=env"}, want: "credential-store"},
		"case of values is theirs": {file: "table: TaBLe.Of.Mine", want: "TaBLe.Of.Mine"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			// viper reads the process's own environment if it is let.
			t.Setenv("CREDRENDER_TABLE", "not asked for")
			t.Setenv("TABLE", "not asked for")
			flags := map[string]string{"config": write(t, tc.file)}
			for k, v := range tc.flags {
				flags[k] = v
			}
			c, err := config.Load(t.Context(), config.Options{Flags: flags, Environ: tc.environ, EUID: me})
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Settings.Store.Table; got != tc.want {
				t.Errorf("table %q, want %q", got, tc.want)
			}
			if got := c.Base.Store.Table; got != tc.want {
				t.Errorf("table of jobs %q, want %q", got, tc.want)
			}
		})
	}
}

func TestEverySetting(t *testing.T) {
	path := write(t, "")
	want := config.Settings{
		Store: job.Store{
			Kind: "local", Path: "/cwd/s.db", LocalKey: "/k", Table: "t", Key: "k",
			Region: "r", KMSRegion: "kr", Profile: "p", RoleARN: "arn:aws:iam::123456789012:role/a",
		},
		StateDir: "/cwd/state", Timeout: 90 * time.Second, LogLevel: slog.LevelDebug, LogFormat: "json",
		FullRefresh: 10 * time.Minute, BootWait: 2 * time.Second, Ready: config.ReadyFiles,
	}
	values := map[string]string{
		"config": path, "store": "local:s.db", "local-key": "/k", "table": "t", "key": "k", "region": "r", "kms-region": "kr",
		"profile": "p", "arn": "arn:aws:iam::123456789012:role/a", "state-dir": "state", "timeout": "90s", "log-level": "debug", "log-format": "json", "trusted-owner": "7,8",
	}
	var environ []string
	for _, f := range config.Flags() {
		environ = append(environ, f.Env()+"="+values[f.Name])
	}
	for name, o := range map[string]config.Options{
		"flags":       {Flags: values, Dir: "/cwd", EUID: me},
		"environment": {Environ: environ, Dir: "/cwd", EUID: me},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, c.Settings); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(config.Trust{EUID: me, Owners: []int{7, 8}}, c.Trust); diff != "" {
				t.Errorf("trust (-want +got):\n%s", diff)
			}
		})
	}
}

// In a file, paths start where the file is.
func TestEverySettingOfAFile(t *testing.T) {
	path := write(t, "store: local:s.db\nlocal_key: k\nstate_dir: state\ntimeout: 1m30s\nlog_level: warn\nlog_format: json\n"+
		"kms_region: kr\nprofile: p\narn: arn:aws:iam::123456789012:role/a\nkey: k\ntrusted_owners: [9]\n"+
		"full_refresh: 1h\nlisten: unix:sock\ntextfile: m.prom\nboot_wait: 5s\nready: best-effort\n")
	c := mustLoad(t, path)
	dir := strings.TrimSuffix(path, "/c.yaml")
	want := config.Settings{
		Store: job.Store{
			Kind: "local", Path: dir + "/s.db", LocalKey: dir + "/k", Table: "credential-store", Key: "k",
			KMSRegion: "kr", Profile: "p", RoleARN: "arn:aws:iam::123456789012:role/a",
		},
		StateDir: dir + "/state", Timeout: 90 * time.Second, LogLevel: slog.LevelWarn, LogFormat: "json",
		FullRefresh: time.Hour, Listen: "unix:" + dir + "/sock", Textfile: dir + "/m.prom", BootWait: 5 * time.Second, Ready: config.ReadyBestEffort,
	}
	if diff := cmp.Diff(want, c.Settings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{9}, c.Base.Owners); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
}

func TestDirectories(t *testing.T) {
	tests := map[string]struct {
		euid        int
		environ     []string
		state, path string
	}{
		"home":                     {me, []string{"HOME=/h"}, "/h/.local/state/credrender", "/h/.local/share/credrender/store.db"},
		"XDG":                      {me, []string{"HOME=/h", "XDG_STATE_HOME=/s", "XDG_DATA_HOME=/d"}, "/s/credrender", "/d/credrender/store.db"},
		"XDG that is not absolute": {me, []string{"HOME=/h", "XDG_STATE_HOME=s", "XDG_DATA_HOME=d"}, "/h/.local/state/credrender", "/h/.local/share/credrender/store.db"},
		"root":                     {0, []string{"HOME=/root", "XDG_STATE_HOME=/s"}, "/var/lib/credrender", "/root/.local/share/credrender/store.db"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(t.Context(), config.Options{
				Flags: map[string]string{"store": "local"}, Environ: tc.environ, EUID: tc.euid, Default: "/no/such/file",
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.Settings.StateDir != tc.state || c.Settings.Store.Path != tc.path {
				t.Errorf("got %q and %q, want %q and %q", c.Settings.StateDir, c.Settings.Store.Path, tc.state, tc.path)
			}
			if got, want := c.Settings.Store.LocalKey, strings.TrimSuffix(tc.path, "db")+"key"; got != want {
				t.Errorf("key file %q, want %q", got, want)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		c, err := config.Load(t.Context(), config.Options{EUID: me, Default: "/no/such/file"})
		if err != nil || c.Settings.StateDir != "" {
			t.Errorf("got %+v, %v", c, err)
		}
		_, err = config.Load(t.Context(), config.Options{Flags: map[string]string{"store": "local"}, EUID: me, Default: "/no/such/file"})
		if err == nil || !strings.Contains(err.Error(), "write local:PATH") {
			t.Errorf("got %v", err)
		}
		_, err = config.Load(t.Context(), config.Options{Flags: map[string]string{"config": write(t, "table: x\nstore: local\n")}, EUID: me})
		if err == nil || !strings.Contains(err.Error(), "c.yaml:2: store: no default path for the local store") {
			t.Errorf("got %v", err)
		}
	})
}

func TestBadFlagsAndVariables(t *testing.T) {
	_, err := config.Load(t.Context(), config.Options{
		Flags:   map[string]string{"timeout": "soon", "tabel": "x", "table": " ", "trusted-owner": "5,no-such-user-here"},
		Environ: []string{"CREDRENDER_LOG_FORMAT=xml", "CREDRENDER_STORE=local:"},
		EUID:    me,
	})
	want := []string{
		"CREDRENDER_STORE: must not be empty",
		"--table: must not be empty",
		`--timeout: "soon" is not a duration like "30s" or "2m"`,
		`--trusted-owner: no user "no-such-user-here" on this machine: use another name, or a number`,
		`CREDRENDER_LOG_FORMAT: "xml" is not one of text, json`,
		"--tabel: is not a global flag",
	}
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWarnsOfUnknownVariables(t *testing.T) {
	c, err := config.Load(t.Context(), config.Options{
		Flags: map[string]string{"config": write(t, "contexts: {web: {a: b}}")},
		Environ: []string{
			"CREDRENDER_TABEL=x", "CREDRENDER_CONTEXTS=x", "CREDRENDER_JOB=x", "CREDRENDER_CHANGED=x", "CREDRENDER_LOCK=x", "CREDRENDERER=x",
			"CREDRENDER_STEP=x", "CREDRENDER_SECRET=x", "CREDRENDER_VERSION=x",
		},
		EUID: me,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"CREDRENDER_CONTEXTS is not a credrender setting",
		"CREDRENDER_TABEL is not a credrender setting, did you mean CREDRENDER_TABLE?",
	}
	if diff := cmp.Diff(want, c.Warnings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]map[string]string{"web": {"a": "b"}}, c.Base.Contexts); diff != "" {
		t.Errorf("the variable shadows the section (-want +got):\n%s", diff)
	}
}
