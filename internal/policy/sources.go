package policy

import (
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// parameters allows reading from Parameter Store. A path is a resource of its
// own, and gives all below it
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html).
func (b *builder) parameters(g group) {
	var single, paths []string
	for _, n := range g.of(source.SSM) {
		b.noteKeys(n)
		name := parameterARN(g.place, n.Ref.Name)
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
	b.allow("Parameters", []string{"ssm:GetParameters"}, single, nil)
	b.allow("ParameterPaths", []string{"ssm:GetParametersByPath"}, paths, nil)
}

// parameterARN takes a name, which may end in a version or label, or an ARN.
func parameterARN(p Place, name string) string {
	if strings.HasPrefix(name, "arn:") {
		if parts := strings.Split(name, ":"); len(parts) > 6 {
			name = strings.Join(parts[:6], ":")
		}
		return Escape(name)
	}
	name, _, _ = strings.Cut(name, ":")
	return p.arn("ssm", "parameter/"+Escape(strings.TrimPrefix(name, "/")))
}

// objects allows reading from S3. Names are "bucket/key".
func (b *builder) objects(g group) {
	var newest, versions []string
	listed := map[string][]string{}
	for _, n := range g.of(source.S3, source.S3Object) {
		b.noteKeys(n)
		name := Escape(n.Ref.Name)
		arn := "arn:" + g.place.Partition + ":s3:::"
		switch {
		case n.Pattern:
			name = strings.TrimSuffix(name, Escape("*"))
			bucket, prefix, _ := strings.Cut(name, "/")
			listed[arn+bucket] = append(listed[arn+bucket], prefix)
			name += "*"
		case n.Prefix:
			b.noteWidened(n)
			if !strings.Contains(name, "/") {
				name += "*/"
			}
			name += "*"
		}
		if n.Ref.Version == "" {
			newest = append(newest, arn+name)
		}
		if n.Ref.Version != "" || n.AnyVersion {
			versions = append(versions, arn+name)
		}
	}
	b.allow("Objects", []string{"s3:GetObject"}, newest, nil)
	b.allow("ObjectVersions", []string{"s3:GetObjectVersion"}, versions, nil)
	for _, bucket := range sortedKeys(listed) {
		b.allow("ListObjects", []string{"s3:ListBucket"}, []string{bucket}, Conditions{"StringEquals": {"s3:prefix": unique(listed[bucket])}})
	}
}

// managed allows reading from Secrets Manager. AWS ends the ARN of a secret in
// a hyphen and six random characters
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html).
func (b *builder) managed(g group) {
	var arns []string
	for _, n := range g.of(source.SecretsManager) {
		b.noteKeys(n)
		name, _, _ := strings.Cut(n.Ref.Name, "#")
		switch {
		case n.Prefix:
			b.noteWidened(n)
			arns = append(arns, g.place.arn("secretsmanager", "secret:"+Escape(name)+"*"))
		case strings.HasPrefix(name, "arn:"):
			arns = append(arns, Escape(name))
		default:
			arns = append(arns, g.place.arn("secretsmanager", "secret:"+Escape(name)+"-??????"))
		}
	}
	b.allow("SecretsManager", []string{"secretsmanager:GetSecretValue"}, arns, nil)
}

// noteKeys: which key a parameter, secret or object lies under shows only there.
func (b *builder) noteKeys(n Need) {
	switch n.Ref.Source {
	case source.SSM:
		b.note("", "a SecureString under a key of your own takes kms:Decrypt on that key as well; the default key takes none")
	case source.SecretsManager:
		b.note("", "a Secrets Manager secret under a key of your own takes kms:Decrypt on that key as well; the default key takes none")
	case source.S3, source.S3Object:
		b.note("", "an object that the bucket encrypts under a KMS key takes kms:Decrypt on that key as well")
	}
}
