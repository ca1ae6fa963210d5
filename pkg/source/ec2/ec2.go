// Package ec2 answers facts about the EC2 instance that the program runs on,
// by IMDSv2 alone.
//
// A Ref's name is one of [Facts], or "tag/NAME" for a tag, if the instance
// allows tags in its metadata
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html).
// Nothing else can be asked for: the service also gives away the credentials
// of the instance's role.
//
// Off EC2 the answer is an error, within a second for all facts together:
// mostly at once, since nothing answers at the address.
package ec2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
)

// ErrNotHere: no instance metadata service answers. It comes with
// source.ErrUnreachable.
var ErrNotHere = errors.New("not on an EC2 instance, or its metadata service refuses this host or container")

// limit is for all facts of a batch. The service answers within milliseconds
// or is not there.
const limit = time.Second

const (
	tagPrefix = "tag/"
	account   = "account-id"
)

// paths says where below latest/meta-data/ a fact is.
func paths() map[string]string {
	return map[string]string{
		"ami-id":               "ami-id",
		"availability-zone":    "placement/availability-zone",
		"availability-zone-id": "placement/availability-zone-id",
		"hostname":             "hostname",
		"instance-id":          "instance-id",
		"instance-life-cycle":  "instance-life-cycle",
		"instance-type":        "instance-type",
		"local-hostname":       "local-hostname",
		"local-ipv4":           "local-ipv4",
		"mac":                  "mac",
		"public-hostname":      "public-hostname",
		"public-ipv4":          "public-ipv4",
		"region":               "placement/region",
		"security-groups":      "security-groups",
	}
}

// Facts lists what can be asked for besides tags.
func Facts() []string {
	return append(slices.Sorted(maps.Keys(paths())), account)
}

// Instance is the one that the program runs on. It is safe for concurrent use.
type Instance struct{ api api }

type api struct {
	metadata func(context.Context, *imds.GetMetadataInput) (*imds.GetMetadataOutput, error)
	document func(context.Context) (*imds.GetInstanceIdentityDocumentOutput, error)
}

var (
	_ source.Source = (*Instance)(nil)
	_ source.Prober = (*Instance)(nil)
)

// New returns the instance. It does no I/O. Of the client only the endpoint of the
// service counts (AWS_EC2_METADATA_SERVICE_ENDPOINT), and whether it may be
// asked at all (AWS_EC2_METADATA_DISABLED).
func New(client awsconfig.Client) *Instance {
	c := awsconfig.NewMetadataClient(client.Config)
	withoutFallback := func(o *imds.Options) { o.EnableFallback = aws.FalseTernary } // to IMDSv1
	return &Instance{api{
		metadata: func(ctx context.Context, in *imds.GetMetadataInput) (*imds.GetMetadataOutput, error) {
			return c.GetMetadata(ctx, in, withoutFallback)
		},
		document: func(ctx context.Context) (*imds.GetInstanceIdentityDocumentOutput, error) {
			return c.GetInstanceIdentityDocument(ctx, nil, withoutFallback)
		},
	}}
}

// Fetch implements source.Source.
func (i *Instance) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, ErrNotHere)
	defer cancel()
	return source.FetchEach(refs, -1, func(r source.Ref) source.Result { return i.fact(ctx, r.Name) })
}

// Probe implements source.Prober by asking again, which costs nothing.
func (i *Instance) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	return source.ProbeFetched(known, func(refs []source.Ref) map[source.Ref]source.Result { return i.Fetch(ctx, refs) })
}

func (i *Instance) fact(ctx context.Context, name string) source.Result {
	value, err := i.ask(ctx, name)
	if err != nil {
		return source.Result{Err: err, Trace: source.Trace{Absent: errors.Is(err, source.ErrNotFound)}}
	}
	// Facts are no secrets, so that a fact itself tells whether it has changed.
	return source.Result{Secret: source.NewSecret([]byte(value)), Trace: source.Trace{Mark: value, Size: int64(len(value))}}
}

func (i *Instance) ask(ctx context.Context, name string) (string, error) {
	if name == account {
		out, err := i.api.document(ctx)
		if err != nil {
			return "", failure(ctx, err)
		}
		return out.AccountID, nil
	}
	path, ok := paths()[name]
	if tag, isTag := strings.CutPrefix(name, tagPrefix); isTag && tag != "" && !strings.ContainsAny(tag, "/?#") {
		path, ok = "tags/instance/"+tag, true
	}
	if !ok {
		return "", fmt.Errorf("%w: no such fact: %s: use %s, or tag/NAME", source.ErrRef, source.Show(name), strings.Join(Facts(), ", "))
	}
	out, err := i.api.metadata(ctx, &imds.GetMetadataInput{Path: path})
	if err != nil {
		return "", failure(ctx, err)
	}
	defer out.Content.Close()
	value, err := io.ReadAll(out.Content)
	if err != nil {
		return "", failure(ctx, err)
	}
	return string(value), nil
}

func failure(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return fmt.Errorf("query the instance: %w", context.Canceled)
	}
	resp, answered := errors.AsType[*smithyhttp.ResponseError](err)
	switch {
	case answered && resp.HTTPStatusCode() == http.StatusNotFound:
		return fmt.Errorf("%w: the instance has no such fact (tags must be allowed in its metadata)", source.ErrNotFound)
	case answered && resp.HTTPStatusCode() != 0:
		return fmt.Errorf("%w: the instance metadata service returned status %d", source.ErrUnreachable, resp.HTTPStatusCode())
	}
	if strings.Contains(err.Error(), "AWS_EC2_METADATA_DISABLED") { // it has no type of its own
		return fmt.Errorf("%w: instance metadata is disabled (AWS_EC2_METADATA_DISABLED=true)", source.ErrUnreachable)
	}
	return fmt.Errorf("%w: %w", source.ErrUnreachable, ErrNotHere)
}
