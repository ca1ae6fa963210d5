// Package limit limits the time that a command waits for AWS, credentials and instance
// metadata without an answer.
//
// A [Limit] applies to contexts. Code that waits for something outside the process calls
// [Wait] with the context. The clock runs while at least one wait is in progress, and
// restarts at zero with every answer: a job over many items ends when answers stop, not
// because it is long. The time between waits (prompts, editors, hooks, pauses) does not
// count.
package limit

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/credrender/credrender/pkg/source"
)

// Subject describes what a wait is for.
type Subject struct {
	Name      string // "DynamoDB", "credential_process of the profile"
	Region    string // may be empty
	Operation string // "Query"; may be empty
	Prompts   bool   // it may use the terminal itself
}

// Observer is told what is waited for, such as to show it on a terminal.
type Observer interface {
	// Begin begins a wait, which end ends.
	Begin(s Subject) (end func())
	// Pause begins a prompt, which resume ends.
	Pause() (resume func())
}

// String returns the subject without its operation, for messages.
func (s Subject) String() string {
	if s.Region == "" {
		return s.Name
	}
	return s.Name + " in " + s.Region
}

// Error is the error of a context that a limit ended. It is also
// context.DeadlineExceeded and source.ErrUnreachable.
type Error struct {
	Subject Subject // zero if unknown
	Limit   time.Duration
}

func (e *Error) Error() string {
	what := e.Subject.String()
	if e.Subject.Operation != "" {
		what += " (" + e.Subject.Operation + ")"
	}
	if what != "" {
		what = " from " + what
	}
	return fmt.Sprintf("no answer%s within %s (--timeout)", what, e.Limit)
}

func (e *Error) Unwrap() []error { return []error{context.DeadlineExceeded, source.ErrUnreachable} }

// Limited returns the limit.
func (e *Error) Limited() time.Duration { return e.Limit }

// Timeout implements net.Error.
func (e *Error) Timeout() bool { return true }

// Temporary implements net.Error.
func (e *Error) Temporary() bool { return true }

// Limit ends contexts if no answer arrives for a time. It is safe for concurrent use.
type Limit struct {
	mu      sync.Mutex
	limit   time.Duration // 0: none
	strict  bool          // answers do not start the clock again
	live    map[*expiring]bool
	over    error // once it has ended its contexts
	waits   []*wait
	paused  int
	running bool
	since   time.Time     // when the clock began to run
	before  time.Duration // what it showed then: without an answer
	expiry  *time.Timer
	watcher Observer // may be nil
}

type wait struct{ subject Subject }

type limitKey struct{}

// New returns a limit whose contexts end if no answer arrives for d; 0 is no limit.
func New(d time.Duration) *Limit { return &Limit{limit: d, live: map[*expiring]bool{}} }

// Total returns a limit for the sum of all waits. Answers do not restart it.
func Total(d time.Duration) *Limit {
	l := New(d)
	l.strict = true
	return l
}

// Context returns a context with the limit; the caller must call stop. A limit of parent
// does not count waits of this context. After the limit has expired, Context returns
// contexts that have ended.
func (l *Limit) Context(parent context.Context) (ctx context.Context, stop context.CancelFunc) {
	var watcher Observer
	if outer := of(parent); outer != nil {
		watcher = outer.observer()
	}
	e := &expiring{Context: context.WithValue(parent, limitKey{}, l), done: make(chan struct{})}
	detach := context.AfterFunc(parent, func() { e.end(parent.Err()) })
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watcher == nil {
		l.watcher = watcher
	}
	l.live[e] = true
	if l.over != nil {
		e.end(l.over)
	}
	ctx, cancel := context.WithCancel(e)
	return ctx, func() {
		detach()
		cancel()
		e.end(context.Canceled)
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.live, e)
		if len(l.live) == 0 {
			l.stop()
		}
	}
}

func of(ctx context.Context) *Limit {
	l, _ := ctx.Value(limitKey{}).(*Limit)
	return l
}

// Set changes the limit.
func (l *Limit) Set(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop()
	l.limit = d
	l.start()
}

// Observe makes the limit tell o of the waits and prompts of its contexts, and of limits
// within them.
func (l *Limit) Observe(o Observer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watcher = o
}

func (l *Limit) observer() Observer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watcher
}

// Wait starts a wait, which end ends. answered reports whether an answer arrived. Without
// a limit in ctx, Wait does nothing.
func Wait(ctx context.Context, s Subject) (end func(answered bool)) {
	l := of(ctx)
	if l == nil {
		return func(bool) {}
	}
	w := &wait{s}
	seen := func() {}
	if o := l.observer(); o != nil {
		seen = o.Begin(s)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits = append(l.waits, w)
	l.start()
	return func(answered bool) {
		seen()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.stop()
		if answered && !l.strict {
			l.before = 0
		}
		l.waits = slices.DeleteFunc(l.waits, func(other *wait) bool { return other == w })
		l.start()
	}
}

// Pause stops the clock of ctx's limit, for example during a prompt.
func Pause(ctx context.Context) (resume func()) {
	l := of(ctx)
	if l == nil {
		return func() {}
	}
	seen := func() {}
	if o := l.observer(); o != nil {
		seen = o.Pause()
	}
	l.pause(1)
	return sync.OnceFunc(func() { l.pause(-1); seen() })
}

func (l *Limit) pause(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop()
	l.paused += n
	l.start()
}

// start starts the clock if a wait is in progress.
func (l *Limit) start() {
	if l.running || l.paused > 0 || len(l.waits) == 0 {
		return
	}
	l.running, l.since = true, time.Now()
	switch left := l.limit - l.before; {
	case l.limit <= 0:
	case l.expiry == nil:
		l.expiry = time.AfterFunc(left, l.expire)
	default:
		l.expiry.Reset(left)
	}
}

func (l *Limit) stop() {
	if !l.running {
		return
	}
	l.running = false
	l.before += time.Since(l.since)
	if l.expiry != nil {
		l.expiry.Stop()
	}
}

// expire ends the contexts, unless an answer arrived after the timer fired.
func (l *Limit) expire() {
	l.mu.Lock()
	over := l.running && l.limit > 0 && l.before+time.Since(l.since) >= l.limit
	if over {
		l.over = &Error{Subject: l.subject(), Limit: l.limit}
		for e := range l.live {
			e.end(l.over)
		}
	}
	l.mu.Unlock()
}

// subject returns the subject of the last wait, which is the innermost.
func (l *Limit) subject() Subject {
	if len(l.waits) == 0 {
		return Subject{}
	}
	return l.waits[len(l.waits)-1].subject
}

// expiring is a context that ends with an error of choice. Those of package context end
// with Canceled, or at a fixed time.
type expiring struct {
	context.Context
	once sync.Once
	done chan struct{}
	err  error // is set before done is closed
}

func (e *expiring) end(err error) {
	e.once.Do(func() { e.err = err; close(e.done) })
}

// Done implements context.Context.
func (e *expiring) Done() <-chan struct{} { return e.done }

// Err implements context.Context.
func (e *expiring) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}
