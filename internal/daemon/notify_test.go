package daemon_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/credrender/credrender/internal/daemon"
)

// The watchdog is fed while there is progress, and no longer than a run may take.
func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, files: true, takes: time.Hour}
		d := newDaemon(t, f.config(), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		go d.Run(ctx)
		for minute, want := range map[time.Duration]int{time.Minute: 200, 30 * time.Minute: 503, 61 * time.Minute: 200} {
			time.AfterFunc(minute, func() {
				if code := status(d, http.MethodGet, "/healthz", "localhost"); code != want {
					t.Errorf("after %v: %d, want %d", minute, code, want)
				}
			})
		}
		<-ctx.Done()
		time.Sleep(2 * time.Hour) // the run under way ends
	})
}

// heard is what systemd would hear.
type heard struct {
	path  string
	lines chan string
}

func listen(t *testing.T) *heard {
	t.Helper()
	h := &heard{filepath.Join(t.TempDir(), "notify"), make(chan string, 1000)}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: h.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			h.lines <- string(buf[:n])
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return h
}

func (h *heard) notifier(t *testing.T) *daemon.Notifier {
	t.Helper()
	env := map[string]string{"NOTIFY_SOCKET": h.path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": strconv.Itoa(os.Getpid())}
	n := daemon.NewNotifier(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if n.Watchdog() != 30*time.Second {
		t.Errorf("watchdog: %v", n.Watchdog())
	}
	return n
}

// until waits for a message that begins so.
func (h *heard) until(t *testing.T, prefix string) {
	t.Helper()
	for {
		select {
		case l := <-h.lines:
			if strings.HasPrefix(l, prefix) {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("systemd did not hear %s", prefix)
		}
	}
}
