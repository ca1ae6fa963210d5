// Package ssm reads and writes Parameter Store. It reads parameters by name, or all below
// a path, ten to a request, and decrypts SecureStrings, the only type that it writes.
//
// A name is AWS's: "/app/key", "/app/key:3" or "/app/key:label" for a version, or the
// ARN of a shared parameter. [source.Ref].Version selects a version too. The value of a
// StringList is its text, with commas. Encryption contexts are ignored, because AWS uses
// its own.
//
// Parameter Store limits an account to 40 reads a second in a region, unless higher
// throughput is enabled
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-throughput.html).
// The retries of the configuration handle that.
package ssm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

const (
	// maxBatch is the limit of names in one GetParameters, and of parameters in a page
	// of GetParametersByPath
	// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html).
	maxBatch = 10
	// concurrency limits the requests in flight. More would only be throttled.
	concurrency = 10
)

// Parameters is Parameter Store in one region. It is safe for concurrent use.
type Parameters struct {
	client *wire.JSONClient
	key    string // for new parameters
}

var (
	_ source.Source  = (*Parameters)(nil)
	_ source.Globber = (*Parameters)(nil)
	_ source.Lister  = (*Parameters)(nil)
	_ source.Prober  = (*Parameters)(nil)
)

// New returns the Parameter Store of the client's region. It does no I/O.
func New(client awsconfig.Client) *Parameters {
	return &Parameters{client: newClient(client)}
}

// WithKey returns p with a KMS key for new parameters; empty: the account's default key,
// alias/aws/ssm. Existing parameters keep their keys.
func (p *Parameters) WithKey(key string) *Parameters { return &Parameters{p.client, key} }

// Fetch implements source.Source.
func (p *Parameters) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	return p.fetch(ctx, refs, true)
}

func (p *Parameters) fetch(ctx context.Context, refs []source.Ref, decrypt bool) map[source.Ref]source.Result {
	byName := map[string]source.Result{}
	for name, a := range p.ask(ctx, names(refs), decrypt) {
		byName[name] = a.result()
	}
	out := make(map[source.Ref]source.Result, len(refs))
	for _, r := range refs {
		out[r] = byName[wanted(r)]
	}
	return out
}

// Probe implements source.Prober. It sends the requests of Fetch without decryption, which
// needs no KMS, and compares versions and modification times.
func (p *Parameters) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	return source.ProbeFetched(known, func(refs []source.Ref) map[source.Ref]source.Result { return p.fetch(ctx, refs, false) })
}

// Glob implements source.Globber for patterns that begin with a path, such as
// "/app/prod/*". It requests everything below the last slash before the first *, which
// requires ssm:GetParametersByPath on that path.
func (p *Parameters) Glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	params, err := p.matches(ctx, pattern.Name, true)
	if err != nil {
		return nil, err
	}
	found := make(map[string]source.Result, len(params))
	for _, param := range params {
		found[param.Name] = answer{param: param}.result()
	}
	return source.DropCandidates(found), nil
}

// List implements source.Lister for the patterns of Glob, without decryption. It lists only
// the newest version of each name.
func (p *Parameters) List(ctx context.Context, pattern string) ([]source.Entry, error) {
	params, err := p.matches(ctx, pattern, false)
	entries := make([]source.Entry, len(params))
	for i, param := range params {
		entries[i] = source.Entry{Name: param.Name, Version: strconv.FormatInt(param.Version, 10)}
	}
	slices.SortFunc(entries, func(a, b source.Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, err
}

func (p *Parameters) matches(ctx context.Context, pattern string, decrypt bool) ([]parameter, error) {
	literal, _, _ := strings.Cut(pattern, "*")
	slash := strings.LastIndex(literal, "/")
	if slash < 0 {
		return nil, fmt.Errorf("%w: a pattern of parameters begins with a path such as /app/*", source.ErrRef)
	}
	in := pathInput{Path: literal[:max(slash, 1)], Recursive: true, WithDecryption: decrypt, MaxResults: maxBatch}
	var found []parameter
	for {
		var out pathOutput
		if err := p.client.DoChecked(ctx, "GetParametersByPath", &in, &out, func() error { return in.check(&out) }); err != nil {
			return nil, wire.Wrap("read parameters below "+in.Path, err)
		}
		for _, param := range out.Parameters {
			if source.Match(pattern, param.Name) {
				found = append(found, param)
			}
		}
		// A page may be short or empty without being the last.
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return found, nil
		}
	}
}

// answer is the result for one name.
type answer struct {
	param parameter
	err   error
}

func (a answer) result() source.Result {
	if a.err != nil {
		return source.Result{Err: a.err, Trace: source.Trace{Absent: errors.Is(a.err, source.ErrNotFound)}}
	}
	value := []byte(a.param.Value)
	return source.Result{Secret: source.NewSecret(value), Trace: source.Trace{
		Version: strconv.FormatInt(a.param.Version, 10),
		Mark:    a.param.mark(),
		Size:    int64(len(value)),
	}}
}

// ask returns an answer for every name.
func (p *Parameters) ask(ctx context.Context, names []string, decrypt bool) map[string]answer {
	own, references := names, []string(nil)
	if !decrypt {
		own, references = apart(names)
	}
	batches := append(batches(own), batches(references)...)
	answers := make([]map[string]answer, len(batches))
	var g errgroup.Group
	g.SetLimit(concurrency)
	for i, batch := range batches {
		g.Go(func() error { answers[i] = p.batch(ctx, batch, decrypt || isReference(batch[0])); return nil })
	}
	_ = g.Wait()
	all := make(map[string]answer, len(names))
	for _, a := range answers {
		maps.Copy(all, a)
	}
	return all
}

// batch requests up to ten names. A name that is denied or invalid fails the whole request;
// then batch requests each name separately.
func (p *Parameters) batch(ctx context.Context, names []string, decrypt bool) map[string]answer {
	var out getOutput
	in := getInput{names, decrypt}
	err := p.client.DoChecked(ctx, "GetParameters", &in, &out, func() error { return in.check(&out) })
	all := make(map[string]answer, len(names))
	if err != nil {
		err = wire.Wrap("read parameters", err)
		if len(names) > 1 && ofOne(ctx, err) {
			for _, name := range names {
				all[name] = p.batch(ctx, []string{name}, decrypt)[name]
			}
			return all
		}
		for _, name := range names {
			all[name] = answer{err: err}
		}
		return all
	}
	for _, name := range names {
		all[name] = find(&out, name)
	}
	return all
}

// ofOne reports whether one of the names may be the cause of an error.
func ofOne(ctx context.Context, err error) bool {
	general := []error{source.ErrThrottled, source.ErrUnreachable, source.ErrCredentials}
	return ctx.Err() == nil && !slices.ContainsFunc(general, func(k error) bool { return errors.Is(err, k) })
}

func find(out *getOutput, name string) answer {
	i := slices.IndexFunc(out.Parameters, func(p parameter) bool { return p.Name == base(name) || p.ARN == base(name) })
	switch {
	case i >= 0:
		return answer{param: out.Parameters[i]}
	case slices.Contains(out.InvalidParameters, name):
		return answer{err: fmt.Errorf("%w in Parameter Store", source.ErrNotFound)}
	}
	return answer{err: fmt.Errorf("%w: Parameter Store returned nothing for it", source.ErrUnreachable)}
}

// wanted returns the name of a ref in requests.
func wanted(r source.Ref) string {
	if r.Version == "" {
		return r.Name
	}
	return r.Name + ":" + r.Version
}

func names(refs []source.Ref) []string {
	all := make([]string, len(refs))
	for i, r := range refs {
		all[i] = wanted(r)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// isReference reports whether a name refers to a secret of Secrets Manager. AWS returns
// these only with decryption
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html).
func isReference(name string) bool {
	const path = "/aws/reference/secretsmanager/"
	return strings.HasPrefix(name, path) || strings.HasPrefix(name, "arn:") && strings.Contains(name, ":parameter"+path)
}

func apart(names []string) (own, references []string) {
	for _, name := range names {
		if isReference(name) {
			references = append(references, name)
		} else {
			own = append(own, name)
		}
	}
	return own, references
}

// batches divides names so that no batch has two versions of one parameter: answers do not
// contain the version, and AWS refuses a duplicate name.
func batches(names []string) [][]string {
	var layers [][]string
	depth := map[string]int{}
	for _, name := range names {
		base := base(name)
		if depth[base] == len(layers) {
			layers = append(layers, nil)
		}
		layers[depth[base]] = append(layers[depth[base]], name)
		depth[base]++
	}
	var all [][]string
	for _, layer := range layers {
		all = slices.AppendSeq(all, slices.Chunk(layer, maxBatch))
	}
	return all
}

// base returns a name without its version or label. An ARN contains other colons.
func base(name string) string {
	if strings.HasPrefix(name, "arn:") {
		head, tail, _ := strings.Cut(name, "/")
		tail, _, _ = strings.Cut(tail, ":")
		return head + "/" + tail
	}
	name, _, _ = strings.Cut(name, ":")
	return name
}
