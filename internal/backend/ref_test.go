package backend_test

import (
	"errors"
	"testing"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/test/awsfake"
)

func pairs(kv ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return m
}

func beside() job.Store {
	named := job.Sources{
		"pay":    {Kind: backend.DynamoDB, Table: "pay", Region: awsfake.Region, Key: "alias/pay"},
		"shared": {Kind: backend.DynamoDB, Table: "shared", Region: awsfake.Region},
		"params": {Kind: backend.SSM, Region: awsfake.Region},
		"old":    {Kind: backend.Local, Path: "/nowhere/store.db", LocalKey: "/nowhere/store.key"},
	}
	return job.Store{Kind: backend.DynamoDB, Table: "main", Region: awsfake.Region, Key: "alias/main", Sources: &named}
}

func TestParseRef(t *testing.T) {
	tests := []struct {
		text  string
		given map[string]string
		want  string // of String
		err   error
	}{
		{"db", nil, "db", nil},
		{"db?env=prod", pairs("env", "prod"), "db (env=prod)", nil},
		{"db?env=prod", pairs("app", "web"), "db (app=web env=prod)", nil},
		{"db?env=prod", pairs("env", "dev"), "", source.ErrContext},
		{"pay:db", pairs("env", "dev"), "pay:db (env=dev)", nil},
		{"bills:db", nil, "bills:db", nil},
		{"ssm:/a", nil, "ssm:/a", nil},
		{"ssm:/a", pairs("env", "dev"), "", source.ErrContext},
		{"params:/a?env=prod", nil, "", source.ErrContext},
		{"sm:a?env=prod", nil, "", source.ErrContext},
		{"s3://b/k?env=prod", nil, "s3://b/k (env=prod)", nil},
		{"db?env=prod&env=dev", nil, "", source.ErrRef},
		{"", nil, "", source.ErrRef},
	}
	for _, tt := range tests {
		got, err := backend.ParseRef(beside(), tt.text, "", tt.given)
		if !errors.Is(err, tt.err) || err == nil && got.String() != tt.want {
			t.Errorf("%q with %v: got %s, %v; want %s, %v", tt.text, tt.given, got, err, tt.want, tt.err)
		}
	}
}

// A target has the place and the key that its prefix means, and a command that
// the place cannot serve fails before it is asked anything.
func TestTargets(t *testing.T) {
	srv := awsfake.Start(t)
	srv.SetEnv(t)
	tests := []struct{ text, table, key, name string }{ // no name: it has no items
		{"db", "main", "alias/main", "db"},
		{"pay:db", "pay", "alias/pay", "db"},
		{"shared:ssm:/x", "shared", "alias/main", "ssm:/x"},
		{"old:db", "", "", "db"},
		{"ssm:/a", "", "", ""},
		{"params:/a", "", "", ""},
		{"sm:a", "", "", ""},
		{"s3://b/k", "", "alias/main", ""},
	}
	for _, tt := range tests {
		var set backend.Set
		ref, err := backend.ParseRef(beside(), tt.text, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		target, err := set.Target(beside(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if got := target.Place(); got.Table != tt.table || got.Key != tt.key {
			t.Errorf("%s: table %q, key %q; want %q, %q", tt.text, got.Table, got.Key, tt.table, tt.key)
		}
		_, name, err := target.Items(t.Context(), "prune")
		_, unable := errors.AsType[*backend.UnableError](err)
		if name != tt.name || unable != (tt.name == "") {
			t.Errorf("%s: items %q, %v; want %q", tt.text, name, err, tt.name)
		}
	}
	if n := len(srv.Requests()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}
