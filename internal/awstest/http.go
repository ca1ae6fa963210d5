package awstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// apiError is an error answer of a service.
type apiError struct {
	Status  int // zero: 400
	Code    string
	Message string
	extra   map[string]any // further members of the body
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

func invalid(format string, args ...any) error {
	return &apiError{Code: "ValidationException", Message: fmt.Sprintf(format, args...)}
}

// notImplemented is for what AWS would do and this package does not. Its
// status is one that the SDK does not retry.
func notImplemented(format string, args ...any) error {
	return &apiError{Status: http.StatusNotImplemented, Code: "NotImplemented", Message: "awstest: " + fmt.Sprintf(format, args...)}
}

// operation is what a target names. decode returns the request's facts for
// rules and records, and what is left to do.
type operation struct {
	service, name string
	decode        func(body []byte) (input, error)
}

// input is a decoded request.
type input interface {
	// describe fills in what rules and tests look at.
	describe(*Request)
	// run carries it out; the server's lock is held.
	run(*region) (any, error)
}

// op makes an operation of a request type. Members that the type does not have
// are refused: silently ignoring, say, a FilterExpression would make tests lie.
func op[T any, P interface {
	*T
	input
}](service, name string) operation {
	return operation{service, name, func(body []byte) (input, error) {
		in := P(new(T))
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		err := dec.Decode(in)
		if api, ok := errors.AsType[*apiError](err); ok {
			return nil, api
		}
		if err != nil && strings.Contains(err.Error(), "unknown field") {
			return nil, notImplemented("%s %s: %v", service, name, err)
		}
		if err != nil {
			return nil, &apiError{Code: "SerializationException", Message: err.Error()}
		}
		return in, nil
	}}
}

// What X-Amz-Target begins with.
const (
	dynamoTarget = "DynamoDB_20120810."
	kmsTarget    = "TrentService."
)

func operations() map[string]operation {
	m := map[string]operation{}
	for _, o := range dynamoOperations() {
		m[dynamoTarget+o.name] = o
	}
	for _, o := range kmsOperations() {
		m[kmsTarget+o.name] = o
	}
	return m
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.Header.Get("X-Amz-Target") == "" {
		s.serveSTS(w, r, body)
		return
	}
	name := r.Header.Get("X-Amz-Target")
	target, known := s.operations[name]
	req := Request{Service: target.service, Operation: target.name}
	if !known {
		if strings.HasPrefix(name, dynamoTarget) {
			req.Service = DynamoDB
		}
		s.answer(w, req, nil, notImplemented("operation %s", name))
		return
	}
	err = s.authenticate(r, &req)
	var in input
	if err == nil {
		if in, err = target.decode(body); err == nil {
			in.describe(&req)
		}
	}
	if err != nil {
		s.answer(w, req, nil, err)
		return
	}
	s.perform(w, r, req, func() (any, error) { return in.run(s.in(req.Region)) })
}

// perform applies the rules to a request, and carries it out if they let it.
func (s *Server) perform(w http.ResponseWriter, r *http.Request, req Request, run func() (any, error)) {
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
		err = &apiError{Status: fault.Status, Code: fault.Code, Message: fault.Message}
	} else {
		s.mu.Lock()
		out, err = run()
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
	if api, ok := errors.AsType[*apiError](err); ok {
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
	if x, ok := out.(xmlBody); ok {
		h.Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, string(x)) //nolint:gosec // made by xmlResult and xmlError, which escape
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
func errorBody(service string, e *apiError) any {
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
	for k, v := range e.extra {
		m[k] = v
	}
	return m
}

// credentialScope is the part of a version 4 signature that says who, where and what.
var credentialScope = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request,`)

// authenticate reads the signature's scope, which must be for this service. The
// signature itself is not checked: the SDK makes it.
func (s *Server) authenticate(r *http.Request, req *Request) error {
	m := credentialScope.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return &apiError{Code: "MissingAuthenticationTokenException", Message: "Missing Authentication Token"}
	}
	req.AccessKey, req.Region = m[1], m[2]
	if m[3] != req.Service {
		return &apiError{Code: "InvalidSignatureException", Message: "Credential should be scoped to correct service: '" + req.Service + "'."}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasPrefix(req.AccessKey, "ASIA") && !s.tokens[r.Header.Get("X-Amz-Security-Token")] {
		return &apiError{Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}
	}
	return nil
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
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
