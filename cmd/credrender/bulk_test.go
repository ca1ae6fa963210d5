package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
)

// clients reach a fake from this process, whatever its environment says.
func clients(srv *awsfake.Server) (*dynamo.Table, *kms.Keys) {
	cfg := awsconfig.Client{Config: sdkConfig(srv)}
	return dynamo.New(cfg, "credential-store"), kms.New(cfg, "alias/credstash")
}

// sdkConfig returns a configuration for the fake that leaves the process's environment alone.
func sdkConfig(srv *awsfake.Server) aws.Config {
	return aws.Config{
		Region: awsfake.Region, BaseEndpoint: aws.String(srv.URL(awsfake.DynamoDB)),
		Credentials: credentials.NewStaticCredentialsProvider(awsfake.AccessKey, "x", ""),
	}
}

// plant stores a value under exactly that version, as older tools do: without
// context, with a digest.
func plant(ctx context.Context, srv *awsfake.Server, name, version, value, digest string) error {
	table, keys := clients(srv)
	dataKey, wrapped, err := keys.GenerateDataKey(ctx, 64, nil)
	if err != nil {
		return err
	}
	item, err := credstash.Seal(credstash.Item{Name: name, Version: version, Key: wrapped}, []byte(value), dataKey)
	if err != nil {
		return err
	}
	if digest != "" {
		item.Digest = digest // SHA256 in another spelling
	}
	return table.Put(ctx, item)
}

// cmdPlant is plant NAME VERSION VALUE [DIGEST], in the table.
func cmdPlant(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: plant NAME VERSION VALUE [DIGEST]")
	}
	digest := append(args, "")[3]
	ts.Check(plant(context.Background(), server(ts), args[0], args[1], args[2], digest))
}

// process is a credrender of its own, on the fake or on a local store.
func process(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "credrender", args...)
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

func mustRun(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := process(t.Context(), env, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("credrender %q: %v\n%s", args, err, stderr.String())
	}
	return string(out)
}

// envOf is the environment of processes on a store of a kind, made by setup.
func envOf(t *testing.T, kind string) ([]string, *awsfake.Server) {
	t.Helper()
	dir := t.TempDir()
	env := []string{
		"CREDRENDER_STORE=" + kind, "XDG_DATA_HOME=" + dir, "CREDRENDER_LOCAL_KEY=" + filepath.Join(dir, "key"),
		"CREDRENDER_STATE_DIR=" + filepath.Join(dir, "state"), "HOME=" + dir,
	}
	var srv *awsfake.Server
	if kind == "dynamodb" {
		srv = awsfake.Start(t)
		env = append(env, srv.Env()...)
	}
	mustRun(t, env, "setup")
	return env, srv
}

// TestPutByManyProcesses: 50 processes put one name at once. No value is lost,
// no version left out.
func TestPutByManyProcesses(t *testing.T) {
	t.Parallel()
	const writers = 50
	for _, kind := range []string{"dynamodb", "local"} {
		t.Run(kind, func(t *testing.T) {
			env, _ := envOf(t, kind)
			var wg sync.WaitGroup
			for i := range writers {
				wg.Go(func() {
					cmd := process(t.Context(), env, "put", "n", fmt.Sprintf("value %d", i))
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("writer %d: %v\n%s", i, err, out)
					}
				})
			}
			wg.Wait()
			var entries []source.Entry
			if err := json.Unmarshal([]byte(mustRun(t, env, "list", "-o", "json")), &entries); err != nil {
				t.Fatal(err)
			}
			values := map[string]bool{}
			for i, e := range entries {
				if want := credstash.Pad(strconv.Itoa(i + 1)); e.Version != want {
					t.Fatalf("version %s stands where %s is due", e.Version, want)
				}
				if i%10 == 0 || i == writers-1 { // a process each: some will do, Go tests read all
					values[mustRun(t, env, "get", "n", "-v", e.Version)] = true
				}
			}
			if len(entries) != writers || len(values) != 6 {
				t.Errorf("%d versions, want %d; %d values differ, want 6", len(entries), writers, len(values))
			}
		})
	}
}

// TestGetallAtScale: 10,000 secrets cost one paginated scan, a Decrypt each and
// not one look by name. GETALL_SECRETS is how many: make exhaustive has 10,000.
func TestGetallAtScale(t *testing.T) {
	secrets := numberOf("GETALL_SECRETS", 4000)
	srv := awsfake.Start(t)
	srv.SetEnv(t)
	t.Setenv("CREDRENDER_STATE_DIR", t.TempDir())
	ctx := t.Context()
	if code := run(ctx, []string{"credrender", "setup"}, strings.NewReader(""), &bytes.Buffer{}, os.Stderr); code != exitOK {
		t.Fatal("setup")
	}
	table, keys := clients(srv)
	st := store.New(store.Options{Reader: table, Writer: table, DataKeyGenerator: keys})
	var requests []store.PutRequest
	for i := range secrets {
		name := fmt.Sprintf("%s.%05d", []string{"app", "web"}[i%2], i)
		requests = append(requests, store.PutRequest{Name: name, Value: source.NewSecret([]byte(name)), Version: "1", Context: contextFor(t, name)})
	}
	outcomes, err := st.PutAll(ctx, store.Scope{}, requests)
	if failed := slices.ContainsFunc(outcomes, func(o store.Outcome) bool { return o.Err != nil }); err != nil || failed {
		t.Fatalf("fill: %v, failed: %v", err, failed)
	}
	path := filepath.Join(t.TempDir(), "map.yaml")
	rules := "- {pattern: 'app.*', context: {env: app}}\n- {pattern: '*', context: {env: web}}\n"
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	srv.Forget()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, []string{"credrender", "getall", "--context-map", path}, strings.NewReader(""), &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, stderr.String())
	}
	var values map[string]string
	if err := json.Unmarshal(stdout.Bytes(), &values); err != nil {
		t.Fatal(err)
	}
	for name, value := range values {
		if name != value {
			t.Fatalf("%s has the value of %s", name, value)
		}
	}
	asked := srv.Operations()
	if len(values) != secrets || asked["kms.Decrypt"] != secrets || asked["dynamodb.Scan"] < 2 || asked["dynamodb.Scan"] > 10 || len(asked) != 2 {
		t.Errorf("%d values for %v", len(values), asked)
	}
}

func contextFor(t *testing.T, name string) source.Context {
	t.Helper()
	kind, _, _ := strings.Cut(name, ".")
	c, err := source.NewContext(map[string]string{"env": kind})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRekeyKilled kills rekey (SIGKILL) again and again on its way to another
// key and context; in the end all is moved and every value reads. REKEY_SECRETS
// and REKEY_KILLS say how many: make rekey-kills has 2,000 and 20.
func TestRekeyKilled(t *testing.T) {
	t.Parallel()
	secrets, kills := numberOf("REKEY_SECRETS", 300), numberOf("REKEY_KILLS", 8)
	for _, kind := range []string{"dynamodb", "local"} {
		t.Run(kind, func(t *testing.T) {
			env, srv := envOf(t, kind)
			st := fill(t, env, srv, secrets)
			args := []string{"rekey", "env=old", "--to-context", "env=new", "--new-local-key"}
			if srv != nil {
				mustRun(t, append(env, "CREDRENDER_KEY=alias/new"), "setup")
				args = slices.Concat([]string{"--key", "alias/new"}, args[:len(args)-1])
			}
			killed := 0
			for tries := 0; killed < kills && tries < 3*kills; tries++ {
				if killRekey(t, srv, secrets/(3*kills), env, args) {
					killed++
				}
			}
			mustRun(t, env, args...)
			if out := mustRun(t, env, append(args, "--dry-run")...); srv != nil && out != "" {
				t.Errorf("not complete: %s", out)
			}
			c := map[string]string{"env": "new"}
			checkRekeyed(t, st, secrets, c)
			if srv == nil {
				if text, err := os.ReadFile(keyFileOf(env)); err != nil || bytes.Count(text, []byte("\n")) != 1 {
					t.Errorf("the key file has not one key: %v", err)
				}
			}
			t.Logf("%s: %d secrets, killed %d times", kind, secrets, killed)
			if killed < kills {
				t.Errorf("killed %d times, want %d", killed, kills)
			}
		})
	}
}

func numberOf(variable string, standard int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return standard
}

func keyFileOf(env []string) string {
	for _, kv := range env {
		if path, ok := strings.CutPrefix(kv, "CREDRENDER_LOCAL_KEY="); ok {
			return path
		}
	}
	return ""
}

// fill puts numbered secrets and returns a store to read them with, which knows
// nothing of what the processes do.
func fill(t *testing.T, env []string, srv *awsfake.Server, n int) func() *store.Store {
	t.Helper()
	open := func() *store.Store {
		if srv != nil {
			table, keys := clients(srv)
			return store.New(store.Options{Reader: table, Scanner: table, Writer: table, Decrypter: keys, DataKeyGenerator: keys})
		}
		key := keyFileOf(env)
		l := local.New(local.Options{Path: filepath.Join(filepath.Dir(key), "credrender", local.FileName), KeyPath: key, Timeout: time.Minute})
		return store.New(store.Options{Reader: l, Scanner: l, Writer: l, Decrypter: l, DataKeyGenerator: l, Concurrency: 4})
	}
	c, err := source.NewContext(map[string]string{"env": "old"})
	if err != nil {
		t.Fatal(err)
	}
	var requests []store.PutRequest
	for i := range n {
		name := fmt.Sprintf("secret.%05d", i)
		requests = append(requests, store.PutRequest{Name: name, Value: source.NewSecret([]byte("value of " + name)), Context: c, Version: "1"})
	}
	outcomes, err := open().PutAll(t.Context(), store.Scope{}, requests)
	for _, o := range outcomes {
		err = errors.Join(err, o.Err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// killRekey reports whether the process was killed before it had ended. On the
// fake that is once it has written so many items, and some more; a local
// store cannot be asked, so there it is at a random moment.
func killRekey(t *testing.T, srv *awsfake.Server, writes int, env, args []string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := process(ctx, env, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if srv != nil {
		srv.Forget()
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	wait := time.Duration(20+rand.IntN(150)) * time.Millisecond
	for {
		if srv != nil {
			wait = 2 * time.Millisecond
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			return false
		case <-time.After(wait):
		}
		if srv == nil || srv.Count(awsfake.DynamoDB, "UpdateItem") >= writes {
			break
		}
	}
	_ = cmd.Process.Kill()
	exit, ok := errors.AsType[*exec.ExitError](<-ended)
	return ok && exit.ExitCode() == -1
}

func checkRekeyed(t *testing.T, open func() *store.Store, n int, pairs map[string]string) {
	t.Helper()
	c, err := source.NewContext(pairs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := open().GetAll(t.Context(), store.Scope{Contexts: store.Always(c)})
	if err != nil || len(got) != n {
		t.Fatalf("%d secrets, %v", len(got), err)
	}
	for name, res := range got {
		if string(res.Secret.Reveal()) != "value of "+name {
			t.Fatalf("%s: %v", name, res.Err)
		}
	}
}
