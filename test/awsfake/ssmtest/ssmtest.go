// Package ssmtest serves Parameter Store for tests, with AWS's limits: ten different names in a
// request, ten parameters in a page, one refusal for a whole batch, and, if a test asks for
// it, 40 requests a second.
package ssmtest

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/credrender/credrender/test/awsfake/front"
	"github.com/credrender/credrender/test/awsfake/wire"
)

// Limits (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html).
const (
	maxNames = 10
	maxSize  = 8 << 10
)

// Server is the fake.
type Server struct {
	*front.Server
	// PerSecond is the quota, 0: none. Set before the first request.
	PerSecond float64

	denied []string
	params map[string][]version
	// versions are the numbers of the newest versions. A parameter that is created
	// again begins at 1.
	versions map[string]int64
	tokens   float64
	filled   time.Time
}

// version is one version, with the settings of the parameter at that time.
type version struct {
	value, kind string
	labels      []string
	written     time.Time
	settings    settings
	number      int64
}

// New returns a running server; the caller closes it.
func New() *Server {
	s := &Server{params: map[string][]version{}}
	s.Server = front.New("AmazonSSM.", map[string]front.Operation{
		"GetParameters":       s.limited(s.getParameters),
		"GetParametersByPath": s.limited(s.byPath),
		"DescribeParameters":  s.describe,
		"PutParameter":        s.putParameter,
		"DeleteParameter":     s.delete,
		"GetParameterHistory": s.history,
	})
	return s
}

// Env leads the SDK here.
func (s *Server) Env() []string { return []string{"AWS_ENDPOINT_URL_SSM=" + s.URL} }

// Put stores a value as the next version. A kind is String, StringList or
// SecureString.
func (s *Server) Put(name, value, kind string, labels ...string) error {
	if value == "" || len(value) > maxSize {
		return wire.Invalid("a value has 1 to 8192 characters")
	}
	s.Do(func() {
		s.add(name, version{value: value, kind: kind, labels: labels, settings: settings{Tier: "Standard", DataType: "text"}})
	})
	return nil
}

// add stores the next version.
func (s *Server) add(name string, v version) int64 {
	if s.versions == nil {
		s.versions = map[string]int64{}
	}
	s.versions[name]++
	v.written, v.number = time.Unix(1_700_000_000+s.versions[name], 0), s.versions[name]
	s.params[name] = append(s.params[name], v)
	return v.number
}

// Deny lets nobody read a parameter any more.
func (s *Server) Deny(name string) { s.Do(func() { s.denied = append(s.denied, name) }) }

// Remove deletes a parameter.
func (s *Server) Remove(name string) { s.Do(func() { s.remove(name) }) }

func (s *Server) remove(name string) {
	delete(s.params, name)
	delete(s.versions, name)
}

// limited is the quota that all ways of reading share.
func (s *Server) limited(op front.Operation) front.Operation {
	return func(body []byte) (any, error) {
		if s.PerSecond > 0 {
			now := time.Now()
			s.tokens = min(s.PerSecond, s.tokens+now.Sub(s.filled).Seconds()*s.PerSecond)
			if s.filled.IsZero() {
				s.tokens = s.PerSecond
			}
			if s.filled = now; s.tokens < 1 {
				return nil, &wire.Error{Code: "ThrottlingException", Message: "Rate exceeded"}
			}
			s.tokens--
		}
		return op(body)
	}
}

type parameter struct {
	Name, Type, Value, ARN, DataType string
	Selector                         string `json:",omitempty"`
	Version                          int64
	LastModifiedDate                 int64
}

func (s *Server) getParameters(body []byte) (any, error) {
	var in struct {
		Names          []string
		WithDecryption bool
	}
	if err := wire.Decode("GetParameters", body, &in); err != nil {
		return nil, err
	}
	if len(in.Names) == 0 || len(in.Names) > maxNames {
		return nil, wire.Invalid("1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to 10")
	}
	var out struct {
		Parameters        []parameter
		InvalidParameters []string
	}
	seen := map[string]bool{}
	for _, name := range in.Names {
		if strings.HasPrefix(name, "/aws/reference/secretsmanager/") && !in.WithDecryption {
			return nil, wire.Invalid("WithDecryption flag must be True for retrieving a Secret Manager secret.")
		}
		base, selector := split(name)
		if seen[base] {
			return nil, wire.Invalid("duplicate parameter %s", base)
		}
		seen[base] = true
		if slices.Contains(s.denied, base) {
			return nil, &wire.Error{Code: "AccessDeniedException", Message: "User: arn:aws:iam::123456789012:user/test is not authorized to perform: ssm:GetParameters"}
		}
		if p, ok := s.find(base, selector, in.WithDecryption); ok {
			out.Parameters = append(out.Parameters, p)
			continue
		}
		out.InvalidParameters = append(out.InvalidParameters, name)
	}
	return out, nil
}

func split(name string) (base, selector string) {
	base, selector, _ = strings.Cut(name, ":")
	return base, selector
}

func (s *Server) find(name, selector string, decrypted bool) (parameter, bool) {
	versions := s.params[name]
	for _, v := range slices.Backward(versions) {
		number := strconv.FormatInt(v.number, 10)
		if selector != "" && selector != number && !slices.Contains(v.labels, selector) {
			continue
		}
		p := parameter{Name: name, Type: v.kind, Value: v.value, DataType: "text", Version: v.number, LastModifiedDate: v.written.Unix(),
			ARN: wire.ARN("ssm", "eu-west-1", "parameter"+name)}
		if selector != "" {
			p.Selector = ":" + selector
		}
		if v.kind == "SecureString" && !decrypted {
			p.Value = base64.StdEncoding.EncodeToString([]byte("wrapped " + number))
		}
		return p, true
	}
	return parameter{}, false
}

func (s *Server) byPath(body []byte) (any, error) {
	var in struct {
		Path                      string
		Recursive, WithDecryption bool
		MaxResults                int
		NextToken                 string
	}
	if err := wire.Decode("GetParametersByPath", body, &in); err != nil {
		return nil, err
	}
	if in.MaxResults < 1 || in.MaxResults > maxNames || !strings.HasPrefix(in.Path, "/") {
		return nil, wire.Invalid("MaxResults is 1 to 10, and a path begins with /")
	}
	var all []parameter
	for _, name := range slices.Sorted(maps.Keys(s.params)) {
		rest, below := strings.CutPrefix(name, strings.TrimSuffix(in.Path, "/")+"/")
		if below && (in.Recursive || !strings.Contains(rest, "/")) {
			p, _ := s.find(name, "", in.WithDecryption)
			all = append(all, p)
		}
	}
	from, _ := strconv.Atoi(in.NextToken)
	from = min(from, len(all))
	// A page may hold fewer than were asked for and not be the last.
	to := min(from+in.MaxResults, len(all))
	var out struct {
		Parameters []parameter
		NextToken  string `json:",omitempty"`
	}
	if out.Parameters = all[from:to]; to < len(all) {
		out.NextToken = strconv.Itoa(to)
	}
	return out, nil
}
