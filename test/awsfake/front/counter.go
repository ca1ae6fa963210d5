package front

import (
	"maps"
	"sync"
)

// Counter counts the requests of a service by name. Its zero value has counted
// none.
type Counter struct {
	mu       sync.Mutex
	requests map[string]int
}

// Count takes record of one.
func (c *Counter) Count(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests == nil {
		c.requests = map[string]int{}
	}
	c.requests[name]++
}

// Requests returns how many requests arrived, by name, since the last Forget.
func (c *Counter) Requests() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.requests)
}

// Forget empties the counts.
func (c *Counter) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.requests)
}
