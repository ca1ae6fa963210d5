package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/s3"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

type policyOptions struct {
	jobFlags
	role, format, account string
}

func newPolicy(a *app) *cobra.Command {
	o := &policyOptions{}
	c := &cobra.Command{
		Use:   "policy [SRC[:DEST]]... [KEY=VALUE]...",
		Short: "Print the least IAM policy that templates need",
		Long: `Print the IAM policy for the templates, or for the jobs of the config. It allows
exactly their secrets, parameters and objects, with exactly their contexts, including
those in branches that a render would not take. For a computed name the policy covers
all names with the same beginning, and a warning says so.

A reader renders. A writer puts the same secrets without reading them. An admin runs
setup, grant and revoke. With --account and the ARN of the key (--key), no request is
sent to AWS.`,
		Example: `  credrender policy -c credrender.yaml > reader.json
  credrender policy nginx.conf.tmpl --role writer --format terraform`,
		RunE: func(c *cobra.Command, args []string) error { return runPolicy(c.Context(), a, o, args) },
	}
	o.registerTemplate(c)
	o.registerJob(c)
	choiceFlag(c, &o.role, "role", "", string(policy.Reader), "reader|writer|admin", "role of the policy")
	choiceFlag(c, &o.format, "format", "", "json", "json|terraform", "format")
	c.Flags().StringVar(&o.account, "account", "", "`ID` of the AWS account (default: that of the credentials)")
	return c
}

func runPolicy(ctx context.Context, a *app, o *policyOptions, args []string) error {
	role := policy.Role(o.role)
	if role == policy.Admin && len(args)+len(o.names) > 0 {
		return usagef("--role admin is about the store, not about jobs: it cannot be combined with SRC and --job")
	}
	if o.account != "" && !source.IsAccount(o.account) {
		return usagef("--account %q is not the ID of an account, which has 12 digits", o.account)
	}
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	needs, err := a.policyNeeds(ctx, cfg, o, role, args)
	if err != nil || a.code == exitUsage {
		return err
	}
	doc, notes, err := policy.Build(role, needs)
	for _, n := range notes {
		a.log.Warn(n.String())
	}
	switch {
	case errors.Is(err, policy.ErrCase), errors.Is(err, policy.ErrNothing), errors.Is(err, policy.ErrLocation):
		return &usageError{err}
	case err != nil:
		return err
	}
	if o.format == "terraform" { // whose escapes are those of printf
		return printf(a.stdout, "%s", doc.Terraform("credrender_"+o.role, source.TableName(cfg.Base.Store.Table)+"-"+o.role))
	}
	return a.write(mask.VisibleJSON(doc.JSON()))
}

// policyNeeds returns the references of all jobs, or for an admin only the store.
func (a *app) policyNeeds(ctx context.Context, cfg *config.Config, o *policyOptions, role policy.Role, args []string) ([]policy.Need, error) {
	locations := &locator{a: a, account: o.account, found: map[locationKey]policy.Location{}}
	if role == policy.Admin {
		p, err := locations.admin(ctx, cfg.Base.Store)
		return []policy.Need{{Location: p}}, err
	}
	sel, err := a.selectJobs(cfg, args, &o.jobFlags)
	if err != nil {
		return nil, err
	}
	var needs []policy.Need
	for _, j := range append(sel.jobs, sel.stdout...) {
		for _, n := range a.needsOf(cfg, &j, sel.named) {
			named := n.Ref.Source
			where, err := storeOf(&n, j.Store)
			if err != nil {
				return nil, err
			}
			if where.Key == "" {
				where.Key = j.Store.Key
				if named != "" && (n.Ref.Source == "" || n.Ref.Source == source.S3) {
					a.log.Warn(fmt.Sprintf("%s: assuming the key %s, because its source has no key in the config", n.Ref, where.Key))
				}
			}
			if where.Kind == backend.Local {
				a.log.Warn(fmt.Sprintf("%s: %s is in a local store, to which IAM does not apply", n.Origin, n.Ref))
				continue
			}
			if n.Location, err = locations.find(ctx, where, n.Ref.Source == "" || n.Ref.Source == source.S3); err != nil {
				return nil, err
			}
			needs = append(needs, n)
		}
	}
	return needs, nil
}

// storeOf returns the store that a need is read from, and replaces a source of the config
// by its kind: a table, a bucket or a service of AWS.
func storeOf(n *policy.Need, store job.Store) (job.Store, error) {
	where, err := backend.StoreOf(store, n.Ref.Source)
	if err != nil {
		return where, fmt.Errorf("%s: %w", n.Origin, err)
	}
	switch where.Kind {
	case backend.SSM:
		n.Ref.Source = source.SSM
	case backend.SecretsManager:
		n.Ref.Source = source.SecretsManager
	case backend.S3:
		n.Ref.Source = source.S3
		if where.Path != "" {
			n.Ref.Name = where.Path + "/" + n.Ref.Name
		}
	case source.S3Object:
		n.Ref.Source = source.S3Object
	case backend.DynamoDB, backend.Local, "":
		n.Ref.Source = ""
	}
	return where, nil
}

// needsOf returns the references of a job, including those in branches not taken. It
// reports errors in the templates.
func (a *app) needsOf(cfg *config.Config, j *job.Job, named map[string]bool) (needs []policy.Need) {
	for _, pattern := range j.Patterns() {
		needs = append(needs, policy.Need{Ref: pattern, Pattern: true, Origin: j.Origin})
	}
	sample := job.Sample(j, func(dir string) ([]string, error) { return a.tree(cfg, j, dir) })
	units, err := job.Load(sample, nil, func(path string) ([]byte, error) { return a.readFile(cfg, j, path, named) })
	if err != nil {
		a.failJob(j, err)
	}
	for _, u := range units {
		if u.Template == nil {
			if u.Ref.Name != "" {
				needs = append(needs, policy.Need{Ref: u.Ref, Origin: u.File.Origin})
			}
			continue
		}
		for _, r := range u.Template.Refs() {
			origin := fmt.Sprintf("%s:%d:%d", r.Template, r.Line, r.Col)
			if r.Err != nil {
				a.failJob(j, &usageError{fmt.Errorf("%s: %w", origin, r.Err)})
			} else if r.Kind == template.Secret || r.Kind == template.Secrets {
				needs = append(needs, needOf(r, origin).Within(j.Allow)...)
			}
		}
	}
	return needs
}

func needOf(r template.StaticRef, origin string) policy.Need {
	n := policy.Need{Ref: r.Query.Ref, Pattern: r.Kind == template.Secrets, Origin: origin}
	if r.Dynamic {
		n.Ref, n.Prefix, n.AnyContext, n.AnyVersion = r.Partial.Query.Ref, r.Partial.Prefix, r.Partial.AnyContext, r.Partial.AnyVersion
		if n.AnyVersion {
			n.Ref.Version = "1"
		}
		if n.Pattern && n.Prefix { // any pattern is a Scan
			n.Ref.Name, n.Prefix = n.Ref.Name+"*", false
		}
	}
	return n
}

// locator finds the account and key of stores. It asks AWS, once per store, for
// what the settings do not contain.
type locator struct {
	a       *app
	account string
	found   map[locationKey]policy.Location
}

type locationKey struct {
	where job.Store
	key   bool
}

func (f *locator) find(ctx context.Context, where job.Store, withKey bool) (policy.Location, error) {
	id := locationKey{where, withKey}
	if p, ok := f.found[id]; ok {
		return p, nil
	}
	c, err := f.a.stores.AWS(ctx, where)
	if err != nil {
		return policy.Location{}, err
	}
	p := policy.Location{Region: c.AWS.Region, KeyRegion: c.KMS.Region, Table: where.Table, Account: f.account, Partition: s3.Partition(c.AWS.Region)}
	if withKey {
		if p.Key, err = keyARN(ctx, c, where.Key); err != nil {
			return policy.Location{}, err
		}
	}
	if p.Account == "" {
		me, err := c.Identity(ctx)
		if err != nil {
			return policy.Location{}, err
		}
		p.Account = me.Account
	}
	f.found[id] = p
	return p, nil
}

// admin returns the location of the configured store, whose key need not exist yet.
func (f *locator) admin(ctx context.Context, where job.Store) (policy.Location, error) {
	if where.Kind == backend.Local {
		return policy.Location{}, usagef("a local store has no IAM policy")
	}
	p, err := f.find(ctx, where, true)
	if errors.Is(err, source.ErrNoStore) {
		p, err = f.find(ctx, where, false)
	}
	if err == nil && kms.IsAlias(where.Key) {
		p.Alias = "arn:" + p.Partition + ":kms:" + regionOf(p) + ":" + p.Account + ":" + where.Key
	}
	return p, err
}

// regionOf returns the key's region, which may differ from the table's.
func regionOf(p policy.Location) string {
	if key, ok := source.ParseARN(p.Key); ok {
		return key.Region
	}
	return p.KeyRegion
}

// keyARN returns the ARN of a key, from AWS unless key is an ARN already.
func keyARN(ctx context.Context, c awsconfig.Config, key string) (string, error) {
	if arn, ok := source.ParseARN(key); ok && strings.HasPrefix(arn.Resource, "key/") {
		return key, nil
	}
	found, err := kms.NewAdmin(c.KMS, key).Describe(ctx)
	return found.ARN, err
}
