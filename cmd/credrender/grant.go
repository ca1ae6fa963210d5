package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/kms"
)

// grantFlags are the flags that describe a grant.
type grantFlags struct {
	read, write, subset, anyContext bool
	literal                         []string
}

func (f *grantFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.BoolVar(&f.read, "read", false, "allow reading secrets: kms:Decrypt")
	fl.BoolVar(&f.write, "write", false, "allow putting secrets: kms:GenerateDataKey")
	fl.BoolVar(&f.subset, "subset", false, "allow every context with at least these pairs")
	contextFlag(c, &f.literal)
	fl.BoolVar(&f.anyContext, "any-context", false, "allow every context, and none: all secrets under the key")
}

// request returns the grant that the flags and pairs describe.
func (f *grantFlags) request(principal string, args []string) (kms.GrantRequest, error) {
	r := kms.GrantRequest{Principal: principal, Access: kms.Read, Match: kms.Equals}
	if f.read && f.write {
		return r, usagef("give one of --read and --write: each is a grant of its own")
	}
	if !f.read && !f.write {
		return r, usagef("what the role may do is missing: --read or --write, then KEY=VALUE of the context: 'credrender grant ROLE --read env=prod'")
	}
	if f.write {
		r.Access = kms.Write
	}
	pairs, err := contextPairs(args, f.literal)
	if err != nil {
		return r, err
	}
	switch {
	case len(pairs) == 0 && !f.anyContext:
		return r, usagef("no KEY=VALUE of a context: KMS would allow every context; pass --any-context if that is intended")
	case len(pairs) > 0 && f.anyContext:
		return r, usagef("--any-context cannot be combined with KEY=VALUE")
	case f.anyContext && f.subset:
		return r, usagef("--any-context and --subset cannot be combined")
	case f.anyContext:
		r.Match = kms.Any
	case f.subset:
		r.Match = kms.Subset
	}
	if r.Context, err = source.NewContext(pairs); err == nil {
		err = r.Check()
	}
	if errors.Is(err, kms.ErrGrantContext) {
		err = &usageError{err}
	}
	return r, err
}

func newGrant(a *app) *cobra.Command {
	f := &grantFlags{}
	wait := 2 * time.Minute
	c := &cobra.Command{
		Use:   "grant ROLE --read|--write KEY=VALUE...",
		Short: "Let a role read or put secrets of one context",
		Long: `Create a KMS grant that lets ROLE, a name or an ARN, read (--read) or put (--write)
secrets with exactly this encryption context. Running the command again changes
nothing. Reading also needs permissions on the table: see 'credrender policy'.

A grant takes effect everywhere within five minutes. Requests that pass its token,
which is printed, can use it at once.`,
		Example: `  credrender grant web --read env=prod service=web
  credrender grant arn:aws:iam::123456789012:role/ci --write env=test --subset`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runGrant(c.Context(), a, f, args, wait) },
	}
	f.register(c)
	c.Flags().DurationVar(&wait, "wait", wait, "how long to wait until KMS recognizes a new role")
	return c
}

func runGrant(ctx context.Context, a *app, f *grantFlags, args []string, wait time.Duration) error {
	if err := f.needRole("grant", args[0]); err != nil {
		return err
	}
	if _, err := f.request("", args[1:]); err != nil { // before the first request
		return err
	}
	key, err := a.grantKey(ctx)
	if err != nil {
		return err
	}
	principal, err := key.principal(ctx, args[0])
	if err != nil {
		return err
	}
	r, err := f.request(principal, args[1:])
	if err != nil {
		return err
	}
	made, err := key.Grant(ctx, r, wait, func(waited time.Duration) {
		a.log.Info(fmt.Sprintf("waiting until KMS recognizes %s (%s so far)", principal, waited))
	})
	if err != nil {
		return err
	}
	state := "made"
	if made.Existed {
		state = "present"
	}
	return printf(a.stdout, "grant  %-7s  %s  %s  %s\nid     %s\ntoken  %s\n", state, r.Access, principal, showContext(r.Match, r.Context), made.ID, made.Token)
}

// needRole refuses a context in the place of the role. Names of roles may hold =, so one
// that does is written as role/NAME.
func (f *grantFlags) needRole(verb, role string) error {
	if isPair(role) && !strings.HasPrefix(role, "arn:") && !strings.HasPrefix(role, "role/") {
		flag := "--read"
		if f.write {
			flag = "--write"
		}
		return usagef("%s: ROLE is missing before %s: 'credrender %s ROLE %s %s'; a role with = in its name is role/NAME", verb, source.Show(role), verb, flag, source.Show(role))
	}
	return nil
}

// showContext formats the context of a grant.
func showContext(m kms.Match, c source.Context) string {
	switch m {
	case kms.Any:
		return "(any context)"
	case kms.Subset:
		return c.String() + " (and more)"
	}
	return c.String()
}

// grantKey is the KMS key of the store, with the AWS configuration of its account.
type grantKey struct {
	*kms.Admin
	aws awsconfig.Config
}

func (a *app) grantKey(ctx context.Context) (grantKey, error) {
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return grantKey{}, err
	}
	where := cfg.Base.Store
	if where.Kind == backend.Local {
		return grantKey{}, usagef("a local store has no grants: every user who can read its key file can read the secrets")
	}
	c, err := a.stores.AWS(ctx, where)
	return grantKey{kms.NewAdmin(c.KMS, where.Key), c}, err
}

// principal returns the ARN of a role. A name without an ARN is a role of the caller's
// account.
func (k grantKey) principal(ctx context.Context, role string) (string, error) {
	if !strings.HasPrefix(role, "arn:") {
		if !source.IsPrincipal(strings.TrimPrefix(role, "role/")) {
			return "", usagef("%s is not the name or ARN of a role", source.Show(role))
		}
		me, err := k.aws.Identity(ctx)
		if err != nil {
			return "", err
		}
		return "arn:" + me.Partition + ":iam::" + me.Account + ":role/" + strings.TrimPrefix(role, "role/"), nil
	}
	arn, ok := source.ParseARN(role)
	kind, name, _ := strings.Cut(arn.Resource, "/")
	if !ok || arn.Service != "iam" || arn.Region != "" || !source.IsAccount(arn.Account) || !source.IsPrincipal(name) || kind != "role" && kind != "user" {
		return "", usagef("%s is not the ARN of a role or user", source.Show(role))
	}
	return role, nil
}
