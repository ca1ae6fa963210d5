package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/blob"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// maxRaces limits the attempts at an object that others write at the same time.
const maxRaces = 20

// Put implements source.Writer. It encrypts a value and stores it in place of the current
// one, whose tags, metadata, type and storage class stay. A bucket that does not keep
// versions is refused without w.Force, since the value before would be lost. With
// w.IfChanged, a value that does not open, because its context differs or it is damaged,
// is not the same.
func (s *Secrets) Put(ctx context.Context, r source.Ref, w source.Write) (source.Stored, error) {
	if err := refuse(w); err != nil {
		return source.Stored{}, err
	}
	bucket, key, err := s.objects.place(r)
	if err != nil {
		return source.Stored{}, err
	}
	if err := s.objects.mayReplace(ctx, bucket, w.Force); err != nil {
		return source.Stored{}, err
	}
	if w.IfChanged {
		held := s.Fetch(ctx, []source.Ref{r})[r]
		switch {
		case held.Err == nil && bytes.Equal(held.Secret.Reveal(), w.Value.Reveal()):
			return source.Stored{Version: held.Trace.Version}, nil
		case held.Err == nil, errors.Is(held.Err, source.ErrNotFound), errors.Is(held.Err, source.ErrWrongContext), errors.Is(held.Err, source.ErrIntegrity):
		default:
			return source.Stored{}, fmt.Errorf("compare with the newest version: %w", held.Err)
		}
	}
	p := put{objects: s.objects, ref: r, bucket: bucket, key: key, write: w}
	header, err := p.header(ctx)
	if err != nil {
		return source.Stored{}, err
	}
	if p.body, err = blob.Seal(ctx, s.keys, w.Value.Reveal(), r.Context); err != nil {
		return source.Stored{}, err
	}
	version, err := p.send(ctx, header)
	return source.Stored{Version: version, Changed: err == nil}, err
}

// refuse returns an error for what S3 cannot do.
func refuse(w source.Write) error {
	if w.Version != "" || w.Comment != "" || w.Format != "" || w.Tier != "" {
		return &source.RefusalError{Reason: "--version, --comment, --item-format and --tier do not apply to S3"}
	}
	return nil
}

// Refuses returns the error that Put would have for any object of that name, or nil.
func (*Secrets) Refuses(_ source.Ref, w source.Write) error { return refuse(w) }

// mayReplace refuses a bucket that does not keep versions.
func (o *Objects) mayReplace(ctx context.Context, bucket string, force bool) error {
	if _, known := o.versioned.Load(bucket); known || force {
		return nil
	}
	keeps, err := o.client.keepsVersions(ctx, bucket)
	if err != nil {
		return wire.Wrap("read whether bucket "+bucket+" keeps versions", err)
	}
	if !keeps {
		return &source.RefusalError{Reason: "bucket " + bucket + " does not keep versions, so what is replaced or deleted is lost", Instead: "'aws s3api put-bucket-versioning' enables them, --force writes anyway"}
	}
	o.versioned.Store(bucket, true)
	return nil
}

// put is one Put in progress.
type put struct {
	objects     *Objects
	ref         source.Ref
	bucket, key string
	write       source.Write
	body        []byte
}

// kept are the headers of an object that a write takes over, besides its metadata and tags.
var kept = []string{
	"Content-Type", "Cache-Control", "Content-Disposition", "Content-Language", "X-Amz-Storage-Class", "X-Amz-Website-Redirect-Location",
	"X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled",
}

// header returns the headers of the request: those of the current object, and the
// conditions on it.
func (p *put) header(ctx context.Context) (http.Header, error) {
	header := http.Header{"Content-Type": {"text/plain"}}
	held, err := p.objects.head(ctx, p.ref, "")
	expects := p.write.Expect != source.Trace{}
	switch {
	case errors.Is(err, source.ErrNotFound) && expects:
		return nil, source.ErrChanged
	case errors.Is(err, source.ErrNotFound):
		if p.write.IfAbsent {
			header.Set("If-None-Match", "*")
		}
		return header, nil
	case errors.Is(err, source.ErrDenied) && p.write.Force && !expects && !p.write.IfAbsent:
		return header, nil
	case err != nil:
		return nil, err
	case p.write.IfAbsent:
		return nil, source.ErrExists
	case expects && !isAt(held, p.write.Expect):
		return nil, source.ErrChanged
	case expects:
		header.Set("If-Match", held.Get("ETag"))
	}
	return header, p.keep(ctx, header, held)
}

// isAt reports whether an object is the version of a trace.
func isAt(held http.Header, t source.Trace) bool {
	return (t.Version == "" || versionOf(held) == t.Version) && (t.Mark == "" || held.Get("ETag") == t.Mark)
}

// keep adds the settings of the current object. S3 would drop them with it.
func (p *put) keep(ctx context.Context, header, held http.Header) error {
	for _, name := range kept {
		if v := held.Get(name); v != "" {
			header.Set(name, v)
		}
	}
	for name, values := range held {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			header[name] = values
		}
	}
	count := held.Get("X-Amz-Tagging-Count")
	if count == "" || count == "0" {
		return nil
	}
	tags, err := p.objects.client.tags(ctx, p.bucket, p.key)
	if err != nil {
		return wire.Wrap("read the tags of the object, which a write would drop", err)
	}
	if strconv.Itoa(len(tags)) != count {
		return fmt.Errorf("%w: the object has %s tags, and S3 lists %d", source.ErrChanged, count, len(tags))
	}
	header.Set("X-Amz-Tagging", tags.Encode())
	return nil
}

// send writes the object. If a condition does not hold any more, it looks again, which
// tells why.
func (p *put) send(ctx context.Context, header http.Header) (string, error) {
	for try := 0; ; try++ {
		version, err := p.objects.client.put(ctx, p.bucket, p.key, p.body, header)
		if !isConflict(err) || try == maxRaces {
			return version, wire.Wrap("write object", err)
		}
		// If an answer was lost, the request was sent again, and the object may be ours.
		if data, trace, getErr := p.objects.get(ctx, p.ref); getErr == nil && bytes.Equal(data, p.body) {
			return trace.Version, nil
		}
		if err := source.Pause(ctx, try); err != nil {
			return "", err
		}
		if header, err = p.header(ctx); err != nil {
			return "", err
		}
	}
}

// isConflict reports whether another writer was faster
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
func isConflict(err error) bool {
	switch wire.Code(err) {
	case "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey":
		return true
	}
	return false
}

// Delete implements source.Writer. A bucket with versions keeps those of a deleted object;
// one that does not is refused without d.Force. A deleted version is gone.
func (s *Secrets) Delete(ctx context.Context, r source.Ref, d source.Deletion) (source.Deleted, error) {
	bucket, key, err := s.objects.place(r)
	if err != nil {
		return source.Deleted{}, err
	}
	if _, err := s.objects.head(ctx, r, ""); err != nil {
		return source.Deleted{}, err // S3 does not report a missing object
	}
	if r.Version == "" {
		if err := s.objects.mayReplace(ctx, bucket, d.Force); err != nil {
			return source.Deleted{}, err
		}
	}
	gone := source.Deleted{Versions: []string{r.Version}}
	if d.DryRun {
		return gone, nil
	}
	if err := s.objects.client.delete(ctx, bucket, key, r.Version); err != nil {
		return source.Deleted{}, wire.Wrap("delete object", err)
	}
	return gone, nil
}

// History implements source.HistoryReader. It includes the versions of a deleted object. In
// a bucket without versions an object has one, without an id.
func (s *Secrets) History(ctx context.Context, r source.Ref) ([]source.VersionInfo, error) {
	bucket, key, err := s.objects.place(r)
	if err != nil {
		return nil, err
	}
	all, err := s.objects.client.versions(ctx, bucket, key)
	if err != nil {
		return nil, wire.Wrap("list versions of object", err)
	}
	if len(all) == 0 {
		return nil, source.ErrNotFound
	}
	infos := make([]source.VersionInfo, len(all))
	for i, v := range all {
		infos[i] = source.VersionInfo{Version: v.VersionID, Created: v.LastModified}
	}
	return infos, nil
}
