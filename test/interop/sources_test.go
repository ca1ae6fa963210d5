//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/awsfake/s3test"
)

// awscli is Amazon's own command line, with the account as its AWS.
func (a account) awscli(t *testing.T) command {
	t.Helper()
	return newCommand(t, program(t, "aws"), a.env)
}

// python runs a script with boto3.
func (a account) python(t *testing.T, script string) {
	t.Helper()
	newCommand(t, program(t, "python3"), a.env).want(t, 0, "-c", "import boto3\n"+script)
}

// statistics are what --stats says of a run, in JSON.
type statistics struct {
	Batches  int            `json:"batches"`
	KMSCalls int            `json:"kms_calls"`
	Requests map[string]int `json:"requests"`
}

func statsOf(t *testing.T, r result) statistics {
	t.Helper()
	for line := range strings.Lines(r.Stderr) {
		var record struct{ Stats *statistics }
		if json.Unmarshal([]byte(line), &record) == nil && record.Stats != nil {
			return *record.Stats
		}
	}
	t.Fatalf("no statistics in %s", r.Stderr)
	return statistics{}
}

// One template over all sources, at moto, with S3 at moto and at gofakes3: a
// wave, tens and twenties; and a second run that decrypts nothing.
func TestEverySource(t *testing.T) {
	for _, s3 := range []string{"moto", "gofakes3"} {
		t.Run(s3, func(t *testing.T) {
			aws := newAccount(t)
			if s3 == "gofakes3" {
				srv, err := s3test.New("bucket")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(srv.Close)
				aws.env = append(aws.env, srv.Env()...)
			} else {
				aws.python(t, `s3 = boto3.client("s3")
s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})`)
			}
			everySource(t, aws)
		})
	}
}

// seedSources fills Parameter Store and Secrets Manager.
const seedSources = `
ssm, sm = boto3.client("ssm"), boto3.client("secretsmanager")
for i in range(25):
    ssm.put_parameter(Name=f"/n/{i}", Value=f"p{i}", Type="SecureString")
for i in range(45):
    sm.create_secret(Name=f"n/{i}", SecretString=f"s{i}")
ssm.put_parameter(Name="/v", Value="one", Type="String")
ssm.put_parameter(Name="/v", Value="two", Type="String", Overwrite=True)
ssm.label_parameter_version(Name="/v", ParameterVersion=1, Labels=["old"])
ssm.put_parameter(Name="/list", Value="x,y", Type="StringList")
sm.create_secret(Name="json", SecretString='{"k": "j1"}')
sm.put_secret_value(SecretId="json", SecretString='{"k": "j2"}')
sm.create_secret(Name="binary", SecretBinary=b"bin")`

func everySource(t *testing.T, aws account) {
	aws.python(t, seedSources)
	bin := aws.credrender(t)
	bin.want(t, 0, "setup")
	bin.wantInput(t, 0, "from the table", "put", "db", "-")
	bin.wantInput(t, 0, "from s3", "--store", "s3://bucket/app", "put", "k", "-", "env=prod")
	dir := t.TempDir()
	var text, want strings.Builder
	for i := range 25 {
		fmt.Fprintf(&text, "{{ ssm \"/n/%d\" }}\n", i)
		fmt.Fprintf(&want, "p%d\n", i)
	}
	for i := range 45 {
		fmt.Fprintf(&text, "{{ secretsManager \"n/%d\" }}\n", i)
		fmt.Fprintf(&want, "s%d\n", i)
	}
	text.WriteString(`{{ secret "db" }}|{{ s3secret "s3://bucket/app/k" "env=prod" }}`)
	want.WriteString("from the table|from s3")
	tmpl, dest := writeFile(t, dir, "all.tmpl", text.String()), filepath.Join(dir, "out")
	r := bin.want(t, 0, "--log-format", "json", "render", "--stats", tmpl+":"+dest)
	got, err := os.ReadFile(dest)
	if err != nil || string(got) != want.String() {
		t.Errorf("got %s, %v", got, err)
	}
	stats := statsOf(t, r)
	if diff := cmp.Diff(map[string]int{
		"dynamodb.Query": 1, "kms.Decrypt": 2, "s3.GetObject": 1, "ssm.GetParameters": 3, "secretsmanager.BatchGetSecretValue": 3,
	}, stats.Requests); diff != "" || stats.Batches != 1 {
		t.Errorf("%d batches; requests (-want +got):\n%s", stats.Batches, diff)
	}
	r = bin.want(t, 0, "--log-format", "json", "render", "--stats", tmpl+":"+dest)
	if diff := cmp.Diff(map[string]int{
		"dynamodb.Query": 1, "s3.HeadObject": 1, "ssm.GetParameters": 3, "secretsmanager.DescribeSecret": 45,
	}, statsOf(t, r).Requests); diff != "" {
		t.Errorf("a quiet run's requests (-want +got):\n%s", diff)
	}
	forms := writeFile(t, dir, "forms.tmpl", `{{ ssm "/v" }} {{ ssm "/v:1" }} {{ ssm "/v:old" }} {{ ssm "/list" }} {{ len (ssmPath "/n") }} `+
		`{{ secretsManager "json" "k" }} {{ secretVersion "sm:json#k" "AWSPREVIOUS" }} {{ secretsManager "binary" }}`)
	if out := bin.want(t, 0, "render", forms).Stdout; out != "two one one x,y 25 j2 j1 bin" {
		t.Errorf("got %q", out)
	}
	missing := writeFile(t, dir, "missing.tmpl", `{{ ssm "/gone" }}{{ ssm "/n/1" }}{{ secretsManager "gone" }}{{ secretsManager "n/1" }}{{ s3secret "s3://bucket/gone" }}`)
	r = bin.want(t, 3, "render", missing)
	for _, name := range []string{"ssm:/gone", "sm:gone", "s3://bucket/gone"} {
		if !strings.Contains(r.Stderr, "secret "+name+": ") {
			t.Errorf("%s is not named in %s", name, r.Stderr)
		}
	}
}

// The object that people make with the real command line opens, raw or as it
// was printed; a wrong context exits 3.
func TestObjectsOfTheCommandLine(t *testing.T) {
	aws := newAccount(t)
	aws.makeKey(t)
	cli, bin, dir := aws.awscli(t), aws.credrender(t), t.TempDir()
	plain := writeFile(t, dir, "plain", "hunter2 \x00\xff\n")
	printed := cli.want(t, 0, "kms", "encrypt", "--key-id", "alias/credstash", "--plaintext", "fileb://"+plain,
		"--encryption-context", "env=prod", "--output", "text", "--query", "CiphertextBlob").Stdout
	cli.want(t, 0, "s3", "mb", "s3://bucket")
	text := writeFile(t, dir, "text", printed)
	cli.want(t, 0, "s3", "cp", text, "s3://bucket/text")
	raw := newCommand(t, program(t, "base64"), nil).wantInput(t, 0, printed, "-d").Stdout
	cli.want(t, 0, "s3", "cp", writeFile(t, dir, "raw", raw), "s3://bucket/raw")
	for _, name := range []string{"text", "raw"} {
		if got := bin.want(t, 0, "get", "s3://bucket/"+name, "env=prod").Stdout; got != "hunter2 \x00\xff\n" {
			t.Errorf("%s: got %q", name, got)
		}
		if r := bin.want(t, 3, "get", "s3://bucket/"+name, "env=dev"); !strings.Contains(r.Stderr, "wrong encryption context") {
			t.Errorf("%s with a wrong context: %s", name, r.Stderr)
		}
	}
	// And what encrypt makes opens with theirs.
	sealed := bin.want(t, 0, "encrypt", plain, "env=prod").Stdout
	blob := newCommand(t, program(t, "base64"), nil).wantInput(t, 0, sealed, "-d").Stdout
	opened := cli.want(t, 0, "kms", "decrypt", "--ciphertext-blob", "fileb://"+writeFile(t, dir, "blob", blob),
		"--encryption-context", "env=prod", "--output", "text", "--query", "Plaintext").Stdout
	if got := newCommand(t, program(t, "base64"), nil).wantInput(t, 0, opened, "-d").Stdout; got != "hunter2 \x00\xff\n" {
		t.Errorf("aws kms decrypt opens it as %q", got)
	}
}

// 300 KiB go into an envelope and come out; a byte that is flipped anywhere in
// the object is an integrity error.
func TestEnvelopeInS3(t *testing.T) {
	aws := newAccount(t)
	aws.makeKey(t)
	cli, dir := aws.awscli(t), t.TempDir()
	bin := aws.credrender(t)
	bin.args = append(bin.args, "--store", "s3://bucket/app")
	cli.want(t, 0, "s3", "mb", "s3://bucket")
	cli.want(t, 0, "s3api", "put-bucket-versioning", "--bucket", "bucket", "--versioning-configuration", "Status=Enabled")
	value := strings.Repeat("0123456789abcdef", 300<<10/16)
	bin.wantInput(t, 0, value, "put", "big", "-", "env=prod")
	if got := bin.want(t, 0, "get", "big", "env=prod").Stdout; got != value {
		t.Errorf("got %d bytes", len(got))
	}
	object := filepath.Join(dir, "object")
	cli.want(t, 0, "s3", "cp", "s3://bucket/app/big", object)
	sealed, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 10, 21, 22, 60, 70, 300, len(sealed) / 2, len(sealed) - 2, len(sealed) - 1} {
		bad := bytes.Clone(sealed)
		bad[at] ^= 1
		cli.want(t, 0, "s3", "cp", writeFile(t, dir, "bad", string(bad)), "s3://bucket/app/big")
		if r := bin.want(t, 1, "get", "big", "env=prod"); !strings.Contains(r.Stderr, "integrity check failed") || r.Stdout != "" {
			t.Errorf("byte %d: %s", at, r.Stderr)
		}
	}
}

// In a PID namespace, as in a container, the command is PID 1.
func TestExecIsPID1(t *testing.T) {
	if newCommand(t, program(t, "unshare"), nil).run(t, "-pf", "--mount-proc", "true").Code != 0 {
		t.Skip("namespaces of processes are not permitted here")
	}
	store := "local:" + filepath.Join(t.TempDir(), "store.db")
	bin := newCommand(t, binary, nil, "--store", store)
	bin.want(t, 0, "setup")
	bin.wantInput(t, 0, "canary", "put", "pw", "-")
	inside := newCommand(t, program(t, "unshare"), nil, "-pf", "--mount-proc", binary, "--store", store)
	r := inside.want(t, 37, "exec", "--env", "PW=pw", "--", "sh", "-c",
		`echo "pid $$"; tr "\0" "\n" < /proc/1/environ | grep "^PW="; tr "\0" "\n" < /proc/1/cmdline | grep -c "canar[y]"; exit 37`)
	if r.Stdout != "pid 1\nPW=canary\n0\n" {
		t.Errorf("got %s", r.Stdout)
	}
}
