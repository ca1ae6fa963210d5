//go:build interop

package interop

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/credrender/credrender/test/awsfake"
)

// Access keys of the daemon. Rules that match them do not apply to the test's own puts.
const (
	daemonKey    = "AKIASOAKDAEMON%06d"
	daemonPrefix = "AKIASOAKDAEMON"
)

// awsLink is the daemon's endpoint. It refuses connections, accepts them without
// an answer, or leads to an AWS whose clock is ahead.
type awsLink struct {
	fake    *awsfake.Server
	address string
	stop    func()
	skew    atomic.Int64 // nanoseconds
}

// newAWSLink listens on a loopback address of its own, so that no other process
// can take the port while the link refuses connections.
func newAWSLink(t *testing.T) *awsLink {
	t.Helper()
	a := &awsLink{address: "127.0.77.1:0", stop: func() {}}
	a.fake = awsfake.New(awsfake.Options{Now: a.now})
	t.Cleanup(a.fake.Close)
	a.answer(t)
	t.Cleanup(func() { a.stop() })
	return a
}

func (a *awsLink) now() time.Time { return time.Now().Add(time.Duration(a.skew.Load())) }

func (a *awsLink) listen(t *testing.T) net.Listener {
	t.Helper()
	a.shut()
	l, err := net.Listen("tcp", a.address) // a test's
	if err != nil {
		t.Fatal(err)
	}
	a.address = l.Addr().String()
	return l
}

func (a *awsLink) answer(t *testing.T) {
	t.Helper()
	l := a.listen(t)
	server := &http.Server{Handler: http.HandlerFunc(a.serve), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }() // until stop
	a.stop = func() { _ = server.Close() }
}

func (a *awsLink) shut() {
	a.stop()
	a.stop = func() {}
}

// beSilent accepts connections and answers nothing. They stay open after the
// outage, as behind a firewall that has forgotten them: only a timeout ends the wait.
func (a *awsLink) beSilent(t *testing.T) {
	t.Helper()
	l := a.listen(t)
	var taken []net.Conn
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			taken = append(taken, conn)
		}
	}()
	a.stop = func() {
		_ = l.Close()
		<-ended
	}
	t.Cleanup(func() {
		<-ended
		for _, conn := range taken {
			_ = conn.Close()
		}
	})
}

// serve refuses requests whose signature is more than five minutes old or early, as AWS does.
func (a *awsLink) serve(w http.ResponseWriter, r *http.Request) {
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if now := a.now().UTC(); err == nil && now.Sub(signed).Abs() > 5*time.Minute {
		w.Header().Set("Date", now.Format(http.TimeFormat))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Signature expired: %s is now earlier than %s"}`,
			signed.Format("20060102T150405Z"), now.Add(-5*time.Minute).Format("20060102T150405Z"))
		return
	}
	a.fake.ServeHTTP(w, r)
}

// outage is one way in which AWS fails the daemon.
type outage struct {
	name   string
	begin  func(t *testing.T) (end func())
	goesOn bool // changes are seen while it lasts
}

// fails makes an outage of rules that apply to the daemon's requests alone.
func (k *soak) fails(rules ...awsfake.Rule) func(*testing.T) func() {
	return func(*testing.T) func() {
		var undo []func()
		for _, r := range rules {
			match := r.Match
			r.Match = func(req awsfake.Request) bool {
				return strings.HasPrefix(req.AccessKey, daemonPrefix) && (match == nil || match(req))
			}
			undo = append(undo, k.aws.fake.Fail(r))
		}
		return func() {
			for _, f := range undo {
				f()
			}
		}
	}
}

func (k *soak) outages() []outage {
	var turn atomic.Int64
	return []outage{
		{name: "refused", begin: func(t *testing.T) func() { k.aws.shut(); return func() { k.aws.answer(t) } }},
		{name: "silent", begin: func(t *testing.T) func() { k.aws.beSilent(t); return func() { k.aws.answer(t) } }},
		{name: "reset or cut in the middle", begin: k.fails(
			awsfake.Rule{Cut: true, Match: func(awsfake.Request) bool { return turn.Add(1)%2 == 0 }}, awsfake.Rule{Reset: true, Applied: true})},
		{name: "throttled", begin: k.fails(
			awsfake.Rule{Service: awsfake.DynamoDB, Code: "ProvisionedThroughputExceededException", Message: "The level of configured provisioned throughput for the table was exceeded."},
			awsfake.Rule{Code: "ThrottlingException", Message: "Rate exceeded"})},
		{name: "KMS denied", begin: k.fails(awsfake.Rule{Service: awsfake.KMS, Code: "AccessDeniedException", Message: "The ciphertext refers to a customer master key that you cannot access."})},
		{name: "credentials expired", begin: k.expire},
		{name: "clock of AWS 20 minutes ahead", goesOn: true, begin: func(*testing.T) func() {
			k.aws.skew.Store(int64(20 * time.Minute))
			return func() { k.aws.skew.Store(0) }
		}},
		{name: "table missing", begin: k.fails(awsfake.Rule{Service: awsfake.DynamoDB, Code: "ResourceNotFoundException", Message: "Requested resource not found"})},
	}
}

// expire refuses the daemon's access key forever. The outage ends with another
// key in the credentials file.
func (k *soak) expire(t *testing.T) func() {
	old := fmt.Sprintf(daemonKey, k.keys)
	k.fails(awsfake.Rule{Code: "ExpiredTokenException", Message: "The security token included in the request is expired",
		Match: func(r awsfake.Request) bool { return r.AccessKey == old }})(t)
	return func() { k.writeCredentials(t) }
}

func (k *soak) writeCredentials(t *testing.T) {
	t.Helper()
	k.keys++
	text := fmt.Sprintf("[default]\naws_access_key_id = "+daemonKey+"\naws_secret_access_key = secret\n", k.keys)
	next := writeFile(t, filepath.Dir(k.credentials), "credentials.new", text)
	if err := os.Rename(next, k.credentials); err != nil {
		t.Fatal(err)
	}
}
