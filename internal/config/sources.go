package config

import (
	"regexp"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

// Types of sources: the values of the key type.
const (
	typeS3             = "s3"
	typeSSM            = "ssm"
	typeSecretsManager = "secretsmanager"
)

// sourceName matches the part of a ref before the colon.
var sourceName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`) })

// setSources reads the named sources. A source without a region uses the store's. A
// source without profile and role uses the store's profile or role.
func (f *file) setSources(n *yaml.Node) {
	named := job.Sources{}
	for _, p := range f.pairs(n, "sources") {
		key := join("sources", p.name)
		at := &yaml.Node{Line: p.line}
		switch {
		case !sourceName().MatchString(p.name):
			f.fail(at, key, "", "a source's name has letters, digits, _ and -, and begins with a letter")
		case slices.Contains([]string{source.SSM, source.S3, source.SecretsManager, source.S3Object, source.EC2}, p.name):
			f.fail(at, key, "", "is a prefix of its own already")
		}
		named[p.name] = f.oneSource(p.value, key)
	}
	if len(named) > 0 {
		f.base.Store.Sources = &named
	}
}

func (f *file) oneSource(n *yaml.Node, key string) job.Store {
	s := job.Store{}
	word := func(to *string) func(string, *yaml.Node) {
		return func(key string, n *yaml.Node) { *to, _ = f.word(n, key) }
	}
	f.mapping(n, key, fields{
		"type":       word(&s.Kind),
		"table":      word(&s.Table),
		"key":        word(&s.Key),
		"region":     word(&s.Region),
		"kms_region": word(&s.KMSRegion),
		"profile":    word(&s.Profile),
		"arn":        word(&s.RoleARN),
		"path":       func(key string, n *yaml.Node) { s.Path = f.path(n, key) },
		"local_key":  func(key string, n *yaml.Node) { s.LocalKey = f.path(n, key) },
	})
	f.checkSource(&s, n, key)
	return s
}

// checkSource reports keys that do not fit together.
func (f *file) checkSource(s *job.Store, n *yaml.Node, key string) {
	if follow(n).Kind != yaml.MappingNode {
		return
	}
	if base := f.base.Store; s.Profile == "" && s.RoleARN == "" {
		s.Profile, s.RoleARN = base.Profile, base.RoleARN
	}
	if _, named, err := source.ParseTable(s.Table); s.Region == "" && (named || err != nil) {
		s.Region = f.base.Store.Region // the ARN of a table states its region
	}
	isLocal, isTable := s.Kind == local, s.Kind == dynamoDB
	f.check(n, join(key, "table"), checkTable(*s))
	for name, check := range map[string]func(value, dir string) (string, error){"region": region, "kms_region": region, "arn": role} {
		value := map[string]string{"region": s.Region, "kms_region": s.KMSRegion, "arn": s.RoleARN}[name]
		_, err := check(value, "")
		f.check(n, join(key, name), err)
	}
	if s.Key != "" {
		f.check(n, join(key, "key"), source.CheckKey(s.Key))
	}
	switch {
	case s.Kind == "":
		f.fail(n, key, "", "has no type")
	case !slices.Contains([]string{dynamoDB, local, typeS3, typeSSM, typeSecretsManager}, s.Kind):
		f.fail(n, join(key, "type"), "", "%q is not one of dynamodb, local, s3, ssm, secretsmanager", s.Kind)
	case !isTable && s.Table != "":
		f.fail(n, key, "", "a source of type %s has no table", s.Kind)
	case isLocal != (s.Path != ""), !isLocal && s.LocalKey != "":
		f.fail(n, key, "", "path and local_key are for type local")
	case isLocal && s.Key != "":
		f.fail(n, key, "", "key is the KMS key for writes, which a local store does not have")
	case s.Profile != "" && s.RoleARN != "":
		f.fail(n, key, "", "profile and arn cannot be combined: a profile can set a role")
	}
	if isTable && s.Table == "" {
		s.Table = defaultTable
	}
	if isLocal {
		s.Region, s.Profile, s.RoleARN = "", "", ""
		if s.LocalKey == "" {
			s.LocalKey = localKeyOf(s.Path)
		}
	}
}
