//go:build interop

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// step is one command of the journey; its words are also the label of the
// requests that it causes.
type step struct {
	stdin string
	args  string // split at blanks; $DIR is the journey's folder
	code  int
}

// oddNames are names, contexts and keys that test how requests are encoded.
var oddNames = []string{"naïve/käse", "a+b&c=d%20e", "日本語", "sla//sh", "quo\"te'", "dots.and-dashes_", "tab\tname", "~tilde*(!)"}

// journey runs every command that speaks to AWS, over every source.
func journey(t *testing.T, rec *recorder, aws account) {
	t.Helper()
	aws.python(t, seedSources+`
for name in ("bucket", "dotted.bucket"):
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    boto3.client("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
boto3.client("kms").create_alias(AliasName="alias/other", TargetKeyId=boto3.client("kms").create_key()["KeyMetadata"]["KeyId"])`)
	rec.mu.Lock()
	rec.sent = nil // botocore's own requests
	rec.mu.Unlock()
	dir := journeyFiles(t)
	bin := newCommand(t, binary, append(aws.env, "HOME="+dir, "CREDRENDER_STATE_DIR="+filepath.Join(dir, "state"), "EDITOR=sed -i s/^/x/"))
	for _, s := range journeySteps() {
		rec.during(s.args, func() {
			args := strings.Fields(strings.ReplaceAll(s.args, "$DIR", dir))
			if r := bin.runInput(t, s.stdin, args...); r.Code != s.code {
				t.Errorf("%s: exit code %d, want %d\n%s", s.args, r.Code, s.code, r.Stderr)
			}
		})
	}
	for i, name := range oddNames {
		rec.during("odd name "+name, func() {
			bin.wantInput(t, 0, "v", "put", name, "-", "k="+name, "ключ=v")
			bin.want(t, 0, "get", name, "k="+name, "ключ=v")
			bin.wantInput(t, 0, "v", "--store", "s3://bucket/pre", "put", name, "-", "k="+name)
			bin.want(t, 0, "get", "s3://bucket/pre/"+name, "k="+name)
			bin.want(t, 0, "list", name)
			bin.want(t, 0, "grant", fmt.Sprintf("role%d", i), "--read", "k="+name)
			bin.want(t, 3, "get", "sm:gone-"+fmt.Sprint(i))
		})
	}
	rec.during("decrypt", func() {
		sealed := bin.wantInput(t, 0, "sealed", "encrypt", "-", "env=prod").Stdout
		bin.wantInput(t, 0, sealed, "decrypt", "-", "env=prod")
	})
	rec.during("daemon", func() { journeyDaemon(t, bin, dir) })
}

func journeyFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var many strings.Builder
	for i := range 25 {
		fmt.Fprintf(&many, "{{ ssm \"/n/%d\" }} {{ secretsManager \"n/%d\" }}\n", i, i)
	}
	for name, text := range map[string]string{
		"all.tmpl": many.String() + `{{ secret "db" "env=prod" }} {{ secretVersion "db" 1 "env=prod" }} {{ s3secret "s3://bucket/app/k" "env=prod" }}` +
			`{{ s3object "s3://bucket/app/k" | len }} {{ len (s3secrets "s3://bucket/app/" "env=prod") }} {{ len (secrets "web.*" "env=prod") }}` +
			`{{ ssm "/v:1" }} {{ ssm "/v:old" }} {{ ssm "/list" }} {{ len (ssmPath "/n") }} {{ secretsManager "json" "k" }}` +
			`{{ secretVersion "sm:json#k" "AWSPREVIOUS" }} {{ secretsManager "binary" }} {{ secretOr "none" "absent" "env=prod" }}`,
		"some.tmpl":       `{{ secret "db" "env=prod" }} {{ ssm "/n/1" }} {{ secretsManager "n/1" }} {{ s3secret "s3://bucket/app/k" "env=prod" }}`,
		"plain":           strings.Repeat("secret ", 20),
		"large":           strings.Repeat("0123456789abcdef", 8<<10),
		"import.json":     `{"web.a": "one", "web.b": "two", "bytes": {"base64": "AAEC/w=="}}`,
		"credrender.yaml": "jobs:\n  - name: some\n    schedule: '@every 1s'\n    src: some.tmpl\n    dest: " + filepath.Join(dir, "daemon.out") + "\n",
	} {
		writeFile(t, dir, name, text)
	}
	return dir
}

// journeySteps come in this order: each needs what those before it made.
func journeySteps() []step {
	const role = "arn:aws:iam::123456789012:role/reader"
	return []step{
		{args: "setup --dry-run"},
		{args: "setup --tag team=web"},
		{args: "setup --update --tag team=web --tag cost=7"},
		{args: "setup --table provisioned --provisioned 5/2"},
		{args: "setup --table other"},
		{stdin: "one", args: "put db - env=prod"},
		{stdin: "two", args: "put db - env=prod --comment why"},
		{stdin: "two", args: "put db - env=prod --if-changed"},
		{stdin: "ctr", args: "put ctr - env=prod --item-format aes-ctr"},
		{stdin: "gcm", args: "put gcm - env=prod --item-format aes-gcm"},
		{args: "put big @$DIR/large env=prod"},
		{args: "get db env=prod"},
		{args: "get db -v 1 env=prod"},
		{args: "get db env=dev", code: 3},
		{args: "get absent", code: 3},
		{args: "list"},
		{args: "list web.* -o json"},
		{args: "import $DIR/import.json env=prod"},
		{args: "import $DIR/import.json env=prod"},
		{args: "getall web.* env=prod"},
		{args: "export web.* env=prod --plaintext -o json"},
		{args: "export web.* env=prod --to table=other --all-versions"},
		{args: "verify-store web.* env=prod"},
		{args: "rekey web.* --key alias/other env=prod --dry-run"},
		{args: "rekey web.* --key alias/other env=prod"},
		{args: "rekey web.* env=prod --to-context env=prod --to-context app=web"},
		{args: "rekey web.* env=prod app=web --to-context env=prod"},
		{args: "migrate --dry-run"},
		{args: "migrate ctr env=prod --item-format credstash"},
		{args: "prune --keep 1 db --dry-run"},
		{args: "encrypt $DIR/plain env=prod"},
		{args: "encrypt $DIR/large env=prod"},
		{stdin: "object", args: "--store s3://bucket/app put k - env=prod"},
		{args: "--store s3://bucket/app put large @$DIR/large env=prod"},
		{stdin: "x", args: "--store s3://dotted.bucket/app put k - env=prod"},
		{args: "--store s3://bucket/app list"},
		{args: "--store s3://bucket/app delete large"},
		{args: "get s3://bucket/app/k env=prod"},
		{args: "get s3://dotted.bucket/app/k env=prod"},
		{args: "get s3://bucket/absent env=prod", code: 3},
		{args: "get ssm:/n/1"},
		{args: "get ssm:/gone", code: 3},
		{args: "get sm:json#k"},
		{args: "get sm:gone", code: 3},
		{args: "generate made env=prod"},
		{args: "generate made env=prod --if-absent"},
		{args: "edit made env=prod"},
		{args: "history made"},
		{args: "rollback made --to 1 env=prod"},
		{args: "copy made copied env=prod --to-context env=dev"},
		{args: "copy made ssm:/made env=prod"},
		{args: "copy made sm:made env=prod"},
		{args: "history ssm:/made"},
		{args: "rotate made env=prod --verify true --wait-for true --revoke true"},
		{args: "rotate made env=prod --verify false --unapply true", code: 4},
		{args: "rotate ssm:/made --verify true --revoke true"},
		{args: "rotate sm:made --verify true --revoke true"},
		{args: "rotate sm:made --verify false --unapply true", code: 4},
		{args: "render $DIR/all.tmpl"},
		{args: "render $DIR/some.tmpl:$DIR/some.out"},
		{args: "render $DIR/some.tmpl:$DIR/some.out"},
		{args: "render --force $DIR/some.tmpl:$DIR/some.out"},
		{args: "plan $DIR/all.tmpl:$DIR/all.out"},
		{args: "pull db env=prod $DIR/pulled"},
		{args: "exec --env DB=db?env=prod --env-prefix web.* --context env=prod -- true"},
		{args: "exec --watch @hourly --env DB=db?env=prod -- true"},
		{args: "doctor $DIR/some.tmpl"},
		{args: "doctor --all env=prod", code: 2},
		{args: "policy $DIR/some.tmpl"},
		{args: "policy --role admin"},
		{args: "grant web --read env=prod"},
		{args: "grant web --write env=prod --subset"},
		{args: "grant web --read --any-context"},
		{args: "grants"},
		{args: "grants web -o json"},
		{args: "revoke web --read env=prod"},
		{args: "--arn " + role + " get db env=prod"},
		{args: "--arn " + role + " get s3://bucket/app/k env=prod"},
		{args: "--arn " + role + " get ssm:/n/1"},
		{args: "--arn " + role + " get sm:json"},
		{args: "--grant-token AQpAM2RhZ== get db env=prod"},
		{args: "--kms-region us-west-2 get db env=prod", code: 3},
		{args: "delete db -v 1"},
		{args: "delete gcm"},
		{args: "credstash -t stash setup"},
		{args: "credstash -t stash put pw one env=prod"},
		{args: "credstash -t stash put -a pw two env=prod"},
		{args: "credstash -t stash get pw env=prod"},
		{args: "credstash -t stash getall env=prod"},
		{args: "credstash -t stash list"},
		{args: "credstash -t stash keys"},
		{args: "credstash -t stash delete pw"},
		{args: "credsmash -t smash -k alias/credstash setup-dynamodb"},
		{args: "credsmash -t smash -k alias/credstash --context env prod put pw $DIR/plain"},
		{args: "credsmash -t smash -k alias/credstash --context env prod get pw"},
		{args: "credsmash -t smash -k alias/credstash --context env prod get-all"},
		{args: "credsmash -t smash list"},
		{args: "credsmash -t smash delete pw"},
	}
}

// withoutAWS are the commands that send nothing to AWS. Any other command that
// the binary has must be part of the journey.
var withoutAWS = []string{"completion", "config", "convert", "demo", "docs", "explain", "help", "hold", "init", "lint", "recover", "run-hook", "status", "test", "version"}

// The journey goes through every command that there is.
func TestAuthorityJourneyIsWhole(t *testing.T) {
	travelled := map[string]bool{"daemon": true, "decrypt": true}
	for _, s := range journeySteps() {
		words := strings.Fields(s.args)
		for strings.HasPrefix(words[0], "-") { // global flags, each with a value
			words = words[2:]
		}
		travelled[words[0]] = true
	}
	help := newCommand(t, binary, nil).want(t, 0, "--help").Stdout
	_, list, _ := strings.Cut(help, "Usage:\n")
	_, list, _ = strings.Cut(list, "\n\n") // the groups of commands, with a heading each
	list, _, _ = strings.Cut(list, "Topics of ")
	commands := 0
	for line := range strings.Lines(list) {
		if !strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "   ") { // a wrapped description
			continue
		}
		name := strings.Fields(line)[0]
		commands++
		if !travelled[name] && !slices.Contains(withoutAWS, name) {
			t.Errorf("%s: no step of the journey runs it: add one to journeySteps, or the command to withoutAWS", name)
		}
	}
	if commands < 30 {
		t.Errorf("only %d commands in\n%s", commands, help)
	}
}

// journeyDaemon lets the daemon run over a change.
func journeyDaemon(t *testing.T, bin command, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bin.path, "-c", filepath.Join(dir, "credrender.yaml"), "daemon")
	cmd.Env, cmd.Dir = bin.env, dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reads := func(value string) func() bool {
		return func() bool {
			data, err := os.ReadFile(filepath.Join(dir, "daemon.out"))
			return err == nil && strings.HasPrefix(string(data), value+" ")
		}
	}
	eventually(t, "the daemon renders", reads("two"))
	bin.wantInput(t, 0, "three", "put", "db", "-", "env=prod")
	eventually(t, "the daemon renders the new version", reads("three"))
	time.Sleep(1100 * time.Millisecond) // an unchanged run
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
}
