package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// writeParameters allows writing Parameter Store. ssm:DescribeParameters, which tells the
// settings that a write keeps, has no resource
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html).
func (b *builder) writeParameters(g group) {
	single, paths := b.parameterResources(g)
	all := slices.Concat(single, paths)
	b.allow("WriteParameters", []string{"ssm:PutParameter", "ssm:GetParameters"}, all, nil)
	if len(all) > 0 {
		b.allow("ParameterSettings", []string{"ssm:DescribeParameters"}, []string{"*"}, nil)
	}
}

// writeManaged allows writing Secrets Manager. Reading and moving stages is for keys of
// JSON objects.
func (b *builder) writeManaged(g group) {
	arns, _ := b.secretResources(g)
	b.allow("WriteSecretsManager", writeSecret(), arns, nil)
}

// writeObjects allows writing encrypted objects. A write reads the settings of the object
// that it replaces.
func (b *builder) writeObjects(g group) {
	s, needs := b.objectStatements(g, source.S3), g.of(source.S3)
	var buckets []string
	for _, service := range slices.Sorted(maps.Keys(s.newest)) {
		actions := []string{service + ":GetObject", service + ":GetObjectTagging", service + ":PutObject", service + ":PutObjectTagging"}
		b.allow("WriteObjects", actions, s.newest[service], nil)
	}
	for _, n := range needs {
		if bucket := g.location.bucketOf(n); bucket != "" {
			buckets = append(buckets, bucket)
		}
	}
	b.allow("LookAtBuckets", []string{"s3:ListBucket", "s3:GetBucketVersioning"}, buckets, nil)
	b.contexts("EncryptObjects", []string{"kms:Encrypt", "kms:GenerateDataKey"}, g.location, needs)
}

// bucketOf returns the ARN of the bucket that an object is in, or of all whose names begin
// so.
func (p Location) bucketOf(n Need) string {
	name, _, _ := strings.Cut(n.Ref.Name, "*")
	bucket, _, err := source.SplitObject(name)
	switch {
	case err != nil || bucket == "":
		return ""
	case strings.HasPrefix(bucket, "arn:"):
		return Escape(bucket)
	case n.Prefix && !strings.Contains(name, "/"):
		return "arn:" + p.Partition + ":s3:::" + Escape(bucket) + "*"
	}
	return "arn:" + p.Partition + ":s3:::" + Escape(bucket)
}

// parameters allows reading Parameter Store.
func (b *builder) parameters(g group) {
	single, paths := b.parameterResources(g)
	b.allow("Parameters", []string{"ssm:GetParameters"}, single, nil)
	b.allow("ParameterPaths", []string{"ssm:GetParametersByPath"}, paths, nil)
}

// parameterResources returns parameters and paths. A path is a resource of its own, and
// includes everything below it
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html).
func (b *builder) parameterResources(g group) (single, paths []string) {
	for _, n := range g.of(source.SSM) {
		b.noteKeys(n)
		name := b.parameterARN(n, g.location)
		switch {
		case n.Pattern:
			path := strings.TrimSuffix(strings.TrimSuffix(name, Escape("*")), "/")
			paths = append(paths, path, path+"/*")
		case n.Prefix:
			b.noteWidened(n)
			single = append(single, name+"*")
		default:
			single = append(single, name)
		}
	}
	return single, paths
}

// parameterARN returns the resource of a parameter. Its name may be an ARN, or end in a
// version or label.
func (b *builder) parameterARN(n Need, p Location) string {
	name := n.Ref.Name
	if strings.HasPrefix(name, "arn:") {
		if parts := strings.Split(name, ":"); len(parts) > 6 {
			name = strings.Join(parts[:6], ":")
		}
		return b.known(n, "ssm", name)
	}
	name, _, _ = strings.Cut(name, ":")
	return p.arn("ssm", "parameter/"+Escape(strings.TrimPrefix(name, "/")))
}

// managed allows reading Secrets Manager.
func (b *builder) managed(g group) {
	arns, several := b.secretResources(g)
	if several {
		b.allow("SecretsInBatches", []string{"secretsmanager:BatchGetSecretValue"}, []string{"*"}, nil)
	}
	if slices.ContainsFunc(g.of(source.SecretsManager), func(n Need) bool { return n.Pattern }) {
		b.allow("ListSecrets", []string{"secretsmanager:ListSecrets"}, []string{"*"}, nil)
	}
	b.allow("SecretsManager", []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, arns, nil)
}

// secretResources returns the ARNs of secrets, and whether there may be several. An ARN ends
// in a hyphen and six random characters
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html).
func (b *builder) secretResources(g group) (arns []string, several bool) {
	for _, n := range g.of(source.SecretsManager) {
		b.noteKeys(n)
		name, _, _ := strings.Cut(n.Ref.Name, "#")
		if n.Pattern {
			name, _, _ = strings.Cut(name, "*")
		}
		switch {
		case n.Prefix || n.Pattern:
			b.noteWidened(n)
			several = true // a prefix may be for several
			arns = append(arns, g.location.arn("secretsmanager", "secret:"+Escape(name)+"*"))
		case strings.HasPrefix(name, "arn:"):
			arns = append(arns, b.known(n, "secretsmanager", name)+unfinished(name))
		default:
			arns = append(arns, g.location.arn("secretsmanager", "secret:"+Escape(name)+"-??????"))
		}
	}
	arns = unique(arns)
	return arns, several || len(arns) > 1
}

// unfinished returns the pattern for the random end of an ARN, if the ARN lacks it.
func unfinished(arn string) string {
	i := strings.LastIndexByte(arn, '-')
	if i >= 0 && len(arn)-i == 7 {
		return ""
	}
	return "-??????"
}

// known returns an ARN as a resource. The ARN must be of the service.
func (b *builder) known(n Need, service, arn string) string {
	if a, ok := source.ParseARN(arn); !ok || a.Service != service || a.Region == "" {
		b.fail(n, fmt.Errorf("%w: %s: it is not an ARN of %s", source.ErrARN, source.Show(arn), service))
	}
	return Escape(arn)
}

// noteKeys adds a note about other KMS keys: only the service knows under which key a
// parameter, secret or object is encrypted.
func (b *builder) noteKeys(n Need) {
	action := "kms:Decrypt"
	if b.writes {
		action = "kms:Decrypt, kms:Encrypt and kms:GenerateDataKey"
	}
	switch n.Ref.Source {
	case source.SSM:
		b.note("", "a SecureString under a key of your own needs %s on that key as well; the default key needs none", action)
	case source.SecretsManager:
		b.note("", "a Secrets Manager secret under a key of your own needs %s on that key as well; the default key needs none", action)
	case source.S3, source.S3Object:
		b.note("", "an object that the bucket encrypts under a KMS key needs %s on that key as well", action)
	}
}

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
	s := b.objectStatements(g, source.S3, source.S3Object)
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

func (b *builder) objectStatements(g group, sources ...string) (s objectStatements) {
	for _, n := range g.of(sources...) {
		b.noteKeys(n)
		if err := s.add(b, g.location, n); err != nil {
			b.fail(n, err)
		}
	}
	return s
}

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
