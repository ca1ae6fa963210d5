//go:build interop

package interop

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A recipe is rendered with its fixtures below a folder, and its reader is run there.
type recipe struct {
	root     string
	fixtures map[string]string
}

var (
	ownerOrGroup  = regexp.MustCompile(`, (owner|group): [\w-]+`)
	commandOfJob  = regexp.MustCompile(`(?m)^    (verify|hook): .*\n`)
	destinationOf = regexp.MustCompile(`dest: ([^,}]+)`)
)

// cook renders a recipe without its commands and owners. The replacements in its config lead
// paths below the folder, ROOT, and ports to free ones.
func cook(t *testing.T, name string, replace ...string) recipe {
	t.Helper()
	dir, r := t.TempDir(), recipe{root: openFolder(t)}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("../../examples/cookbook", name))); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "credrender.yaml")
	text := commandOfJob.ReplaceAllString(ownerOrGroup.ReplaceAllString(readFile(t, config), ""), "")
	for _, m := range destinationOf.FindAllStringSubmatch(text, -1) {
		if err := os.MkdirAll(r.path(filepath.Dir(m[1])), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("%s has no %s", config, replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], strings.ReplaceAll(replace[i+1], "ROOT", r.root))
	}
	writePrivate(t, config, text)
	fixtures := filepath.Join(dir, "fixtures.yaml")
	newCommand(t, binary, nil, "--state-dir", t.TempDir()).want(t, 0, "-c", config, "render", "--root", r.root, "--fixtures", fixtures)
	var all struct{ Secret map[string]string }
	if err := yaml.Unmarshal([]byte(readFile(t, fixtures)), &all); err != nil {
		t.Fatal(err)
	}
	r.fixtures = all.Secret
	return r
}

func (r recipe) path(dest string) string { return filepath.Join(r.root, dest) }

func TestCookbookNginx(t *testing.T) {
	_, port, _ := strings.Cut(freeAddress(t), ":")
	r := cook(t, "nginx", `"443"`, `"`+port+`"`)
	writePrivate(t, r.path("etc/nginx/nginx.conf"), "pid "+r.path("pid")+"; error_log stderr;\nevents {}\nhttp { access_log off; include "+r.path("etc/nginx/conf.d/*.conf")+"; }\n")
	newCommand(t, program(t, "nginx"), nil).want(t, 0, "-t", "-p", r.root, "-c", r.path("etc/nginx/nginx.conf"))
	for _, user := range []string{"alice", "bob"} {
		newCommand(t, program(t, "htpasswd"), nil).want(t, 0, "-vb", r.path("etc/nginx/visitors"), user, r.fixtures["site.visitor."+user])
	}
	newCommand(t, program(t, "htpasswd"), nil).want(t, 3, "-vb", r.path("etc/nginx/visitors"), "bob", "wrong")
}

func TestCookbookHAProxy(t *testing.T) {
	r := cook(t, "haproxy")
	newCommand(t, program(t, "haproxy"), nil).want(t, 0, "-c", "-f", r.path("etc/haproxy/haproxy.cfg"))
}

// The client of MySQL says which arguments it takes from the file.
func TestCookbookMySQL(t *testing.T) {
	r := cook(t, "mysql")
	out := newCommand(t, program(t, "mariadb"), nil).want(t, 0, "--defaults-file="+r.path("etc/app/my.cnf"), "--print-defaults").Stdout
	want := "--host=db.internal.example.com --user=app --password=" + r.fixtures["mysql.app.password"] + " --ssl-ca=/etc/app/mysql-ca.crt --ssl-verify-server-cert"
	if !strings.Contains(out, want) {
		t.Errorf("mariadb takes\n%s\nwant\n%s", out, want)
	}
	out = newCommand(t, program(t, "mariadbd"), nil).want(t, 0, "--defaults-file="+r.path("etc/mysql/conf.d/tls.cnf"), "--print-defaults").Stdout
	if want := "--ssl-cert=/etc/mysql/tls/server.crt --ssl-key=/etc/mysql/tls/server.key"; !strings.Contains(out, want) {
		t.Errorf("mariadbd takes\n%s\nwant\n%s", out, want)
	}
}

func TestCookbookKafka(t *testing.T) {
	r := cook(t, "kafka")
	keytool(t, r.path("etc/kafka/tls/keystore.jks"), r.fixtures["kafka.keystore.password"])
	property(t, r.path("etc/kafka/server.properties"), "ssl.keystore.password", r.fixtures["kafka.keystore.password"])
	property(t, r.path("etc/app/kafka/client.properties"), "sasl.jaas.config",
		`org.apache.kafka.common.security.scram.ScramLoginModule required username="app" password="a=b\\c\"d";`)
}

func TestCookbookSpringBoot(t *testing.T) {
	r := cook(t, "spring-boot")
	keytool(t, r.path("etc/app/keystore.p12"), r.fixtures["app.keystore.password"])
	property(t, r.path("etc/app/application.properties"), "spring.datasource.password", r.fixtures["app.db.password"])
	property(t, r.path("etc/app/application.properties"), "spring.datasource.url", "jdbc:postgresql://db.internal.example.com/app?sslmode=verify-full")
}

func keytool(t *testing.T, store, password string) {
	t.Helper()
	out := newCommand(t, program(t, "keytool"), []string{"PW=" + password}, "-list", "-v", "-keystore", store, "-storepass:env", "PW").want(t, 0).Stdout
	if !strings.Contains(out, "PrivateKeyEntry") || !strings.Contains(out, "Certificate chain length: 2") {
		t.Errorf("keytool lists\n%s", out)
	}
}

// property compares what Java reads.
func property(t *testing.T, file, key, want string) {
	t.Helper()
	out := newCommand(t, program(t, "java"), nil, absolute(t, "testdata/PrintProperty.java")).want(t, 0, file, key).Stdout
	if got, err := base64.StdEncoding.DecodeString(out); err != nil || string(got) != want {
		t.Errorf("%s of %s is %q, %v, want %q", key, filepath.Base(file), got, err, want)
	}
}

// Debian has neither Logstash nor Filebeat: OpenSSL says that each accepts the other's
// certificate.
func TestCookbookLogstashAndBeats(t *testing.T) {
	r := cook(t, "logstash-beats")
	openssl := newCommand(t, program(t, "openssl"), nil, "verify")
	openssl.want(t, 0, "-purpose", "sslclient", "-CAfile", r.path("etc/logstash/tls/ca.crt"), r.path("etc/filebeat/tls/client.crt"))
	openssl.want(t, 0, "-purpose", "sslserver", "-CAfile", r.path("etc/filebeat/tls/ca.crt"), "-verify_hostname", "server.example.com", r.path("etc/logstash/tls/server.crt"))
}

func TestCookbookPrometheus(t *testing.T) {
	r := cook(t, "prometheus", "dir: /etc/prometheus", "dir: ROOT/etc/prometheus")
	promtool := newCommand(t, program(t, "promtool"), nil, "check")
	promtool.want(t, 0, "config", r.path("etc/prometheus/prometheus.yml"))
	promtool.want(t, 0, "web-config", r.path("etc/prometheus/web.yml"))
}

func TestCookbookSystemd(t *testing.T) {
	r := cook(t, "systemd")
	unit := r.path("etc/systemd/system/app.service")
	writePrivate(t, unit, readFile(t, "../../examples/cookbook/systemd/app.service"))
	if out := newCommand(t, program(t, "systemd-analyze"), nil, "verify", "--man=no").want(t, 0, unit); strings.Contains(out.Stderr, "app.service") {
		t.Errorf("systemd-analyze says\n%s", out.Stderr)
	}
	out := newCommand(t, "/bin/sh", nil, "-c").want(t, 0, `. "`+r.path("etc/app/app.env")+`"; printf %s "$DATABASE_URL|$TOKEN|$LINES"`).Stdout
	if want := "postgres://app:a%20b%2Bc%2F%25%27d@db.internal.example.com/app|" + r.fixtures["app.env.token"] + "|one\ntwo"; out != want {
		t.Errorf("a shell reads %q, want %q", out, want)
	}
	if got := readFile(t, r.path("etc/credstore/app.signing.key")); got != "\x00\x01\x02\x03\xff" {
		t.Errorf("the credential is %q", got)
	}
}

func TestCookbookSSH(t *testing.T) {
	r := cook(t, "ssh", "dir: /etc/ssh", "dir: ROOT/etc/ssh")
	keygen := newCommand(t, program(t, "ssh-keygen"), nil)
	for private, public := range map[string]string{"etc/ssh/host_ed25519": "ssh.host.pub", "home/deploy/.ssh/id_ed25519": "ssh.user.ci.pub"} {
		if got := keygen.want(t, 0, "-y", "-f", r.path(private)).Stdout; strings.TrimSpace(got) != strings.TrimSpace(r.fixtures[public]) {
			t.Errorf("the public key of %s is %s", private, got)
		}
	}
	keygen.want(t, 0, "-l", "-f", r.path("etc/ssh/authorized_keys/deploy"))
	keygen.want(t, 0, "-F", "git.example.com", "-f", r.path("home/deploy/.ssh/known_hosts"))
	sshd := reachable(t, r.root, "sshd") // as root it wants a directory of its own below /run
	nobody(t, r.root).run(t, sshd, "-t", "-f", r.path("etc/ssh/sshd_config.d/credrender.conf"))
}
