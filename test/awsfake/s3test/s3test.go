// Package s3test serves S3 for tests: gofakes3 on loopback, with S3's If-None-Match and
// versions, and Content-Language in answers. It does not check signatures.
package s3test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/credrender/credrender/test/awsfake/front"
)

// Server is the fake.
type Server struct {
	*httptest.Server
	// Counter is of methods; what was answered with 304 counts apart ("GET 304").
	front.Counter
	backend *s3mem.Backend

	mu     sync.Mutex
	denied string
	lost   int
}

// New returns a running server with one bucket, which keeps versions; the caller closes
// it.
func New(bucket string) (*Server, error) {
	s := &Server{backend: s3mem.New()}
	fake := gofakes3.New(s.backend, gofakes3.WithLogger(gofakes3.DiscardLog()), gofakes3.WithAutoBucket(false)).Server()
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(fake, w, r) }))
	if err := s.backend.CreateBucket(bucket); err != nil {
		return s, err
	}
	return s, s.Version(bucket)
}

// Suspend turns off versions in a bucket.
func (s *Server) Suspend(bucket string) error {
	return s.backend.SetVersioningConfiguration(bucket, gofakes3.VersioningConfiguration{Status: gofakes3.VersioningSuspended})
}

// Env leads the SDK here.
func (s *Server) Env() []string { return []string{"AWS_ENDPOINT_URL_S3=" + s.URL} }

// Version turns on versions in a bucket.
func (s *Server) Version(bucket string) error {
	return s.backend.SetVersioningConfiguration(bucket, gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled})
}

// Put stores an object and returns its version.
func (s *Server) Put(bucket, key string, data []byte) (string, error) {
	out, err := s.backend.PutObject(bucket, key, map[string]string{}, bytes.NewReader(data), int64(len(data)), nil)
	return string(out.VersionID), err
}

// Deny refuses all requests for keys that hold part.
func (s *Server) Deny(part string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = part
}

// Lose answers the next n writes with an internal error after they have succeeded.
func (s *Server) Lose(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = n
}

func (s *Server) loses(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != http.MethodPut || s.lost == 0 {
		return false
	}
	s.lost--
	return true
}

func (s *Server) serve(fake http.Handler, w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	denied := s.denied != "" && strings.Contains(r.URL.Path, s.denied)
	s.mu.Unlock()
	status := &recorder{ResponseWriter: w}
	if denied {
		w.Header().Set("Content-Type", "application/xml")
		status.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`))
	} else if s.loses(r) {
		fake.ServeHTTP(httptest.NewRecorder(), r)
		status.WriteHeader(http.StatusInternalServerError)
	} else {
		if language := r.URL.Query().Get("response-content-language"); language != "" { // gofakes3 ignores it
			w.Header().Set("Content-Language", language)
		}
		answer(fake, status, r)
	}
	name := r.Method
	if status.status == http.StatusNotModified {
		name += " 304"
	}
	s.Count(name)
}

// recorder remembers the status.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Get returns an object.
func (s *Server) Get(bucket, key string) ([]byte, error) {
	out, err := s.backend.GetObject(bucket, key, nil)
	if err != nil {
		return nil, err
	}
	defer out.Contents.Close()
	return io.ReadAll(out.Contents)
}

// Remove deletes an object with all that is kept of it.
func (s *Server) Remove(bucket, key string) error {
	_, err := s.backend.DeleteObject(bucket, key)
	return err
}
