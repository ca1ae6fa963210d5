package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/config"
)

// faults are configs and what is wrong with them: each fault is one line of
// file:line: key: message (hint).
type faults map[string]struct {
	text string
	want []string
}

func (f faults) check(t *testing.T) {
	t.Helper()
	for name, tc := range f {
		t.Run(name, func(t *testing.T) {
			path := write(t, tc.text)
			_, err := load(t, path)
			if err == nil {
				t.Fatal("no error")
			}
			var got []string
			for line := range strings.Lines(err.Error()) {
				line = strings.TrimPrefix(strings.TrimSuffix(line, "\n"), path+":")
				got = append(got, strings.TrimSpace(strings.ReplaceAll(line, path, "FILE")))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadFaultsOfKeys(t *testing.T) {
	faults{
		"unknown keys": {
			"regoin: x\nkms-region: x\nzzz: 1\njobs:\n- {name: a, content: x, dset: /a, perms: \"0600\", dest: /a}",
			[]string{
				"1: regoin: unknown key (did you mean region?)",
				"2: kms-region: unknown key (did you mean kms_region?)",
				"3: zzz: unknown key (known are arn, boot_wait, context, contexts, full_refresh, grant_token, jobs, key, kms_region, listen, local_key, log_format, log_level, partials, " +
					"profile, ready, region, schedule, sources, splay, state_dir, store, table, textfile, timeout, trusted_owners, vars)",
				"5: jobs[0].dset: unknown key (did you mean dest?)",
				"5: jobs[0].perms: unknown key (here it is mode)",
			},
		},
		"a flag that has another key": {"trusted_owner: x", []string{
			"1: trusted_owner: unknown key (did you mean trusted_owners?)",
		}},
		"keys in the wrong place": {
			"jobs:\n- name: a\n  files:\n  - {content: x, dest: /a, hook: reload}",
			[]string{"4: jobs[0].files[0].hook: is a key of the job, not of a file"},
		},
		"keys twice": {
			"table: a\ntable: b\ncontexts:\n  web: {a: x, a: y}\n  web: {}",
			[]string{"2: table: is already given on line 1", "4: contexts.web.a: is already given on line 4", "5: contexts.web: is already given on line 4"},
		},
		"wrong kinds": {
			"region: 5\ntable: [a]\nprofile: true\narn:\ncontexts: []\nvars: x\njobs: {a: 1}",
			[]string{
				"1: region: expected a string, got a number (put it in quotes)",
				"2: table: expected a string, got a list",
				"3: profile: expected a string, got true or false (put it in quotes)",
				"4: arn: expected a string, got nothing",
				"5: contexts: expected a mapping, got a list",
				"6: vars: expected a mapping, got a string",
				"7: jobs: expected a list, got a mapping",
			},
		},
		"wrong kinds in a job": {
			"jobs:\n- 5\n- name: 7\n  content: x\n  dest: /a\n  restrict: yes\n  hook: {a: b}\n  verify: []\n  allow: web\n  env: {PORT: 80}\n  owner: 1.5",
			[]string{
				"2: jobs[0]: expected a mapping, got a number",
				"3: jobs[1].name: expected a string, got a number (put it in quotes)",
				"6: jobs[1].restrict: expected true or false, got a string",
				"7: jobs[1].hook: expected a string or a list of strings, got a mapping",
				"8: jobs[1].verify: must not be empty",
				"9: jobs[1].allow: expected a list, got a string",
				"10: jobs[1].env.PORT: expected a string, got a number (put it in quotes)",
				"11: jobs[1].owner: expected a string, got a number (put it in quotes)",
			},
		},
	}.check(t)
}

func TestLoadFaultsOfSettings(t *testing.T) {
	faults{
		"schedules": {
			"schedule: 0 0 31 2 *\njobs:\n- {name: a, content: x, dest: /a, schedule: TZ=0}\n- {name: b, content: x, dest: /b, schedule: '@every 100ms'}",
			[]string{
				`1: schedule: invalid schedule "0 0 31 2 *": it never fires`,
				`3: jobs[0].schedule: invalid schedule "TZ=0": unknown time zone "0": use a name of the IANA database, such as Europe/Berlin`,
				`4: jobs[1].schedule: invalid schedule "@every 100ms": it is too fast: @every takes 1s or more`,
			},
		},
		"listen beyond this host": {"listen: 0.0.0.0:9000", []string{
			`1: listen: "0.0.0.0" is not a loopback address: 127.0.0.1, [::1] or unix:PATH`,
		}},
		"contexts": {
			"contexts:\n  web: {port: 80}\n  odd: {\"\": x}\n  on: 2026-01-02\ncontext: wbe\njobs:\n- {name: a, content: x, dest: /a, context: [web]}\n",
			[]string{
				"2: contexts.web.port: expected a string, got a number (put it in quotes)",
				"3: contexts.odd: invalid encryption context: empty key",
				"4: contexts.on: expected a mapping, got a date",
				"5: context: there is no context wbe (did you mean web?)",
				"7: jobs[0].context: expected a mapping or the name of an entry in contexts, got a list",
			},
		},
		"names of contexts that a pair would have": {
			"contexts:\n  env=prod: {a: b}\n  \"\": {a: b}\n",
			[]string{
				"2: contexts.env=prod: an = would take the place of a pair in a template (rename the context)",
				"3: contexts.: the name is empty (rename the context)",
			},
		},
		"a context and no contexts": {"context: web", []string{"1: context: there is no context web (contexts has no entries)"}},
		"durations": {
			"timeout: 30\nsplay: 5x\njobs:\n- {name: a, content: x, dest: /a, timeout: 0s, splay: -1s}\n- {name: b, content: x, dest: /b, timeout: 5}",
			[]string{
				"1: timeout: expected a unit after the number (write 30s)",
				`2: splay: "5x" is not a duration like "30s" or "2m"`,
				"4: jobs[0].timeout: must be more than 0",
				"4: jobs[0].splay: -1s is negative",
				"5: jobs[1].timeout: expected a duration, got a number (write 30s or 2m)",
			},
		},
		"an empty list allows nothing": {
			"jobs:\n- {name: a, content: x, dest: /a, allow: []}",
			[]string{"2: jobs[0].allow: must not be empty (leave it out to allow all)"},
		},
		"values": {
			"store: dynamo\nlog_level: verbose\nlog_format: xml\nstate_dir: ~/state\ntable: \"\"\nlocal_key: \"\"\ntrusted_owners: [no-such-user-here, -1, 5]",
			[]string{
				`1: store: "dynamo" is not a store: use dynamodb, local, local:PATH or s3://bucket/prefix`,
				`2: log_level: "verbose" is not one of debug, info, warn, error`,
				`3: log_format: "xml" is not one of text, json`,
				"4: state_dir: ~ is not expanded here, write the directory",
				"5: table: must not be empty",
				"6: local_key: must not be empty",
				`7: trusted_owners[0]: no user "no-such-user-here" on this machine: use another name, or a number`,
				"7: trusted_owners[1]: is not an ID",
			},
		},
	}.check(t)
}

func TestLoadFaultsOfJobs(t *testing.T) {
	faults{
		"jobs": {
			"jobs:\n- {}\n- {name: a, content: x}\n- {name: a, dest: /a}\n- name: b\n  files: []\n- name: c\n  files: [{content: x, dest: /c}]\n  dest: /d\n- {name: \"x\\ny\", src: x, secret: y, dest: /e}",
			[]string{
				"2: jobs[0]: has no name",
				"2: jobs[0]: has no files (give src and dest, or files)",
				"3: jobs[1]: has no dest",
				"4: jobs[2]: needs one of src, secret and content",
				"4: jobs[2].name: a job of this name is already at FILE:3",
				"5: jobs[3]: has no files (give src and dest, or files)",
				"9: jobs[4]: has both files and keys of a single file (move them into files)",
				"10: jobs[5].name: contains control characters",
				"10: jobs[5]: has src and secret: give one",
			},
		},
		"files": {
			"jobs:\n- name: a\n  files:\n  - {content: x, dest: etc/a}\n  - {content: x, dest: /etc/}\n  - {content: \"\", dest: \"/a\\nb\"}\n" +
				"  - {src: ~/x, dest: /c, destination: /d}\n  - {secret: \"ssm:\", dest: /e, format: csv}\n  - {content: x, dest: /f, delims: [\"<\"]}\n  - x\n  - {content: x, dest: /x/../f}",
			[]string{
				"4: jobs[0].files[0].dest: etc/a is not an absolute path",
				"5: jobs[0].files[1].dest: /etc/ is a directory, expected a file",
				"6: jobs[0].files[2].content: must not be empty",
				"6: jobs[0].files[2].dest: contains a line break",
				"7: jobs[0].files[3].src: ~ is not expanded here, write the directory",
				"7: jobs[0].files[3].destination: dest and destination are the same: give one",
				`8: jobs[0].files[4].secret: invalid reference: "ssm:" has no name`,
				`8: jobs[0].files[4].format: "csv" is not one of json, yaml, toml, env, pem, ini, properties, xml`,
				`9: jobs[0].files[5].delims: expected a list of two strings like ["[[", "]]"]`,
				"10: jobs[0].files[6]: expected a mapping, got a string",
				"11: jobs[0].files[7].dest: /f is already written by FILE:9",
			},
		},
		"keypairs": {
			"jobs:\n- name: a\n  files: [{content: x, dest: /crt}, {content: x, dest: /key}]\n  keypairs:\n  - {cert: /crt, key: /other}\n  - {cert: /crt}\n  - {cert: /key, key: /crt/../crt}",
			[]string{
				"5: jobs[0].keypairs[0].key: /other is not a dest of this job",
				"6: jobs[0].keypairs[1]: has no key",
			},
		},
		"zero bytes": {
			"jobs:\n- {name: a, content: x, dest: \"/a\\0\", hook: \"a\\0\", env: {A: \"\\0\", \"B=\": x}, verify: [a, \"\\0\"]}",
			[]string{
				"2: jobs[0].hook: contains a zero byte",
				"2: jobs[0].env.A: contains a zero byte",
				"2: jobs[0].env.B=: is not a variable name",
				"2: jobs[0].verify[1]: contains a zero byte",
				"2: jobs[0].dest: contains a zero byte",
			},
		},
	}.check(t)
}

func TestLoadFaultsOfYAML(t *testing.T) {
	faults{
		"no mapping":          {"- a", []string{"1: expected a mapping, got a list"}},
		"second document":     {"table: a\n---\ntable: b", []string{"2: a second document begins here (make it another file)"}},
		"syntax":              {"table: a\n  b: [", []string{"2: not valid YAML: mapping values are not allowed in this context"}},
		"syntax further down": {"table: a\n---\nb: [", []string{"3: not valid YAML: did not find expected node content"}},
		"unknown alias":       {"context: *web", []string{"not valid YAML: unknown anchor 'web' referenced"}},
		"keys that are none":  {"? [a]\n: b\n~: c", []string{"1: expected a plain key, got a list", "3: expected a plain key, got nothing"}},
		"unknown tag":         {"vars: {a: !secret x}", []string{"1: vars.a: expected a string, number, list or mapping, got the tag !secret"}},
		"alias in itself":     {"vars: &v {a: *v}", []string{"1: the document is nested too deep or is too large, or an alias contains itself"}},
		"merge of itself":     {"vars: &v {<<: *v}", []string{"1: the document is nested too deep or is too large, or an alias contains itself"}},
	}.check(t)
}

func TestErrorFacts(t *testing.T) {
	path := write(t, "table: t\nregoin: x")
	_, err := load(t, path)
	var e *config.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	want := &config.Error{File: path, Line: 2, Key: "regoin", Msg: "unknown key", Hint: "did you mean region?"}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A small file must not become a large one.
func TestLoadAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("vars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	names := "0123456789"
	for i := 1; i < len(names); i++ {
		list := strings.Repeat("*a"+names[i-1:i]+", ", 10)
		b.WriteString("  a" + names[i:i+1] + ": &a" + names[i:i+1] + " [" + list + "]\n")
	}
	_, err := load(t, write(t, b.String()))
	if err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}

// Values stay out of messages that are not about them: env may hold anything.
func TestErrorsDoNotShowValues(t *testing.T) {
	_, err := load(t, write(t, "jobs: [{name: a, content: x, dest: /a, env: {PIN: 73541980, B: [hunter2]}}]"))
	if err == nil || strings.Contains(err.Error(), "7354") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("region: x\njobs: [{name: a, src: a, dest: /a, mode: 0640, hook: [a, b]}]"))
	f.Add([]byte("a: &a {<<: *a}\nb: [*a, !!int x, ~]\n---\n"))
	f.Add([]byte("contexts: {web: &w {Env: prod}}\ncontext: *w\nvars: {t: 2026-01-02, b: !!binary YQ==, f: .nan}\njobs:\n- name: a\n  files:\n  - {secret: x, dest: /x, context: web}\n  keypairs: [{cert: /x, key: /x}]\n"))
	path := filepath.Join(f.TempDir(), "c.yaml")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(t.Context(), config.Options{Flags: map[string]string{"config": path}, EUID: me})
		if err != nil {
			if _, ok := errors.AsType[*config.Error](err); !ok {
				t.Errorf("%v is no config.Error", err)
			}
			return
		}
		for _, j := range c.Jobs {
			for _, file := range j.Files {
				if !filepath.IsAbs(file.Dest) || j.Name == "" || j.CheckTimeout <= 0 || (file.Mode != nil && *file.Mode > 0o777) {
					t.Errorf("accepted %+v", j)
				}
			}
		}
	})
}
