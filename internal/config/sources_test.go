package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

func loadText(t *testing.T, text string) (*config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(t.Context(), config.Options{Flags: map[string]string{"config": path}, EUID: 1000, Dir: "/"})
}

func TestNamedSources(t *testing.T) {
	c, err := loadText(t, `
region: eu-west-1
arn: arn:aws:iam::123456789012:role/store
sources:
  payments: {type: dynamodb, table: t, key: alias/pay, arn: "arn:aws:iam::222222222222:role/r", region: us-east-1}
  shared: {type: ssm}
  old: {type: local, path: /s/store.db}
jobs:
  - {name: a, secret: "payments:db.password", dest: /a, allow_no_match: ["web.*"]}
  - {name: b, secret: "other:db", dest: /b}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := job.Sources{
		"payments": {Kind: "dynamodb", Table: "t", Key: "alias/pay", RoleARN: "arn:aws:iam::222222222222:role/r", Region: "us-east-1"},
		"shared":   {Kind: "ssm", Region: "eu-west-1", RoleARN: "arn:aws:iam::123456789012:role/store"},
		"old":      {Kind: "local", Path: "/s/store.db", LocalKey: "/s/store.key"},
	}
	if diff := cmp.Diff(want, *c.Base.Store.Sources); diff != "" {
		t.Error(diff)
	}
	for i, want := range []source.Ref{{Source: "payments", Name: "db.password"}, {Name: "other:db"}} {
		if got := c.Jobs[i].Files[0].Secret; got != want {
			t.Errorf("got %#v, want %#v", got, want)
		}
	}
	if got := c.Jobs[0].AllowNoMatch; !cmp.Equal(got, []string{"web.*"}) || c.Jobs[1].AllowNoMatch != nil {
		t.Errorf("allow_no_match: got %v and %v", got, c.Jobs[1].AllowNoMatch)
	}
	if c.Jobs[0].Store != c.Jobs[1].Store {
		t.Error("jobs of one file have different stores, so that a run would ask for each by itself")
	}
}

func TestFaultsOfSources(t *testing.T) {
	for text, want := range map[string]string{
		"{x: {table: t}}":                      "sources.x: has no type",
		"{x: {type: vault}}":                   `sources.x.type: "vault" is not one of`,
		"{ssm: {type: ssm}}":                   "sources.ssm: is a prefix of its own",
		"{'a:b': {type: ssm}}":                 "a source's name has letters",
		"{x: {type: ssm, table: t}}":           "has no table",
		"{x: {type: local, path: /p, key: k}}": "a local store does not have",
		"{x: {type: ssm, path: /p}}":           "are for type local",
		"{x: {type: local}}":                   "are for type local",
		"{x: {type: ssm, arn: a, profile: p}}": "cannot be combined",
		"{x: {type: ssm, regoin: r}}":          "did you mean region?",
		"{x: ssm}":                             "expected a mapping",
		"{x: {type: ssm}, x: {type: ssm}}":     "already given",
		"[{type: ssm}]":                        "expected a mapping",
	} {
		_, err := loadText(t, "sources: "+text+"\njobs: [{name: a, secret: s, dest: /a}]\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestS3Store(t *testing.T) {
	c, err := loadText(t, "store: s3://bucket/app/\njobs: [{name: a, secret: s, dest: /a}]\n")
	if err != nil || c.Base.Store.Kind != "s3" || c.Base.Store.Path != "bucket/app" {
		t.Errorf("got %+v, %v", c.Base.Store, err)
	}
	for _, bad := range []string{"s3://", "s3:bucket", "s3:///"} {
		if _, err := loadText(t, "store: "+bad+"\n"); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
