package awsfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/credrender/credrender/test/awsfake/keys"
	"github.com/credrender/credrender/test/awsfake/tables"
	"github.com/credrender/credrender/test/awsfake/wire"
)

// What X-Amz-Target begins with.
const (
	dynamoTarget = "DynamoDB_20120810."
	kmsTarget    = "TrentService."
)

// call is a decoded request, bound to what it is for.
type call struct {
	describe func(*wire.Request)
	run      func(*region, *wire.Request) (any, error)
}

// decode reads a request of either JSON service.
func decode(req *Request, body []byte) (call, error) {
	if req.Service == DynamoDB {
		c, err := tables.Decode(req.Operation, body)
		return call{c.Describe, func(r *region, req *wire.Request) (any, error) { return c.Run(r.tables, req) }}, err
	}
	c, err := keys.Decode(req.Operation, body)
	return call{c.Describe, func(r *region, req *wire.Request) (any, error) { return c.Run(r.keys, req) }}, err
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	target := r.Header.Get("X-Amz-Target")
	if target == "" {
		s.serveSTS(w, r, body)
		return
	}
	req := Request{Service: KMS, Operation: strings.TrimPrefix(target, kmsTarget)}
	if name, ok := strings.CutPrefix(target, dynamoTarget); ok {
		req.Service, req.Operation = DynamoDB, name
	}
	c, err := decode(&req, body)
	if err == nil {
		c.describe(&req)
		err = s.authenticate(r, &req)
	}
	if err != nil {
		s.answer(w, req, nil, err)
		return
	}
	s.perform(w, r, req, func(req *Request) (any, error) {
		if err := s.authorize(req); err != nil {
			return nil, err
		}
		return c.run(s.in(req.Region), req)
	})
}

// perform applies the rules to a request, and carries it out if they let it.
func (s *Server) perform(w http.ResponseWriter, r *http.Request, req Request, run func(*Request) (any, error)) {
	fault := s.faultFor(r.Context(), req)
	if fault != nil && fault.Reset && !fault.Applied {
		s.mu.Lock()
		s.record.add(req)
		s.mu.Unlock()
		hangUp(w, true)
		return
	}
	var out any
	var err error
	if fault != nil && fault.Code != "" {
		err = &wire.Error{Status: fault.Status, Code: fault.Code, Message: fault.Message}
	} else {
		s.mu.Lock()
		out, err = run(&req)
		s.mu.Unlock()
	}
	if fault != nil && (fault.Reset || fault.Cut) {
		w = &breaking{ResponseWriter: w, cut: fault.Cut}
	}
	s.answer(w, req, out, err)
}

// answer writes an output or an error, and records the request.
func (s *Server) answer(w http.ResponseWriter, req Request, out any, err error) {
	status := http.StatusOK
	if api, ok := errors.AsType[*wire.Error](err); ok {
		if status = api.Status; status == 0 {
			status = http.StatusBadRequest
		}
		req.Code = api.Code
		out = errorBody(req.Service, api)
	}
	req.Status = status
	s.mu.Lock()
	s.record.add(req)
	s.serial++
	id := fmt.Sprintf("REQUEST%09d", s.serial)
	s.mu.Unlock()

	h := w.Header()
	h.Set("X-Amzn-RequestId", id)
	h.Set("Date", s.opts.Now().UTC().Format(http.TimeFormat))
	if x, ok := out.(xmlBody); ok {
		h.Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, string(x))
		return
	}
	body, err := json.Marshal(out)
	if err != nil {
		panic(err) // a bug here: outputs are made of plain types
	}
	h.Set("Content-Type", "application/x-amz-json-1.1")
	if req.Service == DynamoDB {
		h.Set("Content-Type", "application/x-amz-json-1.0")
		h.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// errorBody is what each protocol sends: DynamoDB qualifies the codes of its
// own model, KMS none.
func errorBody(service string, e *wire.Error) any {
	if service == STS {
		return xmlError(e)
	}
	m := map[string]any{"__type": e.Code}
	if e.Message != "" {
		m["message"] = e.Message
	}
	if service == DynamoDB {
		m["__type"] = "com.amazonaws.dynamodb.v20120810#" + e.Code
		if e.Code == "AccessDeniedException" || e.Code == "ValidationException" || e.Code == "ThrottlingException" {
			m["__type"] = "com.amazon.coral.service#" + e.Code
		}
	}
	maps.Copy(m, e.Extra)
	return m
}

// credentialScope is the part of a version 4 signature that says who, where and what.
var credentialScope = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request,`)
})

// authenticate reads the signature's scope, which must be for this service. The
// signature itself is not checked: the SDK makes it.
func (s *Server) authenticate(r *http.Request, req *Request) error {
	m := credentialScope().FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return &wire.Error{Code: "MissingAuthenticationTokenException", Message: "Missing Authentication Token"}
	}
	req.AccessKey, req.Region = m[1], m[2]
	if m[3] != req.Service {
		return &wire.Error{Code: "InvalidSignatureException", Message: "Credential should be scoped to correct service: '" + req.Service + "'."}
	}
	principal, ok := s.principal(req.AccessKey, r.Header.Get("X-Amz-Security-Token"))
	if !ok {
		return &wire.Error{Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}
	}
	req.Principal = principal
	return nil
}

// principal tells who signs with an access key. Those of assumed roles begin
// with ASIA, and are nobody's without their token.
func (s *Server) principal(accessKey, token string) (arn string, ok bool) {
	if arn, ok := s.opts.Principals[accessKey]; ok {
		return arn, true
	}
	if !strings.HasPrefix(accessKey, "ASIA") {
		if accessKey == AccessKey {
			return User, true
		}
		return "arn:aws:iam::" + Account + ":user/" + accessKey, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.sessions[token]
	return session.role, ok
}

// breaking is a response that does not arrive: not at all, or only half.
type breaking struct {
	http.ResponseWriter
	cut bool
}

// WriteHeader implements http.ResponseWriter.
func (b *breaking) WriteHeader(status int) {
	if b.cut {
		b.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (b *breaking) Write(p []byte) (int, error) {
	if b.cut {
		_, _ = b.ResponseWriter.Write(p[:len(p)/2])
		_ = http.NewResponseController(b.ResponseWriter).Flush()
	}
	hangUp(b.ResponseWriter, !b.cut)
	return len(p), nil
}

// hangUp ends the connection, by a TCP RST or in order.
func hangUp(w http.ResponseWriter, abort bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if abort {
		reset(conn)
		return
	}
	_ = conn.Close()
}
