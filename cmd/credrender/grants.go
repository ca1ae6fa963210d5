package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/kms"
)

func newGrants(a *app) *cobra.Command {
	var o resultFlags
	c := &cobra.Command{
		Use:     "grants [ROLE]",
		Short:   "List the grants on the key",
		Long:    "List the grants on the key, of ROLE or of all principals. The list includes grants\nthat credrender did not create; revoke accepts those by ID only.",
		Example: "  credrender grants web",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runGrants(c.Context(), a, args, o) },
	}
	o.register(c, "text|json")
	return c
}

func runGrants(ctx context.Context, a *app, args []string, o resultFlags) error {
	key, err := a.grantKey(ctx)
	if err != nil {
		return err
	}
	principal := ""
	if len(args) > 0 {
		if principal, err = key.principal(ctx, args[0]); err != nil {
			return err
		}
	}
	grants, err := key.Grants(ctx, principal)
	if err != nil {
		return err
	}
	if principal != "" && len(grants) == 0 {
		a.log.Warn(source.Show(principal) + ": the key has no grant for it")
	}
	list := make([]grantEntry, len(grants))
	t := table{columns: []string{"PRINCIPAL", "OPERATIONS", "CONTEXT", "ID", "NAME"}}
	for i, g := range grants {
		list[i] = grantEntry(g)
		c, _ := source.NewContext(g.Context)
		t.add(source.Show(g.Principal), strings.Join(g.Operations, ","), showContext(g.Match, c), g.ID, shown(g.Name))
	}
	return a.printResult(o, list, t)
}

// grantEntry is a grant, as grants -o json prints it.
type grantEntry struct {
	ID         string            `json:"id" doc:"id of the grant, as revoke takes it"`
	Name       string            `json:"name,omitempty" doc:"its name"`
	Principal  string            `json:"principal" doc:"ARN of the role or user that may use the key"`
	Operations []string          `json:"operations" doc:"operations of KMS"`
	Match      kms.Match         `json:"match" doc:"equals, subset or any: how the context must match"`
	Context    map[string]string `json:"context,omitempty" doc:"the encryption context"`
	Created    time.Time         `json:"created" doc:"when it was made"`
	Ours       bool              `json:"ours" doc:"credrender made it"`
}

func newRevoke(a *app) *cobra.Command {
	f := &grantFlags{}
	c := &cobra.Command{
		Use:   "revoke ROLE --read|--write KEY=VALUE... | GRANT_ID",
		Short: "Revoke a grant",
		Long: `Revoke the grant that 'credrender grant' created with the same arguments, or a grant by
its id. The grant may keep working for up to five minutes. Rendered files stay.`,
		Example: `  credrender revoke web --read env=prod service=web
  credrender revoke 0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runRevoke(c.Context(), a, f, args) },
	}
	f.register(c)
	return c
}

func runRevoke(ctx context.Context, a *app, f *grantFlags, args []string) error {
	byID := !f.read && !f.write && !f.subset && !f.anyContext && len(f.literal) == 0
	if byID && (len(args) != 1 || args[0] == "") {
		return usagef("give a grant by its id, or ROLE, --read or --write, and KEY=VALUE as for 'credrender grant'")
	}
	if err := f.needRole("revoke", args[0]); err != nil {
		return err
	}
	if byID && !isGrantID(args[0]) {
		return usagef("which grant of %s is missing: 'credrender grants %s' lists them; then 'credrender revoke GRANT_ID', or 'credrender revoke %s --read KEY=VALUE...'", source.Show(args[0]), source.Show(args[0]), source.Show(args[0]))
	}
	if !byID {
		if _, err := f.request("", args[1:]); err != nil {
			return err
		}
	}
	key, err := a.grantKey(ctx)
	if err != nil {
		return err
	}
	find := key.byRequest
	if byID {
		find = key.byID
	}
	grants, err := find(ctx, f, args)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if err := key.Revoke(ctx, g.ID); err != nil {
			return err
		}
		c, _ := source.NewContext(g.Context)
		if err := printf(a.stdout, "revoked  %s  %s  %s  %s\n", strings.Join(g.Operations, ","), source.Show(g.Principal), showContext(g.Match, c), g.ID); err != nil {
			return err
		}
	}
	a.log.Info("the grant may keep working for up to five minutes; rendered files stay")
	return nil
}

// isGrantID reports whether a word is the id of a grant and not a role: 64 hexadecimal
// digits.
func isGrantID(word string) bool {
	return len(word) == 64 && strings.Trim(word, "0123456789abcdef") == ""
}

func (k grantKey) byRequest(ctx context.Context, f *grantFlags, args []string) ([]kms.Grant, error) {
	principal, err := k.principal(ctx, args[0])
	if err != nil {
		return nil, err
	}
	r, err := f.request(principal, args[1:])
	if err != nil {
		return nil, err
	}
	grants, err := k.Find(ctx, r)
	if err == nil && len(grants) == 0 {
		err = fmt.Errorf("credrender has no grant for %s to %s with %s", principal, r.Access, showContext(r.Match, r.Context))
	}
	return grants, err
}

func (k grantKey) byID(ctx context.Context, _ *grantFlags, args []string) ([]kms.Grant, error) {
	grants, err := k.Grants(ctx, "")
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(grants, func(g kms.Grant) bool { return g.ID == args[0] })
	if at < 0 {
		return nil, fmt.Errorf("the key has no grant %s", source.Show(args[0]))
	}
	return grants[at : at+1], nil
}
