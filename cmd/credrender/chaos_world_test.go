package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/s3test"
	"github.com/credrender/credrender/test/awsfake/smtest"
	"github.com/credrender/credrender/test/awsfake/ssmtest"
	"github.com/credrender/credrender/test/fsystest"
	"github.com/credrender/credrender/test/hop"
)

// chaosWorld is one machine of the fault campaign, with an AWS of its own behind hops.
type chaosWorld struct {
	t    *testing.T
	dir  string
	aws  *awsfake.Server
	ssm  *ssmtest.Server
	sm   *smtest.Server
	s3   *s3test.Server
	put  *store.Store
	dns  *hop.NameServer
	hops map[bool][]*hop.Hop // by whether they have TLS

	keys     atomic.Int64 // generations of credentials that were given out
	gen      int
	values   map[string]string            // of the newest generation
	standing map[string]map[string]string // job to destination to content
	known    []source.Secret              // all that no output may have
	ops      int                          // disk operations of a run
}

// chaosSecrets are the names, and where they are.
var chaosSecrets = map[string][]string{
	"table": {"db", "key", "opt", "many.1", "many.2", "many.3"},
	"ssm":   {"/app/a", "/app/b", "/web/c"},
	"sm":    {"sm-a", "sm-b"},
	"s3":    {"pem", "ca"},
}

func newChaosWorld(t *testing.T) *chaosWorld {
	t.Helper()
	w := &chaosWorld{t: t, dir: fsystest.MemoryDir(t), aws: awsfake.Start(t), ssm: ssmtest.New(), sm: smtest.New(), hops: map[bool][]*hop.Hop{}, standing: map[string]map[string]string{}}
	t.Cleanup(w.ssm.Close)
	t.Cleanup(w.sm.Close)
	var err error
	if w.s3, err = s3test.New("bucket"); err == nil {
		t.Cleanup(w.s3.Close)
		w.dns, err = hop.NewNameServer()
	}
	w.must(err)
	t.Cleanup(w.dns.Close)
	credrender(t, w.aws, nil, "setup")
	cfg := awsconfig.Client{Config: aws.Config{Region: awsfake.Region, Credentials: credentials.NewStaticCredentialsProvider("AKIAWRITER", "w", "")}}
	tables, keys := cfg, cfg
	tables.BaseEndpoint, keys.BaseEndpoint = aws.String(w.aws.URL(awsfake.DynamoDB)), aws.String(w.aws.URL(awsfake.KMS))
	table, key := dynamo.New(tables, "credential-store"), kms.New(keys, "alias/credstash")
	w.put = store.New(store.Options{Reader: table, Writer: table, Decrypter: key, DataKeyGenerator: key})
	w.openHops()
	ca, err := hop.CA()
	w.must(err)
	w.write("ca.pem", string(ca))
	w.write("credrender.yaml", w.config())
	w.must(os.Mkdir(filepath.Join(w.dir, "etc"), 0o755))
	return w
}

func (w *chaosWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *chaosWorld) write(name, text string) {
	w.must(os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
}

func (w *chaosWorld) openHops() {
	meta := awsfake.StartMetadata(w.t)
	meta.SetRole("app")
	backends := map[string]http.Handler{
		"dynamodb": w.aws, "kms": w.aws, "sts": w.aws, "ssm": w.ssm.Config.Handler, "secretsmanager": w.sm.Config.Handler,
		"s3": w.s3.Config.Handler, hop.Local: w.serveLocal(meta.Config.Handler),
	}
	for _, secure := range []bool{false, true} {
		for _, name := range slices.Sorted(maps.Keys(backends)) {
			h, err := hop.New(name, backends[name], secure && name != hop.Local)
			w.must(err)
			w.t.Cleanup(h.Close)
			w.hops[secure] = append(w.hops[secure], h)
		}
	}
}

// serveLocal is the credential endpoint of a container, which gives other credentials
// each time, and an instance's metadata.
func (w *chaosWorld) serveLocal(metadata http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/creds" {
			metadata.ServeHTTP(rw, r)
			return
		}
		_ = json.NewEncoder(rw).Encode(map[string]string{
			"AccessKeyId": chaosKey(w.keys.Add(1)), "SecretAccessKey": chaosSecretKey, "Token": chaosToken,
			"Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		})
	})
}

const (
	chaosSecretKey = "wJalrChaosSecretKey/K7MDENG+bPxRfiCY"
	chaosToken     = "FwoGZXIvYXdzChaosSessionToken////wEaDL"
)

func chaosKey(generation int64) string { return fmt.Sprintf("AKIACHAOS%07d", generation) }

func (w *chaosWorld) dest(name string) string { return filepath.Join(w.dir, "etc", name) }

// config has four jobs: every source, two files that change together, a hook, a pattern,
// and a default that a false "not found" would choose.
func (w *chaosWorld) config() string {
	const secret = `{{ secret \"%s\" \"name=%s\" }}`
	line := func(name string) string { return name + "=" + fmt.Sprintf(secret, name, chaosContext(name)) + `\n` }
	var b strings.Builder
	fmt.Fprintf(&b, "state_dir: %s/state\njobs:\n", w.dir)
	fmt.Fprintf(&b, "  - name: app\n    hook: [cp, %q, %q]\n    files:\n", w.dest("app.conf"), filepath.Join(w.dir, "told"))
	fmt.Fprintf(&b, "      - {content: \"%s%s\", dest: %s, mode: \"0640\"}\n", line("db"), line("key"), w.dest("app.conf"))
	fmt.Fprintf(&b, "      - {content: \"%s\", dest: %s, mode: \"0600\"}\n", line("key"), w.dest("app.key"))
	fmt.Fprintf(&b, "  - name: web\n    files:\n")
	fmt.Fprintf(&b, "      - {content: \"{{ ssm \\\"/app/a\\\" }} {{ ssm \\\"/web/c\\\" }} {{ secretsManager \\\"sm-a\\\" }} {{ secretsManager \\\"sm-b\\\" }}\", dest: %s, mode: \"0600\"}\n", w.dest("web.conf"))
	fmt.Fprintf(&b, "      - {content: \"{{ s3object \\\"bucket/pem\\\" }} {{ s3object \\\"bucket/ca\\\" }} {{ range $k, $v := ssmPath \\\"/app\\\" }}{{ $k }}={{ $v }};{{ end }}\", dest: %s, mode: \"0600\"}\n", w.dest("web.pem"))
	fmt.Fprintf(&b, "  - {name: many, mode: \"0600\", content: \"{{ range $k, $v := secrets \\\"many.*\\\" \\\"name=many\\\" }}{{ $k }}={{ $v }};{{ end }}\", dest: %s}\n", w.dest("many.conf"))
	fmt.Fprintf(&b, "  - {name: opt, mode: \"0600\", content: \"{{ secretOr \\\"the default\\\" \\\"opt\\\" \\\"name=opt\\\" }}\", dest: %s}\n", w.dest("opt.conf"))
	return b.String()
}

// want returns what the jobs have to write.
func (w *chaosWorld) want() map[string]map[string]string {
	v := w.values
	return map[string]map[string]string{
		"app": {"app.conf": "db=" + v["db"] + "\nkey=" + v["key"] + "\n", "app.key": "key=" + v["key"] + "\n"},
		"web": {
			"web.conf": v["/app/a"] + " " + v["/web/c"] + " " + v["sm-a"] + " " + v["sm-b"],
			"web.pem":  v["pem"] + " " + v["ca"] + " " + "a=" + v["/app/a"] + ";b=" + v["/app/b"] + ";",
		},
		"many": {"many.conf": "many.1=" + v["many.1"] + ";many.2=" + v["many.2"] + ";many.3=" + v["many.3"] + ";"},
		"opt":  {"opt.conf": v["opt"]},
	}
}

// rotate stores a new generation of all values.
func (w *chaosWorld) rotate() {
	w.gen++
	w.values = map[string]string{}
	for where, names := range chaosSecrets {
		for _, name := range names {
			v := fmt.Sprintf("va1ue-%d-of-%s-%x", w.gen, strings.Trim(name, "/"), w.gen*7919)
			w.values[name] = v
			w.known = append(w.known, source.NewSecret([]byte(v)))
			var err error
			switch where {
			case "ssm":
				err = w.ssm.Put(name, v, "SecureString")
			case "sm":
				err = w.sm.Put(name, []byte(v), false)
			case "s3":
				_, err = w.s3.Put("bucket", name, []byte(v))
			default:
				err = w.store(name, v)
			}
			w.must(err)
		}
	}
	w.known = w.known[max(0, len(w.known)-2*len(w.values)):]
}

// chaosContext is shared by some secrets: only their names tell them apart, where KMS
// refuses a key of another context.
func chaosContext(name string) string {
	switch name {
	case "db", "key":
		return "app"
	case "opt":
		return "opt"
	}
	return "many"
}

func (w *chaosWorld) store(name, value string) error {
	c, err := source.NewContext(map[string]string{"name": chaosContext(name)})
	if err != nil {
		return err
	}
	_, _, err = w.put.Put(w.t.Context(), store.PutRequest{Name: name, Value: source.NewSecret([]byte(value)), Context: c})
	return err
}

// masker finds values and credentials in text.
func (w *chaosWorld) masker() *hook.Masker {
	all := slices.Clone(w.known)
	for _, v := range []string{chaosSecretKey, chaosToken, hop.Foreign} {
		all = append(all, source.NewSecret([]byte(v)))
	}
	return hook.NewMasker(all)
}

// env returns the environment of a run.
func (w *chaosWorld) env(r *chaosRun) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "GORACE=" + os.Getenv("GORACE"), "HOME=" + w.dir, "RUNTIME_DIRECTORY=" + filepath.Join(w.dir, "run"),
		"AWS_REGION=" + awsfake.Region, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_CA_BUNDLE=" + filepath.Join(w.dir, "ca.pem"), fmt.Sprint("AWS_MAX_ATTEMPTS=", r.attempts),
		chaosDNSEnv + "=" + w.dns.Addr, chaosOpsEnv + "=" + filepath.Join(w.dir, "ops"), chaosDiskEnv + "=" + r.disk,
	}
	local := ""
	for _, h := range w.hops[r.secure] {
		name := map[string]string{"secretsmanager": "SECRETS_MANAGER"}[h.Service]
		if name == "" {
			name = strings.ToUpper(h.Service)
		}
		if h.Service == hop.Local {
			local = h.URL
			continue
		}
		env = append(env, "AWS_ENDPOINT_URL_"+name+"="+h.URL)
	}
	switch r.identity {
	case "container":
		env = append(env, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+local+"/creds")
	case "instance":
		env = append(env, "AWS_EC2_METADATA_DISABLED=false", "AWS_EC2_METADATA_SERVICE_ENDPOINT="+local)
	default:
		env = append(env, "AWS_ACCESS_KEY_ID="+awsfake.AccessKey, "AWS_SECRET_ACCESS_KEY="+chaosSecretKey)
	}
	if r.identity == "role" {
		env = append(env, "CREDRENDER_ARN=arn:aws:iam::"+awsfake.Account+":role/app")
	}
	return env
}
