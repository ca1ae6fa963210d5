package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/s3test"
	"github.com/credrender/credrender/test/awsfake/smtest"
	"github.com/credrender/credrender/test/awsfake/ssmtest"
)

// hostileFault is what answers in the place of AWS.
type hostileFault struct {
	name    string
	generic bool // lines of hostileWords run, which end before they ask AWS
	share   int  // one line in share runs; 0: all
	set     func(t *testing.T) []string
}

// hostileWorld is a directory and stores in which every text is hostile.
type hostileWorld struct {
	dir     string
	env     []string
	fault   hostileFault
	printed string
}

// services are the names in the SDK's variables.
var services = []string{"DYNAMODB", "KMS", "STS", "SSM", "S3", "SECRETS_MANAGER"} //nolint:gochecknoglobals // a constant

func everyEndpoint(url string) []string {
	list := []string{"AWS_ENDPOINT_URL=" + url}
	for _, s := range services {
		list = append(list, "AWS_ENDPOINT_URL_"+s+"="+url)
	}
	return list
}

func hostileFaults() []hostileFault {
	answers := func(name string, answer http.HandlerFunc) hostileFault {
		return hostileFault{name: name, share: 3, set: func(t *testing.T) []string {
			t.Helper()
			srv := httptest.NewServer(answer)
			t.Cleanup(srv.Close)
			return everyEndpoint(srv.URL)
		}}
	}
	failure := func(name, code, message string) hostileFault {
		return answers(name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("id-%p", r))
			w.Header().Set("X-Amzn-Errortype", code)
			w.WriteHeader(http.StatusBadRequest)
			if strings.Contains(r.Header.Get("Content-Type"), "json") {
				_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
				return
			}
			_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message><Region>%[1]s</Region></Error>", code, message)
		})
	}
	return []hostileFault{
		{name: "none", generic: true},
		failure("code", hostileText, hostileText),
		failure("message", "AccessDeniedException", "User: arn:aws:iam::123456789012:user/"+hostileText+" is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:123456789012:key/"+hostileText+" because no "+hostileText+" policy"),
		failure("code with a prefix", "com."+hostileText+"#"+hostileText, hostileZero),
		answers("garbage", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, hostileZero+hostileBytes) }),
		{name: "proxy", share: 3, set: hostileProxy},
		{name: "credential_process", share: 9, set: func(t *testing.T) []string {
			t.Helper()
			path := filepath.Join(t.TempDir(), "aws-config")
			text := "[default]\nregion = eu-west-1\ncredential_process = printf '" + strings.NewReplacer("\n", "\\n", "\r", "\\r", "%", "%%").Replace(hostileText) + "'\n"
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return noKeys("AWS_CONFIG_FILE=" + path)
		}},
	}
}

// hostileProxy answers with a hostile status line and headers, which net/http's server
// would not send.
func hostileProxy(t *testing.T) []string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	word := strings.NewReplacer("\r", "", "\n", "").Replace(hostileBytes)
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			go func() {
				defer func() { _ = conn.Close() }()
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err != nil || r == nil {
					return
				}
				_, _ = fmt.Fprintf(conn, "HTTP/1.1 403 %s\r\nServer: %[1]s\r\nContent-Type: %[1]s\r\nX-Amz-Bucket-Region: %[1]s\r\nLocation: http://%[1]s/\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%[1]s", word, len(word))
			}()
		}
	}()
	return everyEndpoint("http://" + l.Addr().String())
}

func newHostileWorld(t *testing.T, f hostileFault) *hostileWorld {
	t.Helper()
	srv := awsfake.Start(t)
	credrender(t, srv, nil, "setup")
	plantHostile(t, srv)
	w := &hostileWorld{dir: t.TempDir(), fault: f}
	w.files(t)
	w.env = append(append(srv.Env(), hostileSources(t)...),
		"PATH="+os.Getenv("PATH"), "GORACE="+os.Getenv("GORACE"), "HOME="+w.dir,
		"CREDRENDER_STATE_DIR="+w.dir+"/state", "RUNTIME_DIRECTORY="+w.dir+"/run", "XDG_DATA_HOME="+w.dir+"/data",
		"CREDRENDER_LOG_LEVEL=debug", "CREDRENDER_TIMEOUT=5s", "AWS_MAX_ATTEMPTS=1", "AWS_DEFAULT_REGION=eu-west-1", "EDITOR=sed -i s/app/web/")
	if f.set != nil {
		w.env = append(w.env, f.set(t)...)
	}
	return w
}

// plantHostile puts secrets whose every attribute is hostile, as who may write to the
// table can.
func plantHostile(t *testing.T, srv *awsfake.Server) {
	t.Helper()
	h, pair := hostileText, hostileText+"="+hostileText
	for _, args := range [][]string{
		{"put", h, "v1", pair, "--comment", h}, {"put", h, "v2", pair}, {"put", h + "plain", "v"},
		{"grant", "arn:aws:iam::123456789012:role/r", "--read", pair},
	} {
		credrender(t, srv, nil, args...)
	}
	table, keys := clients(srv)
	dataKey, wrapped, err := keys.GenerateDataKey(t.Context(), 64, nil)
	if err != nil {
		t.Fatal(err)
	}
	plant := func(i credstash.Item, change func(*credstash.Item)) {
		i.Key = wrapped
		item, err := credstash.Seal(i, []byte("v"), dataKey)
		if err != nil {
			t.Fatal(err)
		}
		change(&item)
		if err := table.Put(t.Context(), item); err != nil {
			t.Fatal(err)
		}
	}
	keep := func(*credstash.Item) {}
	plant(credstash.Item{Name: h + "ver", Version: h, Comment: h}, keep)
	plant(credstash.Item{Name: h + "ver", Version: "7" + hostileZero}, keep)
	plant(credstash.Item{Name: hostileZero, Version: hostileZero, Comment: hostileZero}, keep)
	plant(credstash.Item{Name: h + "digest", Version: credstash.Pad("1")}, func(i *credstash.Item) { i.Digest = h })
	plant(credstash.Item{Name: h + "algorithm", Version: credstash.Pad("1")}, func(i *credstash.Item) { i.Algorithm = h })
	plant(credstash.Item{Name: h + "broken", Version: credstash.Pad("1")}, func(i *credstash.Item) { i.HMAC, i.Key = []byte(h), []byte(h) })
	plant(credstash.Item{Name: h + "foreign", Version: credstash.Pad("1")}, func(i *credstash.Item) {
		i.Foreign = map[string]credstash.Attribute{h: {Type: "S", S: h}, "created_at": {Type: "S", S: h}}
	})
}

// hostileSources starts the other services, with hostile names.
func hostileSources(t *testing.T) []string {
	t.Helper()
	parameters, secrets := ssmtest.New(), smtest.New()
	t.Cleanup(parameters.Close)
	t.Cleanup(secrets.Close)
	objects, err := s3test.New("b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(objects.Close)
	document, err := json.Marshal(map[string]string{hostileText: "v", hostileZero: "v"})
	for _, put := range []func() error{
		func() error { return parameters.Put("/"+hostileText, "v", "SecureString", hostileText) },
		func() error { return parameters.Put("/"+hostileZero, "v", "String", hostileZero) },
		func() error { return secrets.Put(hostileText, []byte("v"), false) },
		func() error { return secrets.Put("doc", document, false) },
		func() error { _, err := objects.Put("b", hostileText, []byte("v")); return err },
	} {
		if err == nil {
			err = put()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	parameters.Set("/"+hostileText, "alias/"+hostileText, "Standard", hostileText, hostileText)
	return append(objects.Env(), append(parameters.Env(), secrets.Env()...)...)
}

// files writes the config, templates and inputs.
func (w *hostileWorld) files(t *testing.T) {
	t.Helper()
	all := maps.Clone(canaryFiles())
	maps.Copy(all, hostileFiles())
	for name, text := range all {
		path := filepath.Join(w.dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = os.WriteFile(path, []byte(strings.ReplaceAll(text, "$DIR", w.dir)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(w.dir, "metrics"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Fatal(err)
	}
}

// hostileFiles are a config whose names are hostile where a config may hold them, others
// that are refused, and files that parsers fail on.
func hostileFiles() map[string]string {
	h := quoted(hostileText)
	name := `{{ secret ` + goQuoted(hostileText) + ` ` + goQuoted(hostileText+"="+hostileText) + ` }}`
	return map[string]string{
		hostileText + ".tmpl":             name + "\n",
		"folder/" + hostileText + ".tmpl": "text\n",
		"folder/" + hostileBytes:          "text\n",
		"names.tmpl":                      name + `{{ secret ` + goQuoted("gone"+hostileText) + ` }}{{ ssm ` + goQuoted("/gone"+hostileText) + ` }}{{ s3object ` + goQuoted("b/gone"+hostileText) + ` }}{{ secretsManager ` + goQuoted("gone"+hostileText) + ` ` + goQuoted(hostileText) + ` }}{{ secrets ` + goQuoted(hostileText+"*") + ` }}`,
		"fail.hostile.tmpl":               `{{ fail ` + goQuoted(hostileText) + ` }}{{ required ` + goQuoted(hostileText) + ` "" }}`,
		"plain.tmpl":                      "a\n" + hostileText + "\n",
		"old":                             "a\n" + hostileBytes + "\n",
		"hostile.jobs.yaml": `textfile: metrics/hostile.prom
schedule: "@every 1h"
contexts: {` + h + `: {` + h + `: ` + h + `}}
jobs:
  - {name: file, secret: ` + h + `, context: {` + h + `: ` + h + `}, dest: ` + quoted("$DIR/\x1b[31m\u202e\u009b") + `}
  - {name: hooked, content: x, dest: $DIR/hooked, hook: ` + quoted("printf '"+strings.ReplaceAll(hostileText, "\n", "\\n")+"'; exit 3") + `}
  - {name: checked, content: x, dest: $DIR/checked, check: ` + quoted("printf '%s' "+"'"+hostileText+"'; exit 3") + `}
  - {name: gone, secret: ` + quoted("gone"+hostileText) + `, dest: $DIR/gone}
  - {name: parse, content: ` + quoted(hostileText) + `, format: json, dest: $DIR/parse}
  - {name: version, secret: ` + quoted(hostileText+"ver") + `, dest: $DIR/ver}
`,
		"bad.yaml":          h + ": " + h + "\njobs: [{name: " + h + ", " + h + ": 1, src: " + h + ", dest: " + h + ", mode: " + h + ", owner: " + h + ", schedule: " + h + ", format: " + h + ", context: " + h + "}]\nregion: " + h + "\ntable: " + h + "\nstore: " + h + "\ntimeout: " + h + "\nsources: {" + h + ": {type: " + h + "}, p: {" + h + ": " + h + "}}\n",
		"bad2.yaml":         "a: [\n" + hostileText + "\n",
		"bad3.yaml":         "jobs: [{name: a, src: " + quoted(hostileText+"none") + ", dest: " + quoted("/"+hostileText) + ", partials: " + h + ", for_each: {pattern: " + h + "}}]\ninclude: " + h + "\n",
		"hostile.yaml":      "secret: {" + h + ": " + h + "}\n" + h + ": 1\n",
		"hostile.json":      string(must(json.Marshal(map[string]any{hostileText: "v", hostileZero: "v", "n" + hostileText: []string{hostileText}, "ssm:" + hostileText: "x"}))),
		"hostile.env":       "A" + hostileText + "=1\n" + hostileText,
		"hostile.csv":       "name,value\n\"" + hostileText + "\",v,w\n" + hostileText + "\n",
		"hostile.j2":        "{{ secrets[" + goQuoted(hostileText) + "] }}{% " + hostileText + " %}{{ x | " + hostileText + " }}",
		"hostile.toml":      "[template]\nsrc = " + goQuoted("x") + "\n" + hostileText + "\n",
		"hostile.test.yaml": "template: names.tmpl\ncases:\n  - {name: a, fixtures: {secret: {" + h + ": " + h + "}}, want_text: " + h + "}\n",
		"bad.test.yaml":     "template: " + h + "\ncases:\n  - {name: " + h + ", fixtures: {" + h + ": " + h + "}, want: " + h + "}\n",
		".aws/config":       "[profile " + strings.NewReplacer("\n", "", "\r", "").Replace(hostileText) + "]\nregion = x\n",
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// quoted writes text for YAML, with escapes that are JSON's too.
func quoted(s string) string { return string(must(json.Marshal(s))) }

// goQuoted writes text for a template.
func goQuoted(s string) string { return fmt.Sprintf("%+q", s) }
