//go:build interop

package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// outcome is what became of a set-up: an access key with its token, or an
// error.
type outcome struct {
	Key, Token, Error string
}

// knownCredentials returns the set-ups in which the binary is known to differ
// from botocore, and why.
func knownCredentials() map[string]string {
	const order = "the SDK for Go takes a profile's keys before its other sources"
	return map[string]string{
		"env with the old token":              "the SDK for Go does not read AWS_SECURITY_TOKEN, which the SDKs gave up",
		"env without secret, and a file":      "the SDK for Go goes on to the file, botocore reports the half",
		"a section twice":                     "the SDK for Go merges the sections, botocore refuses the file",
		"source with keys and a role":         "the SDK for Go assumes the source's role, botocore takes the source's keys",
		"process with an expired date":        "the SDK for Go uses them, and AWS refuses",
		"process with a quoted path":          "the SDK for Go takes quotes at both ends of a value off",
		"process and keys in the config file": order,
		"SSO and keys":                        order,
	}
}

// Each way of getting credentials ends with the same access key and token as
// in botocore, or with an error where botocore has one.
func TestAuthorityCredentials(t *testing.T) {
	is := newIssuers(t, func(address string) (net.Listener, error) { return net.Listen("tcp", address) })
	compareSetups(t, is, setups(), newKnown(knownCredentials()), func(f func() error) error { return f() })
	v := judge(t, is.sent, map[string]string{"*": "secret"}) // the one that all set-ups have
	empty := newKnown(map[string]string{"an empty token": "the SDK for Go sends it to STS, which refuses it"})
	for _, violation := range v.Violations {
		if !strings.Contains(violation.What, "WebIdentityToken") || !empty.expected("an empty token") {
			t.Errorf("request %d, %s: %s", violation.ID, violation.Label, violation.What)
		}
	}
	empty.check(t)
	for _, name := range []string{"sts.AssumeRole", "sts.AssumeRoleWithWebIdentity", "sso.GetRoleCredentials", "sso-oidc.CreateToken"} {
		if v.Operations[name] == 0 {
			t.Errorf("no %s was sent", name)
		}
	}
	t.Logf("%d requests of these, %d violations, %d of %d signatures equal", v.Requests, len(v.Violations), v.Equal, v.Signed)
}

// The same for the addresses of ECS's and EKS's agents and of the instance,
// which exist only in a network of the test's own.
func TestAuthorityLinkLocalCredentials(t *testing.T) {
	inside := newLoopback(t)
	addresses := []string{"169.254.170.2", "169.254.170.23", "169.254.169.254"}
	for i, address := range addresses {
		if err := inside.in(func() error { return addAddress(fmt.Sprintf("lo:%d", i+1), address) }); err != nil {
			t.Fatal(err)
		}
	}
	listen := func(address string) (l net.Listener, err error) {
		err = inside.in(func() error {
			l, err = net.Listen("tcp", address)
			return err
		})
		return l, err
	}
	is := newIssuers(t, listen)
	is.serve(t, listen, addresses[0]+":80", is.answer)
	is.serve(t, listen, addresses[1]+":80", is.answer)
	is.serve(t, listen, addresses[2]+":80", instance("v2"))
	compareSetups(t, is, relativeSetups(), newKnown(map[string]string{
		"the instance's own address behind a proxy": "metadata never goes through a proxy, since a token of the host is asked for; botocore asks the proxy",
	}), inside.in)
}

// addAddress gives loopback another address, as "ip addr add" does.
func addAddress(name, address string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := request.SetInet4Addr(net.ParseIP(address).To4()); err != nil {
		return err
	}
	return unix.IoctlIfreq(fd, unix.SIOCSIFADDR, request)
}

// compareSetups runs both programs by means of in.
func compareSetups(t *testing.T, is *issuers, list []setup, differ *known, in func(func() error) error) {
	t.Helper()
	list = is.resolve(list)
	version, want := botocoreOutcomes(t, list, in)
	got := make([]outcome, len(list))
	said := make([]string, len(list))
	var group errgroup.Group
	group.SetLimit(4)
	for i, s := range list {
		group.Go(func() error {
			got[i], said[i] = is.binaryOutcome(t, fmt.Sprintf("table%d", i), s, in)
			return nil
		})
	}
	_ = group.Wait() // no function fails
	equal := 0
	for i, s := range list {
		switch {
		case got[i].Key == want[i].Key && got[i].Token == want[i].Token:
			equal++
		case !differ.expected(s.name):
			t.Errorf("%s: got %+v, botocore %+v\n%s", s.name, got[i], want[i], said[i])
		}
	}
	differ.check(t)
	t.Logf("botocore %s: %d of %d set-ups end alike, %d differ as is known", version, equal, len(list), differ.count)
}

// resolve fills in addresses, and what all set-ups share.
func (is *issuers) resolve(list []setup) []setup {
	pairs := []string{"$URL", is.main}
	for kind, address := range is.instances {
		pairs = append(pairs, "$"+strings.ToUpper(kind), address)
	}
	replacer := strings.NewReplacer(pairs...)
	resolved := make([]setup, len(list))
	for i, s := range list {
		env := envs("AWS_ENDPOINT_URL_STS", is.main, "AWS_ENDPOINT_URL_SSO", is.main, "AWS_ENDPOINT_URL_SSO_OIDC", is.main,
			"AWS_ENDPOINT_URL_DYNAMODB", is.main, "AWS_REGION", "eu-west-1", "AWS_DEFAULT_REGION", "eu-west-1",
			"AWS_EC2_METADATA_DISABLED", "true", "AWS_METADATA_SERVICE_TIMEOUT", "2", "AWS_MAX_ATTEMPTS", "1", "PATH", os.Getenv("PATH"))
		for k, v := range s.env {
			env[k] = replacer.Replace(v)
		}
		resolved[i] = setup{name: s.name, env: env, files: s.files, profile: s.profile}
	}
	return resolved
}

func botocoreOutcomes(t *testing.T, list []setup, in func(func() error) error) (version string, outcomes []outcome) {
	t.Helper()
	type entry struct {
		Env     map[string]string `json:"env"`
		Files   map[string]string `json:"files"`
		Profile string            `json:"profile"`
	}
	entries := make([]entry, len(list))
	for i, s := range list {
		entries[i] = entry{s.env, s.files, s.profile}
		if s.files == nil {
			entries[i].Files = map[string]string{}
		}
	}
	stdin, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Botocore string
		Outcomes []outcome
	}
	askBotocoreIn(t, in, &answer, stdin, "credentials.py")
	return answer.Botocore, answer.Outcomes
}

// binaryOutcome lets the binary look for a secret in a table of the set-up's
// own, so that what signed the request is known.
func (is *issuers) binaryOutcome(t *testing.T, table string, s setup, in func(func() error) error) (outcome, string) {
	t.Helper()
	home := t.TempDir()
	for name, text := range s.files {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "$HOME", home)), 0o700); err != nil {
			t.Error(err)
		}
	}
	args := []string{"--table", table, "get", "x"}
	if s.profile != "" {
		args = append([]string{"--profile", s.profile}, args...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = []string{"HOME=" + home}
	for k, v := range s.env {
		cmd.Env = append(cmd.Env, k+"="+strings.ReplaceAll(v, "$HOME", home))
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := in(cmd.Start); err != nil {
		t.Errorf("%s: %v", s.name, err)
		return outcome{}, ""
	}
	_ = cmd.Wait() // the code is what counts
	used, code, said := is.usedFor(table), cmd.ProcessState.ExitCode(), stderr.String()
	switch {
	case code != 1 && code != 2 && code != 3:
		t.Errorf("%s: exit code %d\n%s", s.name, code, said)
	case used.key != "" && code != 3:
		t.Errorf("%s: exit code %d where the secret is missing\n%s", s.name, code, said)
	case strings.Contains(said, "panic") || !strings.Contains(said, "error: "):
		t.Errorf("%s: no error, or a panic\n%s", s.name, said)
	}
	if used.key == "" {
		return outcome{Error: "exit code " + fmt.Sprint(code)}, said
	}
	return outcome{Key: used.key, Token: used.token}, said
}
