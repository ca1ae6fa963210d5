package awsconfig

import (
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
