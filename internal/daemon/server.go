package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Handler serves /healthz, /readyz and /metrics to GET alone.
func (d *Daemon) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		d.mu.Lock()
		ok := d.healthy()
		d.mu.Unlock()
		answer(w, ok, "the loop stalls, or a run exceeds its time limits")
	})
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		names, why := d.lacking(false), d.lacking(true)
		answer(w, len(names) == 0, "not run yet, unable to run, or missing files: "+strings.Join(names, ", ")+"\n"+strings.Join(why, "\n"))
	})
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		if err := d.WriteMetrics(w); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return guard(mux)
}

func answer(w http.ResponseWriter, ok bool, why string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, why+"\n")
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// guard refuses other methods than GET, and requests for another host: a page in a
// browser on this machine could read the endpoints under a name of its own that
// resolves to this host (DNS rebinding).
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case !ownHost(r.Host):
			http.Error(w, "this is not "+r.Host, http.StatusForbidden)
		case r.Method != http.MethodGet:
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, "only GET", http.StatusMethodNotAllowed)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func ownHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// Listen opens the address of the setting listen: unix:PATH, a socket for its
// owner and group, or a loopback ADDRESS:PORT. It removes a socket that a killed
// daemon left, and keeps one that another process answers at.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	lc, dialer := net.ListenConfig{}, net.Dialer{Timeout: time.Second}
	path, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix {
		return lc.Listen(ctx, "tcp", address)
	}
	if err := safeDirectory(filepath.Dir(path), os.Geteuid()); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		if conn, err := dialer.DialContext(ctx, "unix", path); err == nil {
			_ = conn.Close()
			return nil, fmt.Errorf("listen on %s: another daemon is listening there", path)
		}
		_ = os.Remove(path) // if this fails, Listen returns the error
	}
	l, err := lc.Listen(ctx, "unix", path)
	if errors.Is(err, syscall.EINVAL) { // sun_path of unix(7): 108 bytes, one of which ends it
		err = fmt.Errorf("%w: its path has %d bytes, and a socket's may have about 100", err, len(path))
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o660); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// safeDirectory refuses root a directory in which others could put a link in place of the
// new socket, whose mode would then be given to any file. In a sticky directory only the
// owner of the directory could.
func safeDirectory(dir string, euid int) error {
	info, err := os.Stat(dir)
	if err != nil || euid != 0 {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid != 0 || info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("others can write %s: take a directory of root's, such as /run/credrender", dir)
	}
	return nil
}

// Serve answers at l until ctx is done.
func (d *Daemon) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: d.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
	}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
