package policy

import (
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
	var s objectStatements
	needs := g.of(source.S3)
	for _, n := range needs {
		b.noteKeys(n)
		if err := s.add(b, g.location, n); err != nil {
			b.fail(n, err)
		}
	}
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
