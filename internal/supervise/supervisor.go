// Package supervise keeps one program running and replaces its process by a newer
// one.
//
// A [Child] starts in two stages. First it prepares: it fetches what the program
// needs, reports to the supervisor over a pipe, and waits. On [Child.Release] it
// becomes the program by execve, so that the process id and the exit status are the
// program's own. The supervisor thus knows that the new process can start before
// it ends the old one, and never sees what the new one has fetched.
//
// A [Supervisor] forwards signals to the process that is in force, replaces it, and
// returns its exit status once it ends by itself. A [Parent] is the other end of
// the pipes. [Init] is for PID 1 of a container.
package supervise

import (
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Supervisor runs the program in one process after another.
type Supervisor struct {
	killAfter time.Duration
	terminal  bool

	swap sync.Mutex // held while a process is replaced

	mu        sync.Mutex // guards what is below
	current   *Child
	replacing bool
	ending    bool // while a process was replaced, the program was told to end
}

// New returns a supervisor of a program that runs, or prepares, in first. killAfter
// is how long it may take to end. If it shares a terminal with this process, the
// kernel sends both of them what is typed there.
func New(first *Child, killAfter time.Duration, terminal bool) *Supervisor {
	return &Supervisor{killAfter: killAfter, terminal: terminal, current: first}
}

// Forward sends signals on to the program, until the channel is closed.
func (s *Supervisor) Forward(signals <-chan os.Signal) {
	for sig := range signals {
		if !forwarded(sig, s.terminal) {
			continue
		}
		s.mu.Lock()
		if s.replacing && ends(sig) {
			s.ending = true
		}
		_ = s.current.Signal(sig)
		s.mu.Unlock()
	}
}

// forwarded leaves out signals that are about this process alone, and those that a
// terminal sends to the program too.
func forwarded(sig os.Signal, terminal bool) bool {
	if slices.Contains([]os.Signal{syscall.SIGCHLD, syscall.SIGURG, syscall.SIGPIPE}, sig) {
		return false
	}
	typed := []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT, syscall.SIGWINCH}
	return !terminal || !slices.Contains(typed, sig)
}

func ends(sig os.Signal) bool {
	return slices.Contains([]os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT}, sig)
}

// Signal sends a signal to the program.
func (s *Supervisor) Signal(sig os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.Signal(sig)
}

// Replace ends the program and lets next become it. It reports false, and discards
// next, if the program has ended by itself or was told to.
func (s *Supervisor) Replace(next *Child) bool {
	s.swap.Lock()
	defer s.swap.Unlock()
	old := s.begin()
	if old == nil {
		next.Discard()
		return false
	}
	old.Stop(s.killAfter)
	if !s.install(next) {
		next.Discard()
		return false
	}
	next.Release()
	return true
}

// install makes next the process in force, unless the program was told to end.
func (s *Supervisor) install(next *Child) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replacing = false
	if !s.ending {
		s.current = next
	}
	return !s.ending
}

// begin returns the process to be replaced; nil: it has ended.
func (s *Supervisor) begin() *Child {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.current.Done():
		return nil
	default:
	}
	s.replacing = true
	return s.current
}

// Wait waits until the program ends by itself, and returns its exit code.
func (s *Supervisor) Wait() int {
	for {
		s.mu.Lock()
		c := s.current
		s.mu.Unlock()
		<-c.Done()
		s.swap.Lock()
		s.mu.Lock()
		last := s.current == c
		s.mu.Unlock()
		s.swap.Unlock()
		if last {
			return c.Code()
		}
	}
}
