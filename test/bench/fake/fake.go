// Package fake answers what is read of DynamoDB (Query, GetItem, Scan), KMS
// (Decrypt) and Parameter Store with bytes made ahead, as fast as it can, for
// measuring clients.
//
// It is no model of AWS (package awsfake is): it reads no signature, knows no
// grants and has an item for every name. Its items are real ones: any reader of
// credstash's format decrypts them to [Value]. What it does model is distance.
// Each answer takes RTT from the arrival of its request, and no connection
// answers anything, its TLS handshake included, before Connect has passed since
// it was opened; a connection that was opened early enough costs nothing.
package fake

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a server is like.
type Options struct {
	RTT     time.Duration // per request
	Decrypt time.Duration // per Decrypt, and per request to Parameter Store; 0: RTT
	Connect time.Duration // per connection
	Size    int           // of each secret, in bytes
	Names   int           // how many secrets a Scan finds: n0, n1, ...
	TLS     *tls.Config   // nil: plain HTTP
	// Throttle is the share of Queries, 0 to 1, that are told to slow down.
	Throttle float64
	// Units is how many Queries a second are answered, the rest being told to
	// slow down, without any burst; 0: all.
	Units float64
}

// Server answers on two listeners, one for each service.
type Server struct {
	opts   Options
	tables net.Listener
	keys   net.Listener
	table  *table

	// Requests are all, Reads those of the table.
	Connections, Requests, Reads atomic.Int64

	ids atomic.Int64

	mu   sync.Mutex
	next time.Time // when the next unit is there
}

// Start returns a running server.
func Start(o Options) (*Server, error) {
	t, err := newTable(o.Size, o.Names)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: o, table: t}
	for _, l := range []*net.Listener{&s.tables, &s.keys} {
		var err error
		if *l, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
		go s.accept(*l)
	}
	return s, nil
}

// Tables and Keys are the endpoints.
func (s *Server) Tables() string { return s.url(s.tables) }

// Keys is KMS's endpoint.
func (s *Server) Keys() string { return s.url(s.keys) }

func (s *Server) url(l net.Listener) string {
	if s.opts.TLS != nil {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// Close ends the listeners; connections end with their clients.
func (s *Server) Close() error {
	_ = s.tables.Close()
	return s.keys.Close()
}

func (s *Server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.Connections.Add(1)
		go s.serve(c, time.Now().Add(s.opts.Connect))
	}
}

func (s *Server) serve(c net.Conn, ready time.Time) {
	defer c.Close()
	time.Sleep(time.Until(ready))
	if s.opts.TLS != nil {
		c = tls.Server(c, s.opts.TLS)
	}
	in := bufio.NewReaderSize(c, 4096)
	for {
		target, body, err := readRequest(in)
		if err != nil {
			return
		}
		s.Requests.Add(1)
		time.Sleep(s.takes(target))
		if _, err := c.Write(s.identified(s.answer(target, body))); err != nil {
			return
		}
	}
}

// takes is how long an answer takes.
func (s *Server) takes(target string) time.Duration {
	if strings.HasSuffix(target, ".Decrypt") || strings.HasPrefix(target, "AmazonSSM.") { // which asks KMS

		return cmp.Or(s.opts.Decrypt, s.opts.RTT)
	}
	return s.opts.RTT
}

// identified gives an answer a request id of its own, as AWS does.
func (s *Server) identified(answer []byte) []byte {
	at := bytes.Index(answer, []byte(anID))
	if at < 0 {
		return answer
	}
	out := bytes.Clone(answer)
	copy(out[at:], fmt.Sprintf("%0*d", len(anID), s.ids.Add(1)))
	return out
}

// anID is what answers that are made ahead have in place of an id.
const anID = "0000000000000000"

// readRequest reads as much of HTTP/1.1 as the SDK and package limit use.
func readRequest(in *bufio.Reader) (target string, body []byte, err error) {
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", nil, err
		}
		text := bytes.TrimRight(line, "\r\n")
		if len(text) == 0 {
			break
		}
		name, value, _ := bytes.Cut(text, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return "", nil, err
			}
		case bytes.EqualFold(name, []byte("X-Amz-Target")):
			target = string(bytes.TrimSpace(value))
		}
	}
	body = make([]byte, length)
	_, err = io.ReadFull(in, body)
	return target, body, err
}

func (s *Server) answer(target string, body []byte) []byte {
	_, operation, _ := strings.Cut(target, ".")
	switch operation {
	case "Decrypt":
		return s.table.plaintext
	case "Query":
		s.Reads.Add(1)
		if s.busy() {
			return response("400 Bad Request", []byte(`{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`))
		}
		return s.table.query(body)
	case "GetItem":
		s.Reads.Add(1)
		return s.table.get(body)
	case "Scan":
		s.Reads.Add(1)
		return s.table.scan(body)
	case "GetParameter", "GetParameters", "GetParametersByPath":
		return s.table.parameters(operation, body)
	}
	return notImplemented(operation)
}

func (s *Server) busy() bool {
	if s.opts.Throttle > 0 && rand.Float64() < s.opts.Throttle { //nolint:gosec // a coin, no key
		return true
	}
	if s.opts.Units == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Before(s.next) {
		return true
	}
	s.next = now.Add(time.Duration(float64(time.Second) / s.opts.Units))
	return false
}

func notImplemented(what string) []byte {
	return response("501 Not Implemented", fmt.Appendf(nil, `{"__type":"NotImplemented","message":%q}`, what))
}

func response(status string, body []byte) []byte {
	out := fmt.Appendf(make([]byte, 0, len(body)+250), "HTTP/1.1 %s\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amzn-Requestid: "+anID+"\r\nX-Amz-Crc32: %d\r\nContent-Length: %d\r\n\r\n", status, crc32.ChecksumIEEE(body), len(body))
	return append(out, body...)
}
