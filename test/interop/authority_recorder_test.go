//go:build interop

package interop

import (
	"bytes"
	"crypto/tls"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// sent is one request as it left the binary.
type sent struct {
	ID     int         `json:"id"`
	Label  string      `json:"label"`
	Method string      `json:"method"`
	Scheme string      `json:"scheme"`
	Host   string      `json:"host"`
	URI    string      `json:"uri"`
	Header [][2]string `json:"headers"`
	Body   []byte      `json:"body"`
}

// recorder stands between the binary and an AWS: it records every request, and
// answers those of one operation itself where a test wants an error of it.
type recorder struct {
	*httptest.Server
	target string // the AWS behind it

	mu    sync.Mutex
	label string
	sent  []sent
	keys  map[string]string // secret keys by access key: those of the account, and what STS hands out
	fault *fault
}

// fault is an error that an operation answers.
type fault struct {
	service, operation, code string
	status                   int
	hits                     int
}

// newRecorder records what is sent to the account at target. With pair it
// serves TLS.
func newRecorder(t *testing.T, target string, pair *tls.Certificate) *recorder {
	t.Helper()
	r := &recorder{target: target, keys: map[string]string{"interop": "interop"}}
	r.Server = httptest.NewUnstartedServer(r)
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	if pair == nil {
		r.Start()
	} else {
		r.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*pair}, NextProtos: []string{"http/1.1"}}
		r.StartTLS()
	}
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP implements http.Handler.
func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	if f := r.note(req, body); f != nil {
		f.answer(w)
		return
	}
	kind, answer := forward(w, req, body, r.target)
	r.learnKeys(kind, answer)
}

// forward sends a request on to another server, byte for byte, and its answer
// back. It returns the answer.
func forward(w http.ResponseWriter, req *http.Request, body []byte, target string) (contentType string, answer []byte) {
	out, err := http.NewRequestWithContext(req.Context(), req.Method, target, bytes.NewReader(body))
	if err != nil {
		return "", nil
	}
	// The path goes on as it is, whatever it escapes.
	out.URL.Opaque = "//" + out.URL.Host + req.RequestURI
	out.Header, out.Host = req.Header.Clone(), req.Host
	resp, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return "", nil
	}
	defer resp.Body.Close()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		return "", nil
	}
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(answer)
	return resp.Header.Get("Content-Type"), answer
}

// newSent is a request as it arrived.
func newSent(req *http.Request, body []byte) sent {
	s := sent{Method: req.Method, Scheme: "http", Host: req.Host, URI: req.RequestURI, Body: body,
		Header: [][2]string{{"Host", req.Host}}}
	if req.TLS != nil {
		s.Scheme = "https"
	}
	for name, values := range req.Header {
		for _, value := range values {
			s.Header = append(s.Header, [2]string{name, value})
		}
	}
	return s
}

// note records a request and returns the fault that it runs into, or nil.
func (r *recorder) note(req *http.Request, body []byte) *fault {
	s := newSent(req, body)
	r.mu.Lock()
	defer r.mu.Unlock()
	s.ID, s.Label = len(r.sent), r.label
	r.sent = append(r.sent, s)
	if r.fault == nil || !r.fault.matches(s) {
		return nil
	}
	r.fault.hits++
	return r.fault
}

// learnKeys keeps the secret halves of the keys that STS hands out, by which
// the binary signs from then on.
func (r *recorder) learnKeys(kind string, answer []byte) {
	if !strings.Contains(kind, "xml") || !bytes.Contains(answer, []byte("<SecretAccessKey>")) {
		return
	}
	var id, secret string
	decoder := xml.NewDecoder(bytes.NewReader(answer))
	for token, err := decoder.Token(); err == nil; token, err = decoder.Token() {
		start, ok := token.(xml.StartElement)
		switch {
		case ok && start.Name.Local == "AccessKeyId":
			_ = decoder.DecodeElement(&id, &start)
		case ok && start.Name.Local == "SecretAccessKey":
			_ = decoder.DecodeElement(&secret, &start)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys[id] = secret
}

// during labels all requests that f causes.
func (r *recorder) during(label string, f func()) {
	r.mu.Lock()
	r.label = label
	r.mu.Unlock()
	f()
}

// failing answers an operation with an error code while f runs, and returns how
// many requests got it.
func (r *recorder) failing(f *fault, run func()) int {
	r.mu.Lock()
	r.fault = f
	r.mu.Unlock()
	run()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = nil
	return f.hits
}

// matches tells JSON services by their target, STS by its form, and S3 by the
// method and by whether the path names an object.
func (f *fault) matches(s sent) bool {
	switch f.service {
	case "sts":
		return bytes.Contains(s.Body, []byte("Action="+f.operation+"&"))
	case "s3":
		path, query, _ := strings.Cut(s.URI, "?")
		object := strings.Count(strings.Trim(path, "/"), "/") > 0
		for _, h := range s.Header {
			if h[0] == "X-Amz-Target" {
				return false
			}
		}
		switch f.operation {
		case "GetObject":
			return s.Method == http.MethodGet && object
		case "HeadObject":
			return s.Method == http.MethodHead && object
		case "PutObject":
			return s.Method == http.MethodPut && object
		case "ListObjectsV2":
			return s.Method == http.MethodGet && !object && strings.Contains(query, "list-type=2")
		}
		return false
	}
	target := map[string]string{"dynamodb": "DynamoDB_20120810.", "kms": "TrentService.", "ssm": "AmazonSSM.", "secretsmanager": "secretsmanager."}[f.service]
	for _, h := range s.Header {
		if h[0] == "X-Amz-Target" {
			return h[1] == target+f.operation
		}
	}
	return false
}

// answer writes the error as the service's protocol has it.
func (f *fault) answer(w http.ResponseWriter) {
	const message = "the documented error"
	w.Header().Set("X-Amzn-Requestid", "AUTHORITY0000000")
	switch f.service {
	case "sts":
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(f.status)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", f.code, message)
	case "s3":
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(f.status)
		fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>", f.code, message)
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(f.status)
		fmt.Fprintf(w, `{"__type": "%s", "message": "%s"}`, f.code, message)
	}
}
