package ssm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

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
