package s3test

import (
	"bytes"
	"encoding/xml"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// answer serves a request as gofakes3 does, and corrects what differs from S3: the versions
// of a key come newest first, the headers of an object count its tags instead of listing
// them, and the tags can be read.
func answer(fake http.Handler, w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		fake.ServeHTTP(w, r)
		return
	}
	held := httptest.NewRecorder()
	fake.ServeHTTP(held, r)
	body, header := held.Body.Bytes(), held.Result().Header
	tags, err := url.ParseQuery(header.Get("X-Amz-Tagging"))
	if r.URL.Query().Has("tagging") && held.Code == http.StatusOK && err == nil {
		tagged(w, tags)
		return
	}
	if r.URL.Query().Has("versions") {
		body = newestFirst(body)
	}
	if len(tags) > 0 {
		header.Del("X-Amz-Tagging")
		header.Set("X-Amz-Tagging-Count", strconv.Itoa(len(tags)))
	}
	for name, values := range header {
		w.Header()[name] = values
	}
	w.WriteHeader(held.Code)
	_, _ = w.Write(body)
}

func tagged(w http.ResponseWriter, tags url.Values) {
	type tag struct{ Key, Value string }
	var answer struct {
		XMLName struct{} `xml:"Tagging"`
		Tags    []tag    `xml:"TagSet>Tag"`
	}
	for key := range tags {
		answer.Tags = append(answer.Tags, tag{key, tags.Get(key)})
	}
	_ = xml.NewEncoder(w).Encode(answer)
}

// Create writes an object with headers and tags, as another program does.
func (s *Server) Create(tb testing.TB, bucket, key, data string, header http.Header, tags url.Values) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPut, s.URL+"/"+bucket+"/"+key, strings.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	maps.Copy(r.Header, header)
	r.Header.Set("X-Amz-Tagging", tags.Encode())
	s.do(tb, r)
}

// Settings returns the headers and tags of an object.
func (s *Server) Settings(tb testing.TB, bucket, key string) (http.Header, url.Values) {
	tb.Helper()
	object, err := s.backend.HeadObject(bucket, key)
	if err != nil {
		tb.Fatal(err)
	}
	header := http.Header{}
	for name, v := range object.Metadata {
		header.Set(name, v)
	}
	tags, err := url.ParseQuery(header.Get("X-Amz-Tagging"))
	if err != nil {
		tb.Fatal(err)
	}
	return header, tags
}

func (s *Server) do(tb testing.TB, r *http.Request) {
	tb.Helper()
	resp, err := s.Client().Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		tb.Fatalf("%s %s: %s", r.Method, r.URL.Path, resp.Status)
	}
}

var version = regexp.MustCompile(`(?s)<Version>.*?</Version>`)

func newestFirst(page []byte) []byte {
	all := version.FindAll(page, -1)
	for i := range all {
		all[i] = bytes.Clone(all[i])
	}
	slices.Reverse(all)
	return version.ReplaceAllFunc(page, func([]byte) []byte {
		next := all[0]
		all = all[1:]
		return next
	})
}
