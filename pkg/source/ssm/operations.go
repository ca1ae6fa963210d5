package ssm

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// The SDK's own client for Systems Manager, of which Parameter Store is a
// small part, takes 1.3 ms and 1.4 MB of every start of the program to describe
// messages that nobody here sends. So the two operations go through package wire.

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

// parameter is one as AWS answers
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html).
type parameter struct {
	Name, ARN, Value string
	Version          int64
	LastModifiedDate float64 // seconds since 1970
	// SourceResult is, of a reference, what Secrets Manager answered, as JSON.
	SourceResult string
}

// mark tells one state of a parameter from the next: one that was deleted and made
// anew counts from 1 again. References have no version of their own.
func (p *parameter) mark() string {
	var secret struct {
		VersionID string `json:"VersionId"` // the rest, the value among it, is passed over
	}
	if err := json.Unmarshal([]byte(p.SourceResult), &secret); err == nil && secret.VersionID != "" {
		return secret.VersionID
	}
	return strconv.FormatFloat(p.LastModifiedDate, 'f', 3, 64)
}

// check compares an answer with the question: it names the parameters that were
// asked for, and no others.
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

// is reports whether a parameter is what a name asks for, its version included
// where the name has one.
func (p *parameter) is(name string) bool {
	base := base(name)
	version, err := strconv.ParseInt(strings.TrimPrefix(name[len(base):], ":"), 10, 64)
	return (p.Name == base || p.ARN == base) && (err != nil || p.Version == version)
}

// check compares a page with the question.
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
	return wire.NewAsKMS(client.Config, wire.JSONOptions{
		Options: wire.Options{ServiceID: serviceID, Observer: client.Observer},
		Signing: "ssm", Target: "AmazonSSM", Version: "1.1",
	}, endpoint)
}

// endpoint is KMS's under another name, but for GovCloud, where the plain
// endpoints are FIPS's. A test compares it with the SDK's rules in all regions. To
// evaluate those themselves costs 1.26 MB of program (both services, -s -w) and
// 3 ms of each start (the best of 300 runs of credrender version): the package
// describes all messages of the service when the program starts.
func endpoint(ctx context.Context, cfg aws.Config, o kms.Options) (smithyendpoints.Endpoint, error) {
	e, err := wire.AsKMS(ctx, cfg, o, serviceID, "ssm")
	if strings.HasPrefix(strings.TrimPrefix(o.Region, "aws-"), "us-gov-") && strings.HasSuffix(e.URI.Host, ".amazonaws.com") {
		e.URI.Host = strings.Replace(e.URI.Host, "ssm-fips.", "ssm.", 1)
	}
	return e, err
}
