package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newDelete(a *app) *cobra.Command {
	var version string
	c := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete all versions of a secret, or one",
		Long: `Delete every version of a secret, or with --version one. Files that hold the
value are not touched, and a backup of the table still has it.`,
		Example: "  credrender delete db.password -v 7",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runDelete(c.Context(), a, args[0], version) },
	}
	c.Flags().StringVarP(&version, "version", "v", "", "`VERSION` to delete (default: all)")
	return c
}

func runDelete(ctx context.Context, a *app, name, version string) error {
	ref, err := refOf(name, nil, version)
	if err != nil {
		return err
	}
	if folder, err := a.folder(ctx); folder != nil || err != nil {
		if err != nil {
			return err
		}
		return a.deleteObject(ctx, folder, ref)
	}
	st, err := a.store(ctx)
	if err != nil {
		return err
	}
	gone, err := st.Delete(ctx, ref.Name, version)
	for _, e := range gone {
		a.log.Info(fmt.Sprintf("deleted %s version %s", ref.Name, e.Version), "name", ref.Name, "version", e.Version)
	}
	if err != nil {
		return named(ref, err)
	}
	return nil
}
