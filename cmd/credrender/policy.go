package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

type policyOptions struct {
	jobFlags
	role, format, account string
}

func newPolicy(a *app) *cobra.Command {
	o := &policyOptions{}
	c := &cobra.Command{
		Use:   "policy [SRC[:DEST]]...",
		Short: "Print the IAM policy that templates need, and no more",
		Long: `Print the IAM policy that allows what the templates, or the config's jobs, ask
for: exactly those secrets, parameters and objects, with exactly those contexts,
in branches that would not be taken too. Where a name is computed, the policy
is for all that begin alike, which standard error says.

A reader renders, a writer puts those secrets without reading them, an admin
runs setup, grant and revoke. Nothing is asked of AWS where --account and the
ARN of the key (--key) are given.`,
		Example: `  credrender policy -c credrender.yaml > reader.json
  credrender policy nginx.conf.tmpl --role writer --format terraform`,
		RunE: func(c *cobra.Command, args []string) error { return runPolicy(c.Context(), a, o, args) },
	}
	f := c.Flags()
	f.StringArrayVar(&o.context, "context", nil, "`KEY=VALUE` of the default encryption context (repeatable)")
	f.StringArrayVar(&o.vars, "var", nil, "`KEY=VALUE` that templates see as .Vars.KEY (repeatable)")
	f.StringVar(&o.varsFile, "vars", "", "YAML `FILE` that templates see as .Vars")
	f.StringArrayVar(&o.names, "job", nil, "`NAME` of a job of the config (repeatable; default: all)")
	f.StringVar(&o.role, "role", string(policy.Reader), "who it is for: `reader|writer|admin`")
	f.StringVar(&o.format, "format", "json", "format: `json|terraform`")
	f.StringVar(&o.account, "account", "", "`ID` of the AWS account (default: that of the credentials)")
	return c
}

func runPolicy(ctx context.Context, a *app, o *policyOptions, args []string) error {
	role := policy.Role(o.role)
	if !slices.Contains([]policy.Role{policy.Reader, policy.Writer, policy.Admin}, role) {
		return usagef("--role %q is not reader, writer or admin", o.role)
	}
	if o.format != "json" && o.format != "terraform" {
		return usagef("--format %q is not json or terraform", o.format)
	}
	if role == policy.Admin && len(args)+len(o.names) > 0 {
		return usagef("--role admin is about the store, whatever is rendered: it goes without SRC and --job")
	}
	if o.account != "" && !isAccount(o.account) {
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
	case errors.Is(err, policy.ErrCase), errors.Is(err, policy.ErrNothing), errors.Is(err, policy.ErrPlace):
		return &usageError{err}
	case err != nil:
		return err
	}
	text := doc.JSON()
	if o.format == "terraform" {
		text = doc.Terraform("credrender_"+o.role, source.TableName(cfg.Base.Store.Table)+"-"+o.role)
	}
	return printf(a.stdout, "%s", text)
}

// isAccount reports whether s is an account ID
// (https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html).
func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// policyNeeds are the references of all jobs. An admin needs none.
func (a *app) policyNeeds(ctx context.Context, cfg *config.Config, o *policyOptions, role policy.Role, args []string) ([]policy.Need, error) {
	places := &placeFinder{a: a, account: o.account, found: map[placeKey]policy.Place{}}
	if role == policy.Admin {
		p, err := places.admin(ctx, cfg.Base.Store)
		return []policy.Need{{Place: p}}, err
	}
	sel, err := a.selectJobs(cfg, args, &o.jobFlags)
	if err != nil {
		return nil, err
	}
	var needs []policy.Need
	for _, j := range append(sel.jobs, sel.stdout...) {
		for _, n := range a.needsOf(cfg, &j, sel.named) {
			named := n.Ref.Source
			where, err := placed(&n, j.Store)
			if err != nil {
				return nil, err
			}
			if where.Key == "" {
				where.Key = j.Store.Key
				if named != "" && (n.Ref.Source == "" || n.Ref.Source == source.S3) {
					a.log.Warn(fmt.Sprintf("%s: taken to be under the key %s: a source has no key of its own in the config", n.Ref, where.Key))
				}
			}
			if where.Kind == backend.Local {
				a.log.Warn(fmt.Sprintf("%s: %s is of a local store, for which IAM has no say", n.Origin, n.Ref))
				continue
			}
			if n.Place, err = places.find(ctx, where, n.Ref.Source == "" || n.Ref.Source == source.S3); err != nil {
				return nil, err
			}
			needs = append(needs, n)
		}
	}
	return needs, nil
}

// placed finds where a need is read from, and gives it the source that rights
// are about: a named source is a table, a bucket or a service of AWS.
func placed(n *policy.Need, store job.Store) (job.Store, error) {
	where, err := backend.PlaceOf(store, n.Ref.Source)
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

// needsOf lists what a job asks for, in branches not taken too. What is wrong
// with its templates is reported.
func (a *app) needsOf(cfg *config.Config, j *job.Job, named map[string]bool) (needs []policy.Need) {
	units, err := job.Load(j, nil, func(path string) ([]byte, error) { return a.readFile(cfg, j, path, named) })
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
		name := u.File.Src
		if name == "" {
			name = u.File.Origin
		}
		for _, r := range u.Template.Refs() {
			origin := fmt.Sprintf("%s:%d:%d", name, r.Line, r.Col)
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
