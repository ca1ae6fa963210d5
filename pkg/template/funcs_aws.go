package template

import (
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// The functions for values outside the store. Each takes its names with or
// without the source's prefix, and those of a configured source with that one's.

// s3secret is an object that holds an encrypted value.
func s3secret(p *pass, name string, ctx ...any) (string, error) {
	return p.secretOf(p.t.opts.refOf(source.S3, name, ctx))
}

// s3object is an object as it is: its newest version, or the given one.
func s3object(p *pass, name string, version ...string) (string, error) {
	ref, err := p.t.opts.refOf(source.S3, name, nil)
	if err != nil {
		return "", err
	}
	if ref.Source != source.S3 {
		return "", funcs.Problem("s3object takes s3://bucket/key")
	}
	if len(version) > 1 || len(version) == 1 && version[0] == "" {
		return "", funcs.Problem("s3object takes an object and at most one version, which is not empty")
	}
	ref.Source, ref.Version = source.S3Object, strings.Join(version, "")
	return p.secret(Query{Kind: Secret, Ref: ref.Plain()})
}

// s3secrets are all encrypted values under a prefix, by what follows it.
func s3secrets(p *pass, prefix string, ctx ...any) (map[string]any, error) {
	return p.below(source.S3, prefix, ctx)
}

// ssm is a parameter.
func ssm(p *pass, name string) (string, error) {
	return p.secretOf(p.t.opts.refOf(source.SSM, name, nil))
}

// ssmPath are all parameters below a path, by what follows it.
func ssmPath(p *pass, path string) (map[string]any, error) {
	if strings.Contains(path, "*") { // no name of a parameter has one
		return nil, funcs.Problem("it takes a path: secrets \"ssm:PATTERN\" takes a pattern")
	}
	return p.below(source.SSM, path, nil)
}

// secretsManager is a secret, or what its JSON has under a key.
func secretsManager(p *pass, id string, key ...string) (string, error) {
	if len(key) > 1 {
		return "", funcs.Problem("secretsManager takes an id and at most one key")
	}
	if len(key) == 1 && key[0] == "" { // it would be all of the document
		return "", funcs.Problem("its key is empty: leave it out for the whole secret")
	}
	if len(key) == 1 {
		id += "#" + key[0]
	}
	return p.secretOf(p.t.opts.refOf(source.SecretsManager, id, nil))
}

// ec2 is a fact about the instance.
func ec2(p *pass, fact string) (string, error) { return p.secret(Query{Kind: EC2, Name: fact}) }

// below asks for all under a folder.
func (p *pass) below(prefix, folder string, ctx []any) (map[string]any, error) {
	ref, err := p.t.opts.refOf(prefix, folder, ctx)
	if err != nil {
		return nil, err
	}
	ref.Name = strings.TrimSuffix(ref.Name, "/") + "/"
	under := ref.Name
	ref.Name += "*"
	return p.secrets(ref, under)
}

// refOf reads a name that has the given prefix where it states none.
func (o *Options) refOf(prefix, name string, ctx []any) (source.Ref, error) {
	ref, err := o.ref(name, ctx)
	if err == nil && ref.Source != prefix && source.IsBuiltin(ref.Source) {
		return ref, funcs.Problem("its name begins with " + ref.Source + ":, and it takes " + prefix + ": alone")
	}
	if err != nil || ref.Source != "" {
		return ref, err
	}
	// A name may have a colon of its own.
	return o.ref(prefix+":"+name, ctx)
}
