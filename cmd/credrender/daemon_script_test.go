package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// Commands of the scripts for what runs in the background: testscript's own kill
// knows neither TERM nor HUP.

func background(ts *testscript.TestScript) *os.Process {
	cmds := ts.BackgroundCmds()
	if len(cmds) != 1 {
		ts.Fatalf("%d commands in the background, want one", len(cmds))
	}
	return cmds[0].Process
}

// cmdSignal sends a signal to the command in the background: signal HUP.
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "USR1": syscall.SIGUSR1, "TERM": syscall.SIGTERM}
	if neg || len(args) != 1 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal HUP|USR1|TERM")
	}
	ts.Check(background(ts).Signal(signals[args[0]]))
}

// cmdStarve keeps the command in the background from starting others, until starve
// end: it leaves them no room for their arguments.
func cmdStarve(ts *testscript.TestScript, neg bool, args []string) {
	limit := unix.Rlimit{Cur: 1 << 10, Max: unix.RLIM_INFINITY}
	switch {
	case neg || len(args) > 1:
		ts.Fatalf("usage: starve [end]")
	case len(args) == 1 && args[0] == "end":
		limit.Cur = 8 << 20
	}
	ts.Check(unix.Prlimit(background(ts).Pid, unix.RLIMIT_STACK, &limit, nil))
}

// cmdMemory looks for texts in all memory of the command in the background, and
// fails if they are there, or with ! if one of them is not.
func cmdMemory(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: [!] memory TEXT...")
	}
	found, err := searchMemory(background(ts).Pid, args)
	ts.Check(err)
	for _, text := range args {
		if found[text] != neg {
			continue
		}
		if !neg {
			ts.Fatalf("%s is not in the memory of the command in the background", text)
		}
		ts.Fatalf("%s is in the memory of the command in the background", text)
	}
}

func searchMemory(pid int, texts []string) (map[string]bool, error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, err
	}
	defer maps.Close()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, err
	}
	defer mem.Close()
	found := map[string]bool{}
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		from, to, _ := strings.Cut(fields[0], "-")
		first, errF := strconv.ParseUint(from, 16, 63)
		last, errL := strconv.ParseUint(to, 16, 63)
		if !strings.HasPrefix(fields[1], "r") || errF != nil || errL != nil {
			continue
		}
		const step, overlap = 16 << 20, 256
		for at := first; at < last; at += step - overlap {
			buf := make([]byte, min(step, last-at))
			n, _ := mem.ReadAt(buf, int64(at)) // some pages cannot be read
			for _, text := range texts {
				found[text] = found[text] || bytes.Contains(buf[:n], []byte(text))
			}
			if uint64(len(buf)) < step {
				break
			}
		}
	}
	return found, nil
}

// cmdFetch prints what a daemon answers: fetch SOCKET PATH [HOST [METHOD]].
func cmdFetch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 4 {
		ts.Fatalf("usage: fetch SOCKET PATH [HOST [METHOD]]")
	}
	args = append(args, []string{"localhost", http.MethodGet}[len(args)-2:]...)
	socket := ts.MkAbs(args[0])
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	req, err := http.NewRequest(args[3], "http://"+args[2]+args[1], nil)
	ts.Check(err)
	resp, err := client.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	_, _ = fmt.Fprintf(ts.Stdout(), "%d\n%s", resp.StatusCode, body)
}

// cmdSpeak answers every request alike, at the address that $SPOKEN then has:
// speak STATUS TYPE FILE.
func cmdSpeak(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: speak STATUS TYPE FILE")
	}
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	body := ts.ReadFile(args[2])
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", args[1])
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	ts.Defer(srv.Close)
	ts.Setenv("SPOKEN", srv.URL)
}

// cmdNotify listens as systemd would, and writes what it hears into a file, a
// line each: notify FILE.
func cmdNotify(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: notify FILE")
	}
	path := ts.MkAbs(".notify-" + args[0])
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	ts.Check(err)
	out, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			_, _ = fmt.Fprintf(out, "%s\n", strings.ReplaceAll(string(buf[:n]), "\n", " "))
		}
	}()
	ts.Defer(func() { _ = conn.Close(); <-done; _ = out.Close() })
	ts.Setenv("NOTIFY_SOCKET", path)
	ts.Setenv("WATCHDOG_USEC", "600000")
}
