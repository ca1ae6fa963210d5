// Package s3 reads objects: as they are ([Objects]), or decrypted by KMS
// ([Secrets]), in the forms of package blob.
//
// A Ref's name is "bucket/key", its version an object version's id. S3 binds
// nothing to an object's name: who can write to the bucket can give one object
// the contents of another that was encrypted with the same context.
//
// A missing object is source.ErrNotFound for who may list the bucket; S3 tells
// everybody else AccessDenied
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/internal/awserr"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/blob"
)

const (
	// concurrency bounds the requests of one batch.
	concurrency = 64
	// maxObject is the most bytes of an object that are read: what an envelope
	// of the largest value takes.
	maxObject = blob.MaxSize + blob.MaxSize/2
	// bodyTries is how often an object is asked for whose body breaks off. The
	// SDK's own retries end with the headers.
	bodyTries = 3
)

// Objects are plain objects, in the buckets of one region. It is safe for
// concurrent use.
type Objects struct{ api api }

// api holds the operations that are used as method values: see package dynamo.
// Of all services' clients S3's is by far the largest.
type api struct {
	head   func(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	get    func(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	list   func(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	put    func(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	delete func(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
}

var (
	_ source.Source  = (*Objects)(nil)
	_ source.Prober  = (*Objects)(nil)
	_ source.Looker  = (*Objects)(nil)
	_ source.Globber = (*Objects)(nil)
	_ source.Lister  = (*Objects)(nil)
)

// New returns the buckets of cfg's region. It does no I/O. With an endpoint of
// one's own, buckets are in the path: few stand-ins know their names as hosts.
func New(cfg aws.Config) *Objects {
	c := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
	return &Objects{api{head: c.HeadObject, get: c.GetObject, list: c.ListObjectsV2, put: c.PutObject, delete: c.DeleteObject}}
}

// Fetch implements source.Source.
func (o *Objects) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	return each(refs, func(r source.Ref) source.Result {
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

// each answers all refs at once.
func each(refs []source.Ref, one func(source.Ref) source.Result) map[source.Ref]source.Result {
	results := make([]source.Result, len(refs))
	var g errgroup.Group
	g.SetLimit(concurrency)
	for i, r := range refs {
		g.Go(func() error { results[i] = one(r); return nil })
	}
	_ = g.Wait()
	out := make(map[source.Ref]source.Result, len(refs))
	for i, r := range refs {
		out[r] = results[i]
	}
	return out
}

// Probe implements source.Prober by HEAD with If-None-Match: an object that is
// as it was is answered with 304, and of one that is not, no byte is sent. (AWS
// charges either as a GET, and asks for the same right.)
func (o *Objects) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	errs := make([]error, len(known))
	var g errgroup.Group
	g.SetLimit(concurrency)
	for i, k := range known {
		g.Go(func() error { errs[i] = o.head(ctx, k.Ref, k.Trace.Mark); return nil })
	}
	_ = g.Wait()
	var found source.Findings
	for i, k := range known {
		same := errors.Is(errs[i], errSame) || k.Trace.Absent && errors.Is(errs[i], source.ErrNotFound)
		if same {
			errs[i] = nil
		}
		found.Add(k.Ref, !same, errs[i])
	}
	return found.Result()
}

// Look implements source.Looker: a probe misses nothing here.
func (o *Objects) Look(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	return o.Probe(ctx, known)
}

// List implements source.Lister for the patterns of Glob. It lists what each
// name holds now; older versions of objects are S3's.
func (o *Objects) List(ctx context.Context, pattern string) ([]source.Entry, error) {
	refs, err := o.matches(ctx, source.Ref{Name: pattern})
	entries := make([]source.Entry, len(refs))
	for i, r := range refs {
		entries[i].Name = r.Name
	}
	return entries, err
}

// Glob implements source.Globber: all objects whose "bucket/key" matches, but
// for the empty ones that stand for folders. The bucket is no pattern.
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

// matches lists the refs that a pattern stands for.
func (o *Objects) matches(ctx context.Context, pattern source.Ref) ([]source.Ref, error) {
	literal, _, _ := strings.Cut(pattern.Name, "*")
	bucket, prefix, ok := strings.Cut(literal, "/")
	if !ok || bucket == "" {
		return nil, fmt.Errorf("%w: a pattern of objects begins with a bucket, as in bucket/*", source.ErrRef)
	}
	var refs []source.Ref
	in := &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: aws.String(prefix)}
	for {
		out, err := o.api.list(ctx, in)
		if err != nil {
			return nil, awserr.Wrap("list bucket "+bucket, err)
		}
		for _, object := range out.Contents {
			r := pattern
			r.Name = bucket + "/" + aws.ToString(object.Key)
			folder := strings.HasSuffix(r.Name, "/") && aws.ToInt64(object.Size) == 0
			if !folder && source.Match(pattern.Name, r.Name) {
				refs = append(refs, r)
			}
		}
		if !aws.ToBool(out.IsTruncated) {
			return refs, nil
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

// errSame: the object is the one whose ETag was given.
var errSame = errors.New("not modified")

// head asks whether an object is another than the one of that ETag: errSame
// where it is not.
func (o *Objects) head(ctx context.Context, r source.Ref, etag string) error {
	bucket, key, err := place(r)
	if err != nil {
		return err
	}
	in := &s3.HeadObjectInput{Bucket: bucket, Key: key}
	if r.Version != "" {
		in.VersionId = aws.String(r.Version)
	}
	if etag != "" {
		in.IfNoneMatch = aws.String(etag)
	}
	_, err = o.api.head(ctx, in)
	// An answer to HEAD has no body, and so no code.
	resp, answered := errors.AsType[*smithyhttp.ResponseError](err)
	switch {
	case err == nil:
		return nil
	case answered && resp.HTTPStatusCode() == http.StatusNotModified:
		return errSame
	case answered && resp.HTTPStatusCode() == http.StatusNotFound:
		return fmt.Errorf("%w: no such object", source.ErrNotFound)
	}
	return awserr.Wrap("look at object", err)
}

func place(r source.Ref) (bucket, key *string, err error) {
	b, k, ok := strings.Cut(r.Name, "/")
	if !ok || b == "" || k == "" {
		return nil, nil, fmt.Errorf("%w: an object is bucket/key", source.ErrRef)
	}
	return &b, &k, nil
}

// get reads an object.
func (o *Objects) get(ctx context.Context, r source.Ref) ([]byte, source.Trace, error) {
	bucket, key, err := place(r)
	if err != nil {
		return nil, source.Trace{}, err
	}
	in := &s3.GetObjectInput{Bucket: bucket, Key: key}
	if r.Version != "" {
		in.VersionId = aws.String(r.Version)
	}
	for try := 1; ; try++ {
		out, err := o.api.get(ctx, in)
		if err != nil {
			return nil, source.Trace{}, awserr.Wrap("read object", err)
		}
		data, err := read(out.Body)
		if err == nil {
			return data, trace(out), nil
		}
		if errors.Is(err, source.ErrTooLarge) {
			return nil, source.Trace{}, err
		}
		if try == bodyTries || ctx.Err() != nil {
			return nil, source.Trace{}, bodyFailure(ctx, err)
		}
	}
}

func trace(out *s3.GetObjectOutput) source.Trace {
	t := source.Trace{Version: aws.ToString(out.VersionId), Mark: aws.ToString(out.ETag), Size: aws.ToInt64(out.ContentLength)}
	if t.Version == "null" { // of a bucket that keeps none
		t.Version = ""
	}
	return t
}

func read(body io.ReadCloser) ([]byte, error) {
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxObject+1))
	if err == nil && len(data) > maxObject {
		return nil, fmt.Errorf("%w: the object has more than %d bytes", source.ErrTooLarge, maxObject)
	}
	return data, err
}

// bodyFailure is why a body could not be read. That it does not match the
// checksum that S3 keeps has no type of its own.
func bodyFailure(ctx context.Context, err error) error {
	if strings.Contains(err.Error(), "checksum did not match") {
		return fmt.Errorf("%w: the object does not match the checksum that S3 keeps of it", source.ErrIntegrity)
	}
	return awserr.Wrap("read object", errors.Join(ctx.Err(), err))
}
