package awsconfig

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// answers remembers the request ids of a host's last answers. Each answer has
// its own, and one that a hop repeats has the same again.
type answers struct {
	mu            sync.Mutex
	recent, older map[string]bool
	meaningless   bool // answers on new connections had ids that had been seen: of an emulator
}

const remembered = 1024

// check reports whether an answer on a connection, used before or not, is a
// repeated one, and whether its id is no other's.
func (a *answers) check(h http.Header, used bool) (repeated, identified bool) {
	id := wire.RequestID(h)
	if id == "" {
		return false, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := a.recent[id] || a.older[id]
	if len(a.recent) == 0 || len(a.recent) >= remembered {
		a.recent, a.older = make(map[string]bool, 64), a.recent
	}
	a.recent[id] = true
	a.meaningless = a.meaningless || seen && !used
	return seen && used && !a.meaningless, !seen && !a.meaningless
}

// errRepeated: a hop has sent an answer again. It is as transient as an answer
// that breaks off.
var errRepeated = errors.Join(wire.ErrOther, io.ErrUnexpectedEOF)

// exchange sends a request, and again on a new connection where it got an
// answer that was another's.
func (t *transport) exchange(req *http.Request) (*http.Response, error) {
	x := wire.ExchangeOf(req.Context())
	if x.New {
		return t.send(t.fresh, req, x)
	}
	if err := keepBody(req); err != nil {
		return nil, err
	}
	resp, err := t.send(t.kept, req, x)
	if !errors.Is(err, errRepeated) {
		return resp, err
	}
	if req.GetBody != nil {
		if req.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return t.send(t.fresh, req, x)
}

// keepBody lets a request be sent again. The SDK's are small.
func keepBody(req *http.Request) error {
	if req.Body == nil || req.Body == http.NoBody || req.GetBody != nil {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return err
	}
	_ = req.Body.Close()
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, err = req.GetBody()
	return err
}
