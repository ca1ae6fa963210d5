package awsconfig

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// answers holds the request ids of a host's last answers. AWS gives each answer its
// own; an answer that a hop sends twice has the same id twice.
type answers struct {
	mu            sync.Mutex
	recent, older map[string]bool
	// onNew counts the repeats of an id on new connections, since the last new id on one.
	onNew       map[string]int
	meaningless bool // an emulator reuses ids: one was repeated on two new connections in a row
}

const remembered = 1024

// check reports whether an answer is repeated, and whether its id identifies it. used
// tells whether its connection has carried requests before.
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
	if !used && !seen {
		clear(a.onNew) // a hop did it: it gave an answer to two requests
	} else if !used {
		if a.onNew == nil {
			a.onNew = map[string]int{}
		}
		a.onNew[id]++
		a.meaningless = a.meaningless || a.onNew[id] > 1
	}
	return seen && !a.meaningless, !seen && !a.meaningless
}

// errRepeated: a hop has sent an answer twice. It is as transient as a truncated
// answer.
var errRepeated = errors.Join(wire.ErrOther, io.ErrUnexpectedEOF)

// exchange sends a request. If the answer is a repeated one, it sends the request again
// on a new connection, twice at most: then an emulator's ids are known to be meaningless.
func (t *transport) exchange(req *http.Request) (*http.Response, error) {
	if err := keepBody(req); err != nil {
		return nil, err
	}
	x := wire.ExchangeOf(req.Context())
	via := t.kept
	if x.New {
		via = t.fresh
	}
	resp, err := t.send(via, req, x)
	for again := 0; again < 2 && errors.Is(err, errRepeated); again++ {
		if req.GetBody != nil {
			if req.Body, err = req.GetBody(); err != nil {
				return nil, err
			}
		}
		resp, err = t.send(t.fresh, req, x)
	}
	return resp, err
}

// keepBody buffers the body of a request so that it can be sent again. The SDK's bodies
// are small. It also keeps net/http from closing the connection below the answer: of a
// body of the SDK's type, which the SDK closes once the answer has begun, net/http takes
// the end for a failed write.
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
