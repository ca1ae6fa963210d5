package hop

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// conn is a connection of a client; raw is without TLS.
type conn struct {
	net.Conn
	raw  net.Conn
	hop  *Hop
	used bool // it has carried a request before
}

// exchange is a request that awaits its answer.
type exchange struct {
	conn   *conn
	req    Request
	fault  *Fault
	answer answer
}

// bytes returns an answer as it is sent.
func (a answer) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	h := a.header.Clone()
	h.Set("Content-Length", fmt.Sprint(len(a.body)))
	_ = h.Write(&b)
	b.WriteString("\r\n")
	b.Write(a.body)
	return b.Bytes()
}

func (c *conn) deliver(a answer) bool { return c.send(a.bytes()) }

func (c *conn) send(data []byte) bool {
	_, err := c.Write(data)
	return err == nil
}

// wait ends early with the hop, and reports whether it did not.
func (c *conn) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.hop.closing:
		return false
	}
}

func delay(x exchange) bool { return x.conn.wait(8*x.fault.Delay) && x.conn.deliver(x.answer) }

// silence waits until the client hangs up.
func silence(x exchange) bool {
	_, _ = x.conn.Read(make([]byte, 1))
	return false
}

func twice(x exchange) bool {
	return x.conn.send(append(x.answer.bytes(), x.answer.bytes()...))
}

// twiceLate repeats the answer while the connection may carry the next request. The
// next answer follows behind the repeat, as on a hop that keeps the order.
func twiceLate(x exchange) bool {
	return x.conn.deliver(x.answer) && x.conn.wait(x.fault.Delay) && x.conn.deliver(x.answer)
}

func cutHead(x exchange) bool {
	x.conn.send(x.answer.bytes()[:20])
	return false
}

func cutBody(x exchange) bool {
	all := x.answer.bytes()
	x.conn.send(all[:len(all)-(len(x.answer.body)+1)/2])
	return false
}

// shorten ends a body early, with a length that fits.
func shorten(x exchange) bool {
	a := x.answer
	a.body = a.body[:len(a.body)/2]
	return x.conn.deliver(a)
}

func hangUp(exchange) bool { return false }

func reset(x exchange) bool {
	abort(x.conn.raw)
	return false
}

// abort ends a connection by a TCP RST.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// reorder swaps the answers of two requests, if there is another one soon.
func reorder(x exchange) bool {
	x.conn.hop.mu.Lock()
	waiting := x.conn.hop.waiting
	x.conn.hop.mu.Unlock()
	timer := time.NewTimer(30 * time.Millisecond)
	defer timer.Stop()
	select {
	case waiting <- x: // the other sends both
		return true
	case other := <-waiting:
		sent := other.conn.deliver(x.answer)
		return x.conn.deliver(other.answer) && sent
	case <-timer.C:
		return x.conn.deliver(x.answer)
	case <-x.conn.hop.closing:
		return false
	}
}

// repeatOther sends an earlier answer once more, in place of the right one. The program
// may not have seen the earlier one yet, or never see it; then nothing but a MAC shows it.
func repeatOther(x exchange) bool {
	other, ok := x.conn.hop.another(x.req)
	if !ok {
		return cutBody(x)
	}
	return x.conn.deliver(other)
}

// giveOther sends the answer to another question, with a request id of its own.
func giveOther(x exchange) bool {
	other, ok := x.conn.hop.another(x.req)
	// What JSON services answer is compared with the question. The answers of others are
	// believed on a new connection, which a hop of HTTP does not mix up.
	if !ok || !x.conn.used && !slices.Contains(jsonServices, x.req.Service) {
		return cutBody(x)
	}
	other.header = other.header.Clone()
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Request-Id"} {
		if other.header.Get(name) != "" {
			other.header.Set(name, x.conn.hop.id())
		}
	}
	return x.conn.deliver(other)
}

// flip changes one bit of a value in the body, which checksums and MACs protect.
func flip(x exchange) bool {
	a := x.answer
	a.body = bytes.Clone(a.body)
	if len(a.body) > 0 {
		a.body[len(a.body)/2] ^= 1 << rand.IntN(7) //nolint:gosec // any bit will do
	}
	return x.conn.deliver(a)
}

func garbage(x exchange) bool {
	x.conn.send([]byte(strings.Repeat(Foreign+"\x00\xff\r\n", 20)))
	return false
}

// made returns an answer that no service of AWS gave.
func made(x exchange, status int, contentType, body string) answer {
	h := http.Header{"Content-Type": {contentType}}
	return answer{req: x.req, status: status, header: h, body: []byte(body)}
}

func garbageBody(x exchange) bool {
	if x.req.Service == "s3" { // an object is any bytes: the language is missing
		return x.conn.deliver(made(x, http.StatusBadGateway, "text/plain", Foreign))
	}
	return x.conn.deliver(made(x, http.StatusOK, "application/x-amz-json-1.1", `{"`+Foreign+"\xff"))
}

func emptyBody(x exchange) bool { return x.conn.deliver(made(x, http.StatusOK, "text/plain", "")) }

func page(status int) func(exchange) bool {
	return func(x exchange) bool {
		return x.conn.deliver(made(x, status, "text/html", "<html><title>"+Foreign+"</title><p>"+Foreign+"</html>"))
	}
}

func redirect(x exchange) bool {
	a := made(x, []int{301, 302, 307, 308}[x.req.Attempt%4], "text/html", Foreign)
	a.header.Set("Location", "http://127.0.0.1:9/"+Foreign)
	return x.conn.deliver(a)
}

func longHead(x exchange) bool {
	a := made(x, http.StatusOK, "application/json", "{}")
	a.header.Set("X-Filler", strings.Repeat(Foreign, 8000))
	x.conn.deliver(a)
	return false
}

func longBody(x exchange) bool {
	x.conn.send([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n{\"" + Foreign))
	return false
}
