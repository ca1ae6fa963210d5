package ssm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// The SDK's client for Systems Manager adds 1.3 ms and 1.4 MB to every start of the
// program, because it initializes descriptions of all messages of the service. So the
// two operations of Parameter Store use package wire.

type getInput struct {
	Names          []string
	WithDecryption bool
}

type getOutput struct {
	Parameters        []parameter
	InvalidParameters []string
}

type pathInput struct {
	Path                      string
	Recursive, WithDecryption bool
	MaxResults                int
	NextToken                 string `json:",omitempty"`
}

type pathOutput struct {
	Parameters []parameter
	NextToken  string
}

// parameter is a parameter in an answer
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html).
type parameter struct {
	Name, ARN, Value string
	Version          int64
	LastModifiedDate float64 // seconds since 1970
	// SourceResult is the answer of Secrets Manager to a reference, as JSON.
	SourceResult string
}

// mark returns the source.Trace.Mark: the versions of a parameter that was deleted and
// created again restart at 1, and references have no version of their own.
func (p *parameter) mark() string {
	var secret struct {
		VersionID string `json:"VersionId"` // the rest, with the value, is skipped
	}
	if err := json.Unmarshal([]byte(p.SourceResult), &secret); err == nil && secret.VersionID != "" {
		return secret.VersionID
	}
	return strconv.FormatFloat(p.LastModifiedDate, 'f', 3, 64)
}

// check reports an answer with other parameters than the requested ones.
func (in *getInput) check(out *getOutput) error {
	foreign := func(p parameter) bool {
		return !slices.ContainsFunc(in.Names, func(name string) bool { return p.is(name) })
	}
	switch {
	case slices.ContainsFunc(out.Parameters, foreign):
		return wire.Other()
	case slices.ContainsFunc(out.InvalidParameters, func(name string) bool { return !slices.Contains(in.Names, name) }):
		return wire.Other()
	}
	return nil
}

// is reports whether a parameter has that name, and its version if the name has one.
func (p *parameter) is(name string) bool {
	base := base(name)
	version, err := strconv.ParseInt(strings.TrimPrefix(name[len(base):], ":"), 10, 64)
	return (p.Name == base || p.ARN == base) && (err != nil || p.Version == version)
}

// check reports a page with parameters outside the requested path.
func (in *pathInput) check(out *pathOutput) error {
	below := strings.TrimSuffix(in.Path, "/") + "/"
	foreign := func(p parameter) bool { return below != "/" && !strings.HasPrefix(p.Name, below) }
	switch {
	case slices.ContainsFunc(out.Parameters, foreign), in.NextToken != "" && out.NextToken == in.NextToken:
		return wire.Other()
	case len(out.Parameters) == 0: // nothing to compare
		return wire.Anonymous()
	}
	return nil
}

const serviceID = "SSM"

func newClient(client awsconfig.Client) *wire.JSONClient {
	return wire.NewRegional(client.Config, wire.JSONOptions{
		Options: wire.Options{ServiceID: serviceID, Observer: client.Observer},
		Signing: "ssm", Target: "AmazonSSM", Version: "1.1",
	}, endpoint)
}

// endpoint returns the endpoint. In GovCloud, the plain endpoints are
// those for FIPS. A test compares it with the SDK's rules in all regions. The SDK's own
// rules would add 1.26 MB to the program (for both services, -s -w) and 3 ms to each
// start (best of 300 runs of credrender version), for the reason above.
func endpoint(ctx context.Context, s wire.Settings) (smithyendpoints.Endpoint, error) {
	e, err := wire.Regional(ctx, s, "ssm")
	if strings.HasPrefix(strings.TrimPrefix(s.Region, "aws-"), "us-gov-") && strings.HasSuffix(e.URI.Host, ".amazonaws.com") {
		e.URI.Host = strings.Replace(e.URI.Host, "ssm-fips.", "ssm.", 1)
	}
	return e, err
}

// The operations of a writer
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html).

type putInput struct {
	Name, Value, Type string
	Overwrite         bool
	KeyID             string `json:"KeyId,omitempty"`
	Tier              string `json:",omitempty"`
	DataType          string `json:",omitempty"`
	Description       string `json:",omitempty"`
	AllowedPattern    string `json:",omitempty"`
	Policies          string `json:",omitempty"`
}

type putOutput struct{ Version int64 }

type describeInput struct {
	ParameterFilters []filter
	NextToken        string `json:",omitempty"`
}

type filter struct {
	Key, Option string
	Values      []string
}

type describeOutput struct {
	Parameters []settings
	NextToken  string
}

// settings are what a parameter has besides its value
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterMetadata.html).
type settings struct {
	Name, Type, Tier, DataType, Description, AllowedPattern string
	KeyID                                                   string `json:"KeyId"`
	Version                                                 int64
	Policies                                                []struct{ PolicyText string }
}

// policies returns the policies as PutParameter takes them: a JSON array.
func (s *settings) policies() string {
	if len(s.Policies) == 0 {
		return ""
	}
	texts := make([]string, len(s.Policies))
	for i, p := range s.Policies {
		texts[i] = p.PolicyText
	}
	return "[" + strings.Join(texts, ",") + "]"
}

// describe returns the settings of a parameter, or nil if there is none.
func (p *Parameters) describe(ctx context.Context, name string) (*settings, error) {
	in := describeInput{ParameterFilters: []filter{{"Name", "Equals", []string{name}}}}
	for {
		var out describeOutput
		check := func() error {
			if len(out.Parameters) > 0 && out.Parameters[0].Name != name {
				return wire.Other()
			}
			if len(out.Parameters) == 0 { // nothing to compare
				return wire.Anonymous()
			}
			return nil
		}
		if err := p.client.DoChecked(ctx, "DescribeParameters", &in, &out, check); err != nil {
			return nil, wire.Wrap("read settings of parameter", err)
		}
		if len(out.Parameters) > 0 {
			return &out.Parameters[0], nil
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return nil, nil //nolint:nilnil // no parameter and no error
		}
	}
}

// errUpdating: AWS refuses concurrent updates of one parameter.
var errUpdating = errors.New("another update is in progress")

// reasons explain the codes of refused writes. AWS's own messages may quote the value.
var reasons = map[string]string{
	"ParameterLimitExceeded":               "the account has reached its limit of 10,000 parameters of the standard tier in a region",
	"ParameterPatternMismatchException":    "the value does not match the pattern that the parameter allows",
	"HierarchyLevelLimitExceededException": "the name has more than 15 levels",
	"InvalidKeyId":                         "the KMS key of the parameter does not exist, or may not be used",
	"UnsupportedParameterType":             "the type of the parameter is not supported",
	"PoliciesLimitExceededException":       "the parameter has too many policies",
	"InvalidPolicyAttributeException":      "AWS no longer accepts a policy of the parameter, such as an expiration in the past",
}

// failure returns the error of a refused write.
func failure(op string, err error) error {
	wrapped := wire.Wrap(op, err)
	e, ok := errors.AsType[*source.CallError](wrapped)
	if !ok {
		return wrapped
	}
	switch e.Code {
	case "ParameterNotFound", "ParameterVersionNotFound":
		return fmt.Errorf("%w in Parameter Store", source.ErrNotFound)
	case "ParameterAlreadyExists":
		e.Kind = source.ErrExists
	case "TooManyUpdates":
		e.Kind = errUpdating
	}
	if reason := reasons[e.Code]; reason != "" {
		e.Message = reason
	}
	return wrapped
}

type historyInput struct {
	Name       string
	MaxResults int
	NextToken  string `json:",omitempty"`
}

type historyOutput struct {
	Parameters []past
	NextToken  string
}

// past is a version of a parameter
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterHistory.html).
type past struct {
	Name, Description, LastModifiedUser string
	Version                             int64
	LastModifiedDate                    json.Number
	Labels                              []string
}
