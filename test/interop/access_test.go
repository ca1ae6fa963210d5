//go:build interop

package interop

import (
	"strings"
	"testing"
)

// setup makes what credstash works with, and changes nothing the second time:
// told by another implementation of AWS than our own.
func TestSetupTwice(t *testing.T) {
	aws := newAccount(t)
	python, ours := aws.credstash(t), aws.credrender(t)
	first := ours.want(t, 0, "setup", "--tag", "team=web")
	if !strings.Contains(first.Stdout, "table  made") || !strings.Contains(first.Stdout, "key    made") {
		t.Fatalf("the first setup printed\n%s", first.Stdout)
	}
	before := aws.look(t)
	second := ours.want(t, 0, "setup", "--tag", "team=web")
	if !strings.Contains(second.Stdout, "table  present") || !strings.Contains(second.Stdout, "key    present") || second.Stderr != "" {
		t.Errorf("the second setup printed\n%s%s", second.Stdout, second.Stderr)
	}
	if after := aws.look(t); after != before {
		t.Errorf("the second setup changed\n%s into\n%s", before, after)
	}
	for _, want := range []string{"PAY_PER_REQUEST", "protected True", "recovery ENABLED", "rotation True", "keys 1", "'team'"} {
		if !strings.Contains(before, want) {
			t.Errorf("%s is not in\n%s", want, before)
		}
	}
	python.want(t, 0, "put", "db", "one", "Env=prod")
	python.want(t, 0, "put", "-a", "db", "two", "Env=prod")
	if got := python.want(t, 0, "get", "-n", "db", "Env=prod").Stdout; got != "two" {
		t.Errorf("credstash got %q", got)
	}
	if got := ours.want(t, 0, "get", "db", "Env=prod").Stdout; got != "two" {
		t.Errorf("credrender got %q", got)
	}
}

// What differs in a table that credstash made is said, and changed on demand.
func TestSetupOfWhatPythonMade(t *testing.T) {
	aws := newAccount(t)
	python, ours := aws.credstash(t), aws.credrender(t)
	python.want(t, 0, "setup")
	aws.makeKey(t)
	before := aws.look(t)
	said := ours.want(t, 0, "setup").Stderr
	for _, want := range []string{"1/1 units", "not protected", "recovery is off", "not rotated"} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is not in\n%s", want, said)
		}
	}
	if after := aws.look(t); after != before {
		t.Errorf("setup changed\n%s into\n%s", before, after)
	}
	ours.want(t, 0, "setup", "--update")
	if said := ours.want(t, 0, "setup"); said.Stderr != "" {
		t.Errorf("after --update it still says\n%s", said.Stderr)
	}
	python.want(t, 0, "put", "db", "one")
	if got := ours.want(t, 0, "get", "db").Stdout; got != "one" {
		t.Errorf("credrender got %q", got)
	}
}

// A grant is what boto sees of it, and is gone after revoke.
func TestGrantAndRevoke(t *testing.T) {
	aws := newAccount(t)
	ours := aws.credrender(t)
	ours.want(t, 0, "setup")
	ours.want(t, 0, "grant", "web", "--read", "env=prod", "service=web")
	seen := aws.grants(t)
	for _, want := range []string{":role/web", "['Decrypt']", "{'EncryptionContextEquals': {'env': 'prod', 'service': 'web'}}", "credrender-read-web-"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%s is not in\n%s", want, seen)
		}
	}
	ours.want(t, 0, "revoke", "web", "--read", "service=web", "env=prod")
	if seen := aws.grants(t); seen != "" {
		t.Errorf("after revoke there is\n%s", seen)
	}
}

// look describes table and key.
func (a account) look(t *testing.T) string {
	t.Helper()
	return newCommand(t, program(t, "python3"), a.env).want(t, 0, "-c", `
import boto3
db, kms = boto3.client("dynamodb"), boto3.client("kms")
table = db.describe_table(TableName="credential-store")["Table"]
print(table["KeySchema"], table.get("BillingModeSummary"), table["ProvisionedThroughput"])
print("protected", table.get("DeletionProtectionEnabled"))
backups = db.describe_continuous_backups(TableName="credential-store")["ContinuousBackupsDescription"]
print("recovery", backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"])
print(db.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"])
keys = [k["KeyId"] for k in kms.list_keys()["Keys"]]
print("keys", len(keys))
for key in keys:
    print("rotation", kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"], kms.list_resource_tags(KeyId=key)["Tags"])
print(kms.list_aliases()["Aliases"])`).Stdout
}

func (a account) grants(t *testing.T) string {
	t.Helper()
	return newCommand(t, program(t, "python3"), a.env).want(t, 0, "-c", `
import boto3
kms = boto3.client("kms")
for key in kms.list_keys()["Keys"]:
    for g in kms.list_grants(KeyId=key["KeyId"])["Grants"]:
        print(g["GranteePrincipal"], g["Operations"], {k: dict(sorted(v.items())) for k, v in g["Constraints"].items()}, g.get("Name"))`).Stdout
}
