//go:build interop

package interop

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// reach is a command, and the rows of endpoints.py whose hosts it has to reach.
type reach struct {
	rows []string
	args []string
	env  []string
}

// Whatever the region, the partition, FIPS and dual stack, the binary reaches
// the hosts that botocore's rule sets name, and nothing where these refuse. A
// proxy on loopback sees the hosts and reaches none of them.
func TestAuthorityEndpoints(t *testing.T) {
	var authority struct {
		Botocore  string
		Endpoints map[string]map[string]*string
	}
	askBotocore(t, &authority, nil, "endpoints.py")
	template := writeFile(t, t.TempDir(), "all.tmpl", `{{ secret "x" }}{{ ssm "/x" }}{{ secretsManager "x" }}{{ s3object "s3://bucket/x" }}{{ s3object "s3://dotted.bucket/x" }}`)
	runs := []reach{
		{[]string{"dynamodb", "ssm", "secretsmanager", "s3 bucket", "s3 dotted.bucket"}, []string{"render", template}, nil},
		// Some requests go through the SDK's clients, and some through the
		// program's own.
		{[]string{"dynamodb"}, []string{"setup"}, nil},
		{[]string{"kms"}, []string{"encrypt", template}, nil},
		{[]string{"kms"}, []string{"decrypt", writeFile(t, t.TempDir(), "blob", "AQICAHh"+strings.Repeat("A", 201))}, nil},
		{[]string{"sts"}, []string{"--arn", "arn:aws:iam::123456789012:role/x", "list"}, nil},
	}
	var mu sync.Mutex
	compared, equal := 0, 0
	group, _ := errgroup.WithContext(t.Context())
	group.SetLimit(4)
	started := time.Now()
	for _, place := range slices.Sorted(maps.Keys(authority.Endpoints)) {
		for _, run := range runs {
			group.Go(func() error {
				want := authority.Endpoints[place]
				hosts, r := hostsOf(t, place, run)
				found := differences(run.rows, want, hosts, r.Code)
				mu.Lock()
				defer mu.Unlock()
				compared += len(run.rows)
				equal += len(run.rows) - len(found)
				for _, f := range found {
					t.Errorf("%s, %q: %s\n%s", place, run.args[0], f, r.Stderr)
				}
				return nil
			})
		}
	}
	_ = group.Wait() // no function fails
	t.Logf("botocore %s: %d of %d endpoints equal (%d regions, FIPS, dual stack; %s)",
		authority.Botocore, equal, compared, len(authority.Endpoints)/4, time.Since(started).Round(time.Second))
	if compared < 1100 {
		t.Errorf("only %d endpoints compared", compared)
	}
	spoilEndpoint(t, authority.Endpoints["eu-west-1 true false"])
}

// With an account id among the credentials, DynamoDB has a host for each
// account. All commands have to reach the same one as botocore.
func TestAuthorityAccountEndpoints(t *testing.T) {
	var authority struct {
		Endpoints map[string]map[string]*string
	}
	askBotocore(t, &authority, nil, "endpoints.py")
	const china = "the endpoint rules of the SDK's release in go.mod have no account endpoints in China; the regional endpoint serves all accounts"
	differ := newKnown(map[string]string{"cn-north-1 list": china, "cn-north-1 get": china, "cn-north-1 delete": china, "cn-north-1 setup": china})
	equal, compared := 0, 0
	for _, place := range []string{"eu-west-1 false false", "us-east-1 false true", "eu-west-1 true false", "cn-north-1 false false"} {
		for _, args := range [][]string{{"list"}, {"get", "x"}, {"delete", "x"}, {"setup"}} {
			hosts, r := hostsOf(t, place, reach{args: args, env: []string{"AWS_ACCOUNT_ID=123456789012"}})
			compared++
			found := differences([]string{"dynamodb account"}, authority.Endpoints[place], hosts, r.Code)
			if found == nil {
				equal++
			} else if !differ.expected(strings.Fields(place)[0] + " " + args[0]) {
				t.Errorf("%s, %q: %q\n%s", place, args, found, r.Stderr)
			}
		}
	}
	differ.check(t)
	t.Logf("%d of %d endpoints equal, %d differ as is known", equal, compared, differ.count)
}

// differences compares the hosts that a run reached with the authority's.
func differences(rows []string, want map[string]*string, hosts []string, code int) []string {
	var found []string
	expected := map[string]bool{}
	for _, row := range rows {
		if host := want[row]; host != nil {
			expected[*host] = true
			if !slices.Contains(hosts, *host) {
				found = append(found, fmt.Sprintf("%s: %s is not reached, but %q", row, *host, hosts))
			}
		}
	}
	for _, host := range hosts {
		if !expected[host] {
			found = append(found, fmt.Sprintf("%s is reached, which the rules don't name", host))
		}
	}
	if code == 0 {
		found = append(found, "it exits 0 without an answer")
	}
	return found
}

// spoilEndpoint makes sure that a wrong host, one too many and a missing one
// are told.
func spoilEndpoint(t *testing.T, row map[string]*string) {
	t.Helper()
	right := *row["kms"]
	for _, hosts := range [][]string{{strings.Replace(right, "-fips", "", 1)}, {right, "kms.us-east-1.amazonaws.com"}, nil} {
		if len(differences([]string{"kms"}, row, hosts, 1)) == 0 {
			t.Errorf("hosts %q pass where %s is right", hosts, right)
		}
	}
	if found := differences([]string{"kms"}, row, []string{right}, 1); found != nil {
		t.Errorf("the right host does not pass: %q", found)
	}
}

// hostsOf runs the binary in a place (region, FIPS, dual stack) behind a proxy
// of its own, and returns the hosts that it asked the proxy for.
func hostsOf(t *testing.T, place string, run reach) ([]string, result) {
	t.Helper()
	proxy := newBlindProxy(t)
	defer proxy.close()
	word := strings.Fields(place)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, run.args...)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(binary), "HTTPS_PROXY=http://" + proxy.Addr().String(),
		"AWS_REGION=" + word[0], "AWS_USE_FIPS_ENDPOINT=" + word[1], "AWS_USE_DUALSTACK_ENDPOINT=" + word[2],
		"AWS_ACCESS_KEY_ID=interop", "AWS_SECRET_ACCESS_KEY=interop", "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1",
	}, run.env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	_ = cmd.Run() // it fails: nobody answers
	return proxy.hosts(), result{Stderr: stderr.String(), Code: cmd.ProcessState.ExitCode()}
}

// blindProxy notes what it is asked to connect to, and hangs up.
type blindProxy struct {
	net.Listener
	served chan struct{}
	mu     sync.Mutex
	asked  map[string]bool
}

func newBlindProxy(t *testing.T) *blindProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &blindProxy{Listener: l, served: make(chan struct{}), asked: map[string]bool{}}
	go p.serve()
	return p
}

func (p *blindProxy) serve() {
	defer close(p.served)
	for {
		conn, err := p.Accept()
		if err != nil {
			return
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if target, ok := strings.CutPrefix(line, "CONNECT "); ok {
			host, _, _ := strings.Cut(target, ":443 ")
			p.mu.Lock()
			p.asked[host] = true
			p.mu.Unlock()
		}
		conn.Close()
	}
}

func (p *blindProxy) close() {
	p.Close()
	<-p.served
}

func (p *blindProxy) hosts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.asked))
}
