//go:build interop

package interop

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rotationScript is what an operator writes for the site: apply renders the candidate on
// one host, the canary, and verify visits it. Each step lets another host render, as its
// crontab would, and notes which password it takes. KILL names a step in which
// credrender is killed.
const rotationScript = `step=$1
value=$(cat)
other=$(cat <&3)
die() {
	p=$PPID
	while [ "$(cat /proc/$p/comm)" != "$NAME" ]; do p=$(cut -d' ' -f4 /proc/$p/stat); done
	kill -9 "$p"
	while kill -0 "$p" 2>/dev/null; do sleep 0.01; done
	exit 1
}
takes() { printf %s "$2" | htpasswd -vi "$1" admin 2>/dev/null; }
visit() { printf 'user = "admin:%s"' "$value" | curl -sf -K - --cacert "$CERT" --resolve "$HOST:$PORT:127.0.0.1" -o /dev/null "https://$HOST:$PORT/"; }

[ "$KILL" = "$step-before" ] && die
case $step in
apply) printf %s "$value" | $CREDRENDER render --root "$CANARY" --override web.admin.password=@/dev/stdin || exit 1 ;;
verify) visit && [ -z "$REFUSE" ] || exit 1 ;;
unapply) $CREDRENDER render --root "$CANARY" || exit 1 ;;
wait-for) takes "$OTHER/etc/nginx/htpasswd" "$value" ;;
esac
rc=$?
$CREDRENDER --state-dir "$STATE" render --root "$OTHER" || exit 9
if takes "$OTHER/etc/nginx/htpasswd" "$value"; then echo "$step on" >> "$LOG"; fi
if takes "$OTHER/etc/nginx/htpasswd" "$other"; then echo "$step other" >> "$LOG"; fi
[ "$KILL" = "$step-after" ] && die
exit $rc
`

// rotatingSite is a site with nginx, the canary, and another host that renders from the
// same store.
type rotatingSite struct {
	site
	pair  pair
	other string
	steps string
	env   []string
}

func newRotatingSite(t *testing.T) *rotatingSite {
	t.Helper()
	program(t, "htpasswd")
	program(t, "curl")
	upstream, own := newPair(t, upstreamName), newPair(t, siteName)
	r := &rotatingSite{site: newSite(t, newUpstream(t, upstream, func() string { return "up" })), pair: own, other: openFolder(t)}
	for name, value := range map[string]string{
		"web.tls.crt": own.certPEM, "web.tls.key": own.keyPEM, "web.upstream.ca": upstream.certPEM, "web.upstream.password": "up", "web.admin.password": "first-password",
	} {
		r.put(t, name, value)
	}
	r.credrender.want(t, 0, r.render...)
	private := t.TempDir()
	otherState := filepath.Join(private, "other-state")
	// The other host has no nginx: the config's verify and hook are those of the canary.
	for _, dir := range []string{"etc/nginx", "run", "var/log/nginx", "var/lib/nginx"} {
		if err := os.MkdirAll(filepath.Join(r.other, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, private, "cert.pem", own.certPEM)
	writeFile(t, private, "step.sh", rotationScript)
	r.steps = filepath.Join(private, "step.sh")
	_, port, _ := strings.Cut(r.https, ":")
	r.env = []string{
		"CREDRENDER=" + strings.Join(append([]string{r.credrender.path}, r.credrender.args...), " "), "NAME=" + filepath.Base(binary), "CANARY=" + r.root, "OTHER=" + r.other,
		"STATE=" + otherState, "CERT=" + filepath.Join(private, "cert.pem"), "HOST=" + siteName, "PORT=" + port, "LOG=" + filepath.Join(private, "log"),
	}
	writeFile(t, private, "log", "")
	r.start(t)
	return r
}

// rotate runs the rotation, and returns what the other host took in each step.
func (r *rotatingSite) rotate(t *testing.T, value string, env ...string) (res result, log string) {
	t.Helper()
	c := r.credrender
	c.env = append(append(c.env[:len(c.env):len(c.env)], r.env...), env...)
	args := append([]string{"rotate", "web.admin.password", "-"}, strings.Fields(webContext)...)
	for _, step := range []string{"apply", "verify", "unapply", "wait-for", "revoke"} {
		args = append(args, "--"+step, fmt.Sprintf("sh %s %s", r.steps, step))
	}
	path := strings.TrimPrefix(r.env[len(r.env)-1], "LOG=")
	before := readFile(t, path)
	res = c.runInput(t, value, append(args, "--wait-interval", "100ms")...)
	if strings.Contains(res.Stdout+res.Stderr, "password-") || strings.Contains(res.Stderr, value) {
		t.Errorf("the output has a value:\n%s%s", res.Stdout, res.Stderr)
	}
	return res, strings.TrimPrefix(readFile(t, path), before)
}

// A rotation of the password of the demo's site, with nginx: it succeeds, it is refused,
// it is killed before and after the effect of each step. The other host takes the old
// password until the new one is published, and never one that was refused.
func TestRotateNginx(t *testing.T) {
	r := newRotatingSite(t)
	const unseen = "apply other\nverify other\n"
	const published = "wait-for on\nrevoke other\n" // revoke acts on the old one, and runs after the hosts

	t.Run("success", func(t *testing.T) {
		res, log := r.rotate(t, "second-password")
		if res.Code != 0 || log != unseen+"wait-for on\n"+published {
			t.Errorf("exit code %d, the other host took:\n%s%s", res.Code, log, res.Stderr)
		}
		r.credrender.want(t, 0, r.render...)
		r.expect(t, r.pair, "second-password", http.StatusOK)
		r.expect(t, r.pair, "first-password", http.StatusUnauthorized)
	})
	t.Run("refused", func(t *testing.T) {
		res, log := r.rotate(t, "bad-password", "REFUSE=1")
		// verify fails before the other host renders.
		if res.Code != 4 || log != "apply other\nunapply other\n" {
			t.Errorf("exit code %d, the other host took:\n%s%s", res.Code, log, res.Stderr)
		}
		r.expect(t, r.pair, "second-password", http.StatusOK)
		r.expect(t, r.pair, "bad-password", http.StatusUnauthorized)
		if list := r.credrender.want(t, 0, "list", "web.admin*").Stdout; strings.Contains(list, ".next") {
			t.Errorf("a candidate is left:\n%s", list)
		}
	})
	t.Run("killed", func(t *testing.T) {
		old := "second-password"
		for i, step := range []string{"apply", "verify", "wait-for", "revoke"} {
			for _, when := range []string{"before", "after"} {
				value := fmt.Sprintf("next-%d-%s", i, when)
				res, log := r.rotate(t, value, "KILL="+step+"-"+when)
				if res.Code != -1 {
					t.Fatalf("%s-%s: not killed: exit code %d\n%s", step, when, res.Code, res.Stderr)
				}
				if i < 2 && strings.Contains(log, " on\n") {
					t.Errorf("%s-%s: the other host took the candidate:\n%s", step, when, log)
				}
				if res, log = r.rotate(t, value); res.Code != 0 || !strings.HasSuffix(log, published) {
					t.Errorf("%s-%s: the next run: exit code %d\n%s%s", step, when, res.Code, log, res.Stderr)
				}
				r.credrender.want(t, 0, r.render...)
				r.expect(t, r.pair, value, http.StatusOK)
				r.expect(t, r.pair, old, http.StatusUnauthorized)
				old = value
			}
		}
		list := r.credrender.want(t, 0, "list", "--no-headers", "web.admin*").Stdout
		if n := strings.Count(list, "\n"); n != 10 || strings.Contains(list, ".next") { // first, second, eight
			t.Errorf("%d versions:\n%s", n, list)
		}
	})
}
