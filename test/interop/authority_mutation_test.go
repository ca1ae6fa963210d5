//go:build interop

package interop

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// mutation is one way to spoil a request, and what has to be said of it.
type mutation struct {
	operation string // that occurs in the recording: a target, an action, or a method of S3
	want      string
	spoil     func(*sent)
}

func mutations() []mutation {
	const query, decrypt, get = "DynamoDB_20120810.Query", "TrentService.Decrypt", "GET /bucket/"
	return []mutation{
		{query, "botocore makes", func(s *sent) { s.replaceHeader("Authorization", flipLastDigit) }},
		{query, "botocore makes", func(s *sent) { s.replaceHeader("X-Amz-Date", func(v string) string { return v[:14] + "9Z" }) }},
		{decrypt, "botocore makes", func(s *sent) { s.Body = append(slices.Clone(s.Body), ' ') }},
		{get, "botocore makes", func(s *sent) { s.URI = strings.Replace(s.URI, "app", "ap%70", 1) }},
		{get, "botocore makes", func(s *sent) { s.setHost("another.example.com") }},
		{get, "x-amz-content-sha256 is not the body's", func(s *sent) { s.replaceHeader("X-Amz-Content-Sha256", flipLastDigit) }},
		{query, "header x-amz-target is not signed", func(s *sent) { s.replaceHeader("Authorization", cut(";x-amz-target")) }},
		{query, "request is not signed", func(s *sent) { s.replaceHeader("Authorization", nil) }},
		{query, "unknown access key", func(s *sent) { s.replaceHeader("Authorization", swap("interop/", "other/")) }},
		{query, "no such operation", func(s *sent) { s.replaceHeader("X-Amz-Target", swap("Query", "Querry")) }},
		{query, "want DynamoDB_20120810.*", func(s *sent) { s.replaceHeader("X-Amz-Target", swap("2012", "2011")) }},
		{query, "want application/x-amz-json-1.0", func(s *sent) { s.replaceHeader("Content-Type", swap("1.0", "1.1")) }},
		{query, "want POST /", func(s *sent) { s.URI = "/index" }},
		{query, "Unknown parameter in input", func(s *sent) { s.change(func(m map[string]any) { m["Tablename"] = "t" }) }},
		{query, "Missing required parameter", func(s *sent) { s.change(func(m map[string]any) { delete(m, "TableName") }) }},
		{query, "Invalid type for parameter Limit", func(s *sent) { s.change(func(m map[string]any) { m["Limit"] = "1" }) }},
		{query, "valid min value: 1", func(s *sent) { s.change(func(m map[string]any) { m["Limit"] = 0 }) }},
		{query, "is above 1024", func(s *sent) { s.change(func(m map[string]any) { m["TableName"] = strings.Repeat("t", 1025) }) }},
		{query, "is not one of", func(s *sent) { s.change(func(m map[string]any) { m["Select"] = "EVERYTHING" }) }},
		{query, "null", func(s *sent) { s.change(func(m map[string]any) { m["IndexName"] = nil }) }},
		{decrypt, "not base64", func(s *sent) { s.change(func(m map[string]any) { m["CiphertextBlob"] = "*" }) }},
		{decrypt, "is above 10", func(s *sent) {
			s.change(func(m map[string]any) { m["GrantTokens"] = slices.Repeat([]string{"token"}, 11) })
		}},
		{"Action=AssumeRole", "want 2011-06-15", func(s *sent) { s.Body = []byte(swap("2011-06-15", "2010-05-08")(string(s.Body))) }},
		{"Action=AssumeRole", "unknown form field", func(s *sent) { s.Body = append(slices.Clone(s.Body), "&RoleARN=x"...) }},
		{"Action=AssumeRole", "no such operation", func(s *sent) { s.Body = []byte(swap("AssumeRole", "BecomeRole")(string(s.Body))) }},
		{get, "unknown query parameter", func(s *sent) { s.URI += "&versionid=1" }},
		{get, "unknown header", func(s *sent) { s.Header = append(slices.Clone(s.Header), [2]string{"X-Amz-Secret", "1"}) }},
		{get, "no operation has this URI", func(s *sent) { s.Method = "PATCH" }},
	}
}

// checkChecker spoils recorded requests one by one: each has to turn up in the
// verdict for what was spoiled.
func checkChecker(t *testing.T, rec *recorder) {
	t.Helper()
	var spoiled []sent
	list := mutations()
	for i, m := range list {
		at := slices.IndexFunc(rec.sent, func(s sent) bool { return s.does(m.operation) })
		if at < 0 {
			t.Fatalf("no request for %s was recorded", m.operation)
		}
		s := rec.sent[at]
		s.ID, s.Label, s.Header = i, m.want, slices.Clone(s.Header)
		m.spoil(&s)
		spoiled = append(spoiled, s)
	}
	found := make([]bool, len(list))
	for _, violation := range judge(t, spoiled, rec.keys).Violations {
		found[violation.ID] = found[violation.ID] || strings.Contains(violation.What, list[violation.ID].want)
	}
	for i, ok := range found {
		if !ok {
			t.Errorf("a spoiled %s passes without %q", list[i].operation, list[i].want)
		}
	}
	t.Logf("%d of %d spoiled requests found", len(list)-len(slices.DeleteFunc(found, func(ok bool) bool { return ok })), len(list))
}

func (s *sent) does(operation string) bool {
	return strings.HasPrefix(s.Method+" "+s.URI, operation) || strings.HasPrefix(string(s.Body), operation) ||
		slices.ContainsFunc(s.Header, func(h [2]string) bool { return h[1] == operation })
}

// replaceHeader changes a header's value, or with nil removes it.
func (s *sent) replaceHeader(name string, change func(string) string) {
	for i, h := range s.Header {
		if h[0] == name {
			if change == nil {
				s.Header = slices.Delete(s.Header, i, i+1)
				return
			}
			s.Header[i][1] = change(h[1])
		}
	}
}

func (s *sent) setHost(host string) {
	s.Host = host
	s.replaceHeader("Host", func(string) string { return host })
}

// change rewrites the document of a JSON request.
func (s *sent) change(f func(map[string]any)) {
	var document map[string]any
	if err := json.Unmarshal(s.Body, &document); err != nil {
		panic(err) // it is recorded from a request that botocore accepts
	}
	f(document)
	s.Body, _ = json.Marshal(document)
}

func flipLastDigit(v string) string {
	last := "0"
	if strings.HasSuffix(v, "0") {
		last = "1"
	}
	return v[:len(v)-1] + last
}

func swap(from, to string) func(string) string {
	return func(v string) string { return strings.Replace(v, from, to, 1) }
}

func cut(part string) func(string) string { return swap(part, "") }
