package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// bucketKind describes how IAM names the objects of a bucket, or of an access point, an
// Object Lambda access point or an access point on Outposts
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html).
type bucketKind struct {
	service string // prefix of the actions
	objects string // between the bucket's ARN and the key
	whole   bool   // permissions cannot be limited to a key
}

func kindOfBucket(bucket string) bucketKind {
	a, ok := source.ParseARN(bucket)
	switch {
	case !ok:
		return bucketKind{service: "s3", objects: "/"}
	case a.Service == "s3-object-lambda":
		return bucketKind{service: a.Service, whole: true}
	}
	return bucketKind{service: a.Service, objects: "/object/"}
}

// objects allows reading S3. Names are "bucket/key".
func (b *builder) objects(g group) {
	var s objectStatements
	for _, n := range g.of(source.S3, source.S3Object) {
		b.noteKeys(n)
		if err := s.add(b, g.location, n); err != nil {
			b.fail(n, err)
		}
	}
	for _, service := range slices.Sorted(maps.Keys(s.newest)) {
		b.allow("Objects", []string{service + ":GetObject"}, s.newest[service], nil)
	}
	for _, service := range slices.Sorted(maps.Keys(s.versions)) {
		b.allow("ObjectVersions", []string{service + ":GetObjectVersion"}, s.versions[service], nil)
	}
	for _, bucket := range slices.Sorted(maps.Keys(s.listed)) {
		b.allow("ListObjects", []string{kindOfBucket(bucket).service + ":ListBucket"}, []string{bucket}, Conditions{"StringEquals": {"s3:prefix": unique(s.listed[bucket])}})
	}
}

// objectStatements are resources by the service of their actions, and prefixes by
// bucket.
type objectStatements struct{ newest, versions, listed map[string][]string }

func (s *objectStatements) add(b *builder, p Location, n Need) error {
	name := n.Ref.Name
	if n.Pattern {
		name, _, _ = strings.Cut(name, "*")
	}
	if n.Prefix && !strings.Contains(name, "/") && !strings.HasPrefix(name, "arn:") { // in any bucket that begins so
		b.noteWidened(n)
		s.keep("s3", n, "arn:"+p.Partition+":s3:::"+Escape(name)+"*/*")
		return nil
	}
	bucket, key, err := source.SplitObject(name)
	if err != nil {
		return err
	}
	kind, arn := kindOfBucket(bucket), Escape(bucket)
	if strings.HasPrefix(bucket, "arn:") {
		b.note(n.Origin, "the bucket of %s must allow it too", bucket)
	} else {
		arn = "arn:" + p.Partition + ":s3:::" + arn
	}
	resource := arn + kind.objects + Escape(key)
	switch {
	case n.Pattern:
		put(&s.listed, arn, Escape(key))
		resource += "*"
	case n.Prefix:
		b.noteWidened(n)
		resource += "*"
	}
	if kind.whole {
		resource = arn
	}
	s.keep(kind.service, n, resource)
	return nil
}

func (s *objectStatements) keep(service string, n Need, resource string) {
	if n.Ref.Version == "" {
		put(&s.newest, service, resource)
	}
	if n.Ref.Version != "" || n.AnyVersion {
		put(&s.versions, service, resource)
	}
}

func put(to *map[string][]string, key, value string) {
	if *to == nil {
		*to = map[string][]string{}
	}
	(*to)[key] = append((*to)[key], value)
}
