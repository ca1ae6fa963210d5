// Package s3 reads objects of S3: unchanged ([Objects]), or decrypted by KMS ([Secrets]), in
// the formats of package blob, in which it also writes.
//
// A Ref's name is "bucket/key", and its version the id of an object version. Nothing
// binds the contents of an object to its name: a writer of the bucket can replace them by
// those of another object that was encrypted with the same context.
//
// A missing object is source.ErrNotFound if the identity may list the bucket. Otherwise
// S3 answers AccessDenied
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/blob"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

const (
	// concurrency limits the requests of one batch.
	concurrency = 64
	// maxObject is the largest object that is read, in bytes: an envelope of the
	// largest value.
	maxObject = blob.MaxSize + blob.MaxSize/2
	// sumTries limits the attempts at an object that does not match its checksum. It may
	// have been damaged on the way, or in S3.
	sumTries = 3
)

// Objects are plain objects, in the buckets of one region. It is safe for
// concurrent use.
type Objects struct {
	client    *client
	folder    string    // "bucket/" or "bucket/prefix/", in which all names are; empty: they begin with a bucket
	versioned *sync.Map // buckets that are known to keep versions
}

var (
	_ source.Source  = (*Objects)(nil)
	_ source.Prober  = (*Objects)(nil)
	_ source.Globber = (*Objects)(nil)
	_ source.Lister  = (*Objects)(nil)
)

// New returns the buckets of the client's region. It does no I/O. With a configured
// endpoint, buckets are part of the path: few emulators support them as hosts.
func New(client awsconfig.Client) *Objects {
	return &Objects{client: newClient(client), versioned: &sync.Map{}}
}

// Fetch implements source.Source.
func (o *Objects) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	return source.FetchEach(refs, concurrency, func(r source.Ref) source.Result {
		data, trace, err := o.get(ctx, r)
		return result(data, trace, err)
	})
}

func result(data []byte, trace source.Trace, err error) source.Result {
	if err != nil {
		trace.Absent = errors.Is(err, source.ErrNotFound)
		return source.Result{Err: err, Trace: trace}
	}
	return source.Result{Secret: source.NewSecret(data), Trace: trace}
}

// Probe implements source.Prober by HEAD with If-None-Match. S3 answers 304 for an
// unchanged object, and sends no content of a changed one. It charges both as a GET, and
// requires the same permission.
func (o *Objects) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	return source.ProbeEach(known, concurrency, func(k source.Known) (bool, error) {
		_, err := o.head(ctx, k.Ref, k.Trace.Mark)
		if errors.Is(err, errSame) || k.Trace.Absent && errors.Is(err, source.ErrNotFound) {
			return false, nil
		}
		return true, err
	})
}

// List implements source.Lister for the patterns of Glob. It lists current objects, and no
// older versions. In a folder, the empty pattern matches all names.
func (o *Objects) List(ctx context.Context, pattern string) ([]source.Entry, error) {
	if pattern == "" && o.folder != "" {
		pattern = "*"
	}
	refs, err := o.matches(ctx, source.Ref{Name: pattern})
	entries := make([]source.Entry, len(refs))
	for i, r := range refs {
		entries[i].Name = r.Name
	}
	return entries, err
}

// Glob implements source.Globber: it returns all objects whose "bucket/key" matches, except
// the empty ones that represent folders. The bucket must not contain a *.
func (o *Objects) Glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	names, err := o.matches(ctx, pattern)
	if err != nil {
		return nil, err
	}
	return byName(o.Fetch(ctx, names)), nil
}

func byName(results map[source.Ref]source.Result) map[string]source.Result {
	out := make(map[string]source.Result, len(results))
	for r, res := range results {
		out[r.Name] = res
	}
	return out
}

// matches returns the refs of the objects that match a pattern.
func (o *Objects) matches(ctx context.Context, pattern source.Ref) ([]source.Ref, error) {
	name := o.folder + pattern.Name
	literal, _, _ := strings.Cut(name, "*")
	bucket, prefix, err := source.SplitObject(literal)
	if err != nil {
		return nil, err
	}
	if bucket == "" || bucket == literal {
		return nil, fmt.Errorf("%w: a pattern of objects begins with a bucket, as in bucket/*", source.ErrRef)
	}
	var refs []source.Ref
	token := ""
	for {
		objects, next, err := o.client.list(ctx, bucket, prefix, token)
		if err != nil {
			return nil, wire.Wrap("list bucket "+bucket, err)
		}
		for _, object := range objects {
			found := bucket + "/" + object.Key
			isFolder := strings.HasSuffix(found, "/") && object.Size == 0
			if !isFolder && source.Match(name, found) {
				r := pattern
				r.Name = strings.TrimPrefix(found, o.folder)
				refs = append(refs, r)
			}
		}
		if token = next; token == "" {
			return refs, nil
		}
	}
}

// errSame: the object still has the given ETag.
var errSame = errors.New("not modified")

// head returns the headers of an object, or errSame if it still has that ETag.
func (o *Objects) head(ctx context.Context, r source.Ref, etag string) (http.Header, error) {
	bucket, key, err := o.place(r)
	if err != nil {
		return nil, err
	}
	header, err := o.client.head(ctx, bucket, key, r.Version, etag)
	// An answer to HEAD has no body, and therefore no code.
	resp, answered := errors.AsType[*smithyhttp.ResponseError](err)
	switch {
	case err == nil:
		return header, nil
	case answered && resp.HTTPStatusCode() == http.StatusNotModified:
		return nil, errSame
	case answered && resp.HTTPStatusCode() == http.StatusNotFound:
		return nil, fmt.Errorf("%w: no such object", source.ErrNotFound)
	}
	return nil, wire.Wrap("check object", err)
}

func (o *Objects) place(r source.Ref) (bucket, key string, err error) {
	bucket, key, err = source.SplitObject(o.folder + r.Name)
	if err != nil {
		return "", "", err
	}
	if bucket == "" || key == "" {
		return "", "", fmt.Errorf("%w: an object is bucket/key", source.ErrRef)
	}
	return bucket, key, nil
}

// get reads an object.
func (o *Objects) get(ctx context.Context, r source.Ref) ([]byte, source.Trace, error) {
	bucket, key, err := o.place(r)
	if err != nil {
		return nil, source.Trace{}, err
	}
	for try := 1; ; try++ {
		data, header, err := o.client.get(ctx, bucket, key, r.Version)
		switch {
		case err == nil:
			return data, source.Trace{Version: versionOf(header), Mark: header.Get("ETag"), Size: int64(len(data))}, nil
		case errors.Is(err, wire.ErrTooLong):
			err = fmt.Errorf("%w: the object has more than %d bytes", source.ErrTooLarge, maxObject)
		case errors.Is(err, source.ErrIntegrity) && try < sumTries && ctx.Err() == nil:
			continue
		case errors.Is(err, source.ErrIntegrity):
			err = errDamaged
		default:
			err = wire.Wrap("read object", err)
		}
		return nil, source.Trace{}, err
	}
}

// Keys is KMS with a key for writing.
type Keys interface {
	blob.Sealer
	blob.Decrypter
}

// Secrets are objects with encrypted values. It is safe for concurrent use.
type Secrets struct {
	objects *Objects
	keys    Keys
}

var (
	_ source.Source        = (*Secrets)(nil)
	_ source.Prober        = (*Secrets)(nil)
	_ source.Globber       = (*Secrets)(nil)
	_ source.Lister        = (*Secrets)(nil)
	_ source.Writer        = (*Secrets)(nil)
	_ source.HistoryReader = (*Secrets)(nil)
)

// NewSecrets returns the encrypted values among objects.
func NewSecrets(o *Objects, k Keys) *Secrets { return &Secrets{o, k} }

// Fetch implements source.Source. It decrypts each object as soon as it has arrived.
func (s *Secrets) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	return source.FetchEach(refs, concurrency, func(r source.Ref) source.Result {
		data, trace, err := s.objects.get(ctx, r)
		if err == nil {
			data, err = blob.Open(ctx, s.keys, data, r.Context)
		}
		return result(data, trace, err)
	})
}

// Probe implements source.Prober as Objects does. It sends no requests to KMS.
func (s *Secrets) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	return s.objects.Probe(ctx, known)
}

// List implements source.Lister as Objects does.
func (s *Secrets) List(ctx context.Context, pattern string) ([]source.Entry, error) {
	return s.objects.List(ctx, pattern)
}

// Glob implements source.Globber as Objects does.
func (s *Secrets) Glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	refs, err := s.objects.matches(ctx, pattern)
	if err != nil {
		return nil, err
	}
	return source.DropCandidates(byName(s.Fetch(ctx, refs))), nil
}

// In returns the encrypted values in a folder, "bucket" or "bucket/prefix", that is used as a
// store: names are keys of objects without the prefix.
func (s *Secrets) In(place string) *Secrets {
	folder := &Objects{client: s.objects.client, folder: strings.TrimSuffix(place, "/") + "/", versioned: s.objects.versioned}
	return &Secrets{folder, s.keys}
}
