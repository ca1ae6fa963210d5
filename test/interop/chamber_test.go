//go:build interop

package interop

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// chamberBucket has an underscore, so that chamber puts it into the path of the URL:
// there is no host of its name.
const chamberBucket = "interop_bucket"

// chamber is the real program with one of its back ends in the account.
func (a account) chamber(t *testing.T, backend string) command {
	t.Helper()
	endpoint, _ := strings.CutPrefix(a.env[0], "AWS_ENDPOINT_URL=")
	return newCommand(t, program(t, "chamber"), append(slices.Clone(a.env),
		"CHAMBER_SECRET_BACKEND="+backend, "CHAMBER_S3_BUCKET="+chamberBucket, // the endpoint counts for all of them
		"CHAMBER_AWS_SSM_ENDPOINT="+endpoint, "CHAMBER_AWS_REGION=eu-west-1"))
}

// newChamberAccount is an account with the key and the bucket that chamber needs.
func newChamberAccount(t *testing.T) account {
	t.Helper()
	aws := newAccount(t)
	aws.python(t, `
kms = boto3.client("kms")
kms.create_alias(AliasName="alias/parameter_store_key", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
boto3.client("s3").create_bucket(Bucket="`+chamberBucket+`", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})`)
	return aws
}

// chamberValues are what quoting gets wrong. chamber does not write empty values.
var chamberValues = map[string]string{
	"plain": "s3cret", "quotes": `it's "quoted"`, "dollar": `$HOME ${x} $(id) %{y}`, "backslash": `C:\new\table`, "lines": "one\ntwo\n",
	"unicode": "naïve 漢 😀", "comma": "a,b;c=d:e", "hash": " # no comment ", "number": "0644", "json": `{"a": [1, null]}`,
}

func decodeJSON(t *testing.T, text string) map[string]string {
	t.Helper()
	var values map[string]string
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return values
}

// chamberRefs are a service in each of chamber's back ends, as credrender names it.
var chamberRefs = map[string]string{"ssm": "ssm:/web", "secretsmanager": "sm:web", "s3": "s3://" + chamberBucket + "/web", "s3-kms": "s3://" + chamberBucket + "/web"}

// What chamber wrote in each back end is imported with the values that chamber reads,
// the newest version and no key that was deleted.
func TestImportFromChamber(t *testing.T) {
	for backend, ref := range chamberRefs {
		t.Run(backend, func(t *testing.T) {
			aws := newChamberAccount(t)
			chamber, ours := aws.chamber(t, backend), aws.credrender(t)
			chamber.want(t, 0, "write", "web", "gone", "x")
			chamber.want(t, 0, "write", "web", "plain", "old")
			for _, key := range slices.Sorted(maps.Keys(chamberValues)) {
				chamber.want(t, 0, "write", "web", key, "--", chamberValues[key])
			}
			chamber.want(t, 0, "delete", "web", "gone")
			for key, value := range chamberValues {
				if got := chamber.want(t, 0, "read", "-q", "web", key).Stdout; got != value+"\n" {
					t.Errorf("chamber reads %q of %s, not %q", got, key, value)
				}
			}
			ours.want(t, 0, "setup")
			dry := ours.want(t, 0, "import", ref, "--from-format", "chamber", "env=prod", "--dry-run").Stdout
			if n := strings.Count(dry, "\nput     web/"); n != len(chamberValues) || strings.Contains(dry, "s3cret") {
				t.Errorf("%d planned:\n%s", n, dry)
			}
			ours.want(t, 0, "import", ref, "--from-format", "chamber", "env=prod")
			want := map[string]string{}
			for key, value := range chamberValues {
				want["web/"+key] = value
			}
			if diff := cmp.Diff(want, decodeJSON(t, ours.want(t, 0, "getall", "env=prod", "-o", "json").Stdout)); diff != "" {
				t.Errorf("(-chamber +ours):\n%s", diff)
			}
			if again := ours.want(t, 0, "import", ref, "--from-format", "chamber", "env=prod"); again.Stderr != "" {
				t.Errorf("again: %s", again.Stderr)
			}
		})
	}
}

// Each format that chamber exports is imported with its values, and what credrender
// exports as JSON and YAML chamber imports.
func TestFormatsOfChamber(t *testing.T) {
	chamber := newChamberAccount(t).chamber(t, "ssm")
	for key, value := range chamberValues {
		chamber.want(t, 0, "write", "web", key, "--", value)
	}
	dir := t.TempDir()
	upper, lower := map[string]string{}, maps.Clone(chamberValues)
	for key, value := range chamberValues {
		upper[strings.ToUpper(key)] = value
		if key != "dollar" { // chamber's .tfvars does not escape ${: Terraform cannot read it either
			chamber.want(t, 0, "write", "vars", key, "--", value)
		}
	}
	for theirs, own := range map[string]string{
		"json": "json", "yaml": "yaml", "java-properties": "properties", "csv": "csv", "tsv": "tsv", "dotenv": "dotenv", "tfvars": "tfvars",
	} {
		t.Run(theirs, func(t *testing.T) {
			file, store := filepath.Join(dir, theirs), filepath.Join(t.TempDir(), "store.db")
			service, want := "web", lower
			switch theirs {
			case "tfvars":
				service, want = "vars", maps.Clone(lower)
				delete(want, "dollar")
			case "java-properties": // what chamber loses in the file
				want = maps.Clone(lower)
				want["hash"], want["unicode"] = strings.TrimLeft(want["hash"], " "), "naïve 漢 ?"
			case "dotenv":
				want = upper
			}
			chamber.want(t, 0, "export", "-f", theirs, "-o", file, service)
			local := newCommand(t, binary, nil, "--state-dir", t.TempDir(), "--store", "local:"+store, "--local-key", store+".key")
			local.want(t, 0, "setup")
			local.want(t, 0, "import", file, "--from-format", own)
			if diff := cmp.Diff(want, decodeJSON(t, local.want(t, 0, "getall", "-o", "json").Stdout)); diff != "" {
				t.Errorf("(-chamber +ours):\n%s", diff)
			}
			if own != "json" && own != "yaml" {
				return
			}
			exported := filepath.Join(dir, "ours."+own)
			local.want(t, 0, "export", "--file", exported)
			chamber.want(t, 0, "import", "back-"+own, exported)
			if diff := cmp.Diff(lower, decodeJSON(t, chamber.want(t, 0, "export", "-f", "json", "back-"+own).Stdout)); diff != "" {
				t.Errorf("back in chamber (-want +got):\n%s", diff)
			}
		})
	}
}

// Every command of chamber that reads, beside ours on the same parameters.
func TestCommandsOfChamber(t *testing.T) {
	aws := newChamberAccount(t)
	chamber, ours := aws.chamber(t, "ssm"), aws.credrender(t)
	for _, service := range []string{"web", "db"} {
		for key, value := range chamberValues {
			chamber.want(t, 0, "write", service, key, "--", value)
		}
	}
	environment := func(out string) map[string]string {
		vars := map[string]string{}
		for _, pair := range strings.Split(out, "\x00") {
			if name, value, ok := strings.Cut(pair, "="); ok {
				vars[name] = value
			}
		}
		return vars
	}
	keys := func(out string) []string {
		var found []string
		for line := range strings.Lines(out) {
			if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" {
				name, _, _ = strings.Cut(name, "\t")
				found = append(found, strings.TrimPrefix(name, "/web/"))
			}
		}
		slices.Sort(found)
		return found
	}
	for _, row := range []struct {
		name, chamber, ours string
		same                func(theirs, own string) string // what differs
	}{
		{"read", "read -q web quotes", "get ssm:/web/quotes", func(theirs, own string) string { return cmp.Diff(strings.TrimSuffix(theirs, "\n"), own) }},
		{"list", "list web", "list --no-headers ssm:/web/*", func(theirs, own string) string {
			return cmp.Diff(slices.DeleteFunc(keys(theirs), func(s string) bool { return s == "Key" }), keys(own))
		}},
		{"export", "export -f json web", "getall ssm:/web/* -o json", func(theirs, own string) string {
			values := map[string]string{}
			for path, value := range decodeJSON(t, own) {
				values[strings.TrimPrefix(path, "/web/")] = value
			}
			return cmp.Diff(decodeJSON(t, theirs), values)
		}},
		{"exec", "exec --pristine web -- /usr/bin/env -0", "exec --pristine --env-prefix ssm:/web/* -- /usr/bin/env -0", func(theirs, own string) string {
			return cmp.Diff(environment(theirs), environment(own))
		}},
		{"exec of two services", "exec --pristine db web -- /usr/bin/env -0", "exec --pristine --last-wins --env-prefix ssm:/db/* --env-prefix ssm:/web/* -- /usr/bin/env -0", func(theirs, own string) string {
			return cmp.Diff(environment(theirs), environment(own))
		}},
		{"find", "find quotes", "list --no-headers ssm:/*/quotes", func(theirs, own string) string {
			return cmp.Diff(strings.Count(theirs, "web")+strings.Count(theirs, "db"), strings.Count(own, "/quotes"))
		}},
		{"list-services", "list-services", "list --no-headers ssm:/*", func(theirs, own string) string {
			services := map[string]bool{"Service": true}
			for line := range strings.Lines(own) {
				services[strings.Split(line, "/")[1]] = true
			}
			want := strings.Fields(theirs)
			slices.Sort(want)
			return cmp.Diff(want, slices.Sorted(maps.Keys(services)))
		}},
	} {
		theirs, own := chamber.want(t, 0, strings.Fields(row.chamber)...), ours.want(t, 0, strings.Fields(row.ours)...)
		if diff := row.same(theirs.Stdout, own.Stdout); diff != "" {
			t.Errorf("%s (-chamber %s +credrender %s):\n%s", row.name, row.chamber, row.ours, diff)
		}
	}
	// chamber env | sh, and ours.
	file := filepath.Join(t.TempDir(), "env.sh")
	writeFile(t, filepath.Dir(file), "theirs.sh", chamber.want(t, 0, "env", "web").Stdout)
	local := filepath.Join(t.TempDir(), "store.db")
	moved := newCommand(t, binary, aws.env, "--state-dir", t.TempDir(), "--store", "local:"+local, "--local-key", local+".key")
	moved.want(t, 0, "setup")
	moved.want(t, 0, "import", "ssm:/web", "--from-format", "chamber")
	moved.want(t, 0, "export", "web/*", "--env-names", "--file", file)
	shell := func(path string) map[string]string {
		return environment(newCommand(t, program(t, "env"), nil, "-i").want(t, 0, "sh", "-c", ". "+path+"; unset PWD; exec env -0").Stdout)
	}
	theirs, own := shell(filepath.Join(filepath.Dir(file), "theirs.sh")), map[string]string{}
	for name, value := range shell(file) {
		own[strings.TrimPrefix(name, "WEB_")] = value
	}
	if diff := cmp.Diff(theirs, own); diff != "" {
		t.Errorf("env (-chamber +credrender):\n%s", diff)
	}
}

// Every command of chamber that writes, beside ours. chamber reads both.
func TestWritesOfChamber(t *testing.T) {
	aws := newChamberAccount(t)
	chamber, ours := aws.chamber(t, "ssm"), aws.credrender(t)
	file := filepath.Join(t.TempDir(), "more.json")
	writeFile(t, filepath.Dir(file), "more.json", `{"c": "it's \"c\"", "d": "$d"}`)
	for _, args := range [][]string{
		{"write", "theirs", "a", "one"}, {"write", "theirs", "a", "two"}, {"write", "theirs", "b", "x"}, {"delete", "theirs", "b"}, {"import", "theirs", file},
	} {
		chamber.want(t, 0, args...)
	}
	for _, args := range [][]string{
		{"put", "ssm:/ours/a", "one"}, {"put", "ssm:/ours/a", "two"}, {"put", "ssm:/ours/b", "x"}, {"delete", "ssm:/ours/b"}, {"import", file, "--into", "ssm:/ours/"},
	} {
		ours.want(t, 0, args...)
	}
	exported := func(service string) map[string]string {
		return decodeJSON(t, chamber.want(t, 0, "export", "-f", "json", service).Stdout)
	}
	if diff := cmp.Diff(exported("theirs"), exported("ours")); diff != "" || len(exported("ours")) != 3 {
		t.Errorf("(-chamber +credrender):\n%s", diff)
	}
	theirs := strings.Count(chamber.want(t, 0, "history", "theirs", "a").Stdout, "\n") - 1 // the header
	if own := strings.Count(ours.want(t, 0, "history", "--no-headers", "ssm:/ours/a").Stdout, "\n"); own != theirs || own != 2 {
		t.Errorf("%d versions by chamber, %d by credrender", theirs, own)
	}
}
