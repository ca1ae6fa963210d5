package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

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
