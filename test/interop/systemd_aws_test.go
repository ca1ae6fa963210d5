//go:build interop

package interop

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/test/awsfake"
)

// endpoint is where a machine finds AWS.
const endpoint = "127.0.0.1:8000"

// machineAWS is AWS on a machine's own loopback. It answers, refuses
// connections, or takes them and stays silent.
type machineAWS struct {
	m    *machine
	fake *awsfake.Server
	stop func()
}

// newMachineAWS starts an AWS that answers, and leads the units and the root
// user of the machine there.
func newMachineAWS(t *testing.T, m *machine) *machineAWS {
	t.Helper()
	a := &machineAWS{m: m, fake: awsfake.Start(t), stop: func() {}}
	env := []string{"AWS_ENDPOINT_URL=http://" + endpoint}
	for _, setting := range a.fake.Env() {
		if !strings.HasPrefix(setting, "AWS_ENDPOINT_URL") {
			env = append(env, setting)
		}
	}
	m.write(t, "/etc/default/credrender", strings.Join(env, "\n")+"\n", 0o600)
	a.answer(t)
	t.Cleanup(func() { a.stop() })
	return a
}

func (a *machineAWS) answer(t *testing.T) {
	t.Helper()
	server := &http.Server{Handler: a.fake, ReadHeaderTimeout: time.Minute}
	l := a.listen(t)
	go func() { _ = server.Serve(l) }() // until stop
	a.stop = func() { _ = server.Close() }
}

func (a *machineAWS) refuse(t *testing.T) {
	t.Helper()
	a.stop()
	a.stop = func() {}
}

// beSilent takes connections, as a firewall between does that drops packets
// later, and answers nothing.
func (a *machineAWS) beSilent(t *testing.T) {
	t.Helper()
	l := a.listen(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close() // until the listener is closed, on purpose
		}
	}()
	a.stop = func() { _ = l.Close() }
}

func (a *machineAWS) listen(t *testing.T) (l net.Listener) {
	t.Helper()
	a.stop()
	err := a.m.in(func() (err error) {
		l, err = net.Listen("tcp", endpoint) // a test's
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// credrender runs credrender in the machine, with the settings of its units.
func (m *machine) credrender(t *testing.T, code int, args ...string) result {
	t.Helper()
	return m.want(t, code, append([]string{"sh", "-c", `set -a; . /etc/default/credrender; exec credrender "$@"`, "credrender"}, args...)...)
}

// put stores a secret.
func (m *machine) put(t *testing.T, name, value string, context ...string) {
	t.Helper()
	m.credrender(t, 0, append([]string{"--config", "/dev/null", "put", name, value}, context...)...) // also where the config is bad
}
