package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/credrender/credrender/test/hop"
)

// serveObjects answers requests for objects by reply, on raw connections.
func serveObjects(t *testing.T, reply func(c net.Conn, key string)) (url string) {
	t.Helper()
	return "http://" + hop.Accept(t, func(c net.Conn) {
		defer c.Close()
		in := bufio.NewReader(c)
		for req, err := http.ReadRequest(in); err == nil; req, err = http.ReadRequest(in) {
			reply(c, path.Base(req.URL.Path))
		}
	})
}

// renderObjects runs the program over a template on its standard input.
func renderObjects(t *testing.T, url, template string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "credrender", "--state-dir", t.TempDir(), "render", "-")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "GORACE=" + os.Getenv("GORACE"), "HOME=" + t.TempDir(),
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_ENDPOINT_URL=" + url, "AWS_MAX_ATTEMPTS=2",
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(template), &out, &errs
	_ = cmd.Run()
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// A hop that sends each answer twice changes no value, and nothing of an answer
// gets to standard error.
func TestDoubledAnswers(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	url := serveObjects(t, func(c net.Conn, key string) {
		value := "k" + key
		answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nX-Amz-Request-Id: R%d\r\nContent-Length: %d\r\n\r\n%s", n.Add(1), len(value), value)
		_, _ = c.Write(answer)
		time.Sleep(5 * time.Millisecond)
		_, _ = c.Write(answer)
	})
	// Each name is the value of the object before.
	code, stdout, stderr := renderObjects(t, url, `{{ $a := s3object "bucket/a" }}{{ $b := s3object (print "bucket/" $a) }}{{ $c := s3object (print "bucket/" $b) }}{{ $a }} {{ $b }} {{ $c }}`)
	if code != exitOK || stdout != "ka kka kkka" || stderr != "" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

func TestEndlessHead(t *testing.T) {
	t.Parallel()
	url := serveObjects(t, func(c net.Conn, _ string) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
		line := []byte("X-Filler: " + strings.Repeat("x", 1000) + "\r\n")
		for range 600 << 10 {
			if _, err := c.Write(line); err != nil {
				return
			}
		}
	})
	code, stdout, stderr := renderObjects(t, url, `{{ s3object "bucket/a" }}`)
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "headers exceeded the limit") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}
