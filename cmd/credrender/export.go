package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/pkg/template/mask"
)

type exportOptions struct {
	bulkFlags
	file, format        string
	plaintext, envNames bool
	to, toContext       []string
	all                 bool
}

func newExport(a *app) *cobra.Command {
	o := &exportOptions{}
	c := &cobra.Command{
		Use:   "export [REF] [KEY=VALUE]...",
		Short: "Write secrets to a file, or to another store",
		Long: `Write the newest version of every secret that the pattern REF matches (default:
all) to a file, or with --to to another store, under the same version. The format is
that of --output, else that of the file's ending (.json, .yaml, .env, .sh, .properties,
.csv, .tsv, .tfvars), else JSON. A pattern that matches nothing is exit code 3 unless --allow-no-match is
given. If a secret does not open with the given context, or with that of
--context-map, no file is written.

The file is created with mode 0600 or replaced atomically. Secrets are not written
to a terminal, or to a file that others can read, without --plaintext.

In another store, values are encrypted under its key. Existing versions stay; a
version that has another value there is an error. --all-versions also copies older
versions. After an interruption, run the command again.`,
		Example: `  credrender export 'web.*' env=prod --file web.yaml
  credrender export --context-map contexts.yaml --to region=us-east-1 --all-versions`,
		RunE: func(c *cobra.Command, args []string) error { return runExport(c.Context(), a, o, args) },
	}
	fl := c.Flags()
	fl.StringVarP(&o.file, "file", "f", "", "`FILE` to write (default: standard output)")
	outputFlag(c, &o.format, strings.Join(secretfile.Writable(), "|"), "")
	fl.BoolVar(&o.plaintext, "plaintext", false, "write to a terminal, or to a file that others can read")
	fl.BoolVar(&o.envNames, "env-names", false, "for dotenv, shell and tfvars: change names such as db.password to DB_PASSWORD")
	o.register(c)
	fl.StringArrayVar(&o.to, "to", nil, "`SETTING=VALUE` of the other store, such as region=us-east-1 (repeatable)")
	addCopyFlags(c, &o.toContext, &o.all)
	o.registerDryRun(c, "write nothing, print what would be written")
	return c
}

func addCopyFlags(c *cobra.Command, toContext *[]string, all *bool) {
	c.Flags().StringArrayVar(toContext, "to-context", nil, toContextHelp+" (between stores)")
	c.Flags().BoolVar(all, "all-versions", false, "include older versions (between stores)")
}

func runExport(ctx context.Context, a *app, o *exportOptions, args []string) error {
	if len(o.to) > 0 {
		if o.file != "" || o.format != "" || o.envNames || o.plaintext {
			return usagef("--to writes to a store; --file, --output, --env-names and --plaintext are for a file")
		}
		return exportStore(ctx, a, o, args)
	}
	if o.all || len(o.toContext) > 0 {
		return usagef("--all-versions and --to-context need another store: --to")
	}
	if o.file == stdoutName {
		o.file = ""
	}
	if o.file != "" {
		if _, err := a.destination(o.file); err != nil {
			return err
		}
	}
	if err := a.checkPlaintext(o); err != nil {
		return err
	}
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	own := slices.Concat(a.protected(cfg), a.protectedJobs(cfg), a.protectedFile("the file of --context-map", o.contextMap))
	if err := a.refuseProtected(cfg, own, o.file); err != nil {
		return err
	}
	format, err := o.chooseFormat()
	if err != nil {
		return err
	}
	s, got, err := a.getAll(ctx, cfg, "export", &o.bulkFlags, args)
	if err != nil {
		return err
	}
	entries, err := exported(s, got, o.envNames)
	if err != nil {
		return err
	}
	text, err := secretfile.Write(format, entries)
	if err != nil {
		return unfit(err)
	}
	if format == secretfile.Dotenv { // shells, which read the others, agree
		a.warnDisputed(entries)
	}
	if o.dryRun {
		return printPlannedExport(a, entries, o.planned)
	}
	if o.file == "" && format == secretfile.JSON {
		return a.write(mask.VisibleJSON(text))
	}
	if o.file == "" {
		return a.writeContent(text)
	}
	if err := writePrivate(a.abs(o.file), text); err != nil {
		return err
	}
	a.log.Info(fmt.Sprintf("exported %s to %s", count(len(entries), "secret"), o.file), "secrets", len(entries))
	return nil
}

// chooseFormat returns the format of --output, else that of the file's name, else JSON.
// A name of another format is refused: its file would hold JSON.
func (o *exportOptions) chooseFormat() (string, error) {
	format := cmp.Or(o.format, secretfile.FormatOf(o.file))
	switch {
	case format == "" && filepath.Ext(o.file) != "":
		return "", usagef("the format of %s is not known from its name: pass --output", source.Show(o.file))
	case format == "":
		format = secretfile.JSON
	}
	if o.envNames && !secretfile.NamesVariables(format) {
		return "", usagef("--env-names needs --output dotenv, shell or tfvars: %s can hold every name", format)
	}
	return format, nil
}

func exportStore(ctx context.Context, a *app, o *exportOptions, args []string) error {
	s, from, err := a.openScope(ctx, "export --to", args, &o.bulkFlags)
	if err != nil {
		return err
	}
	into, err := a.otherStore(ctx, "to", o.to)
	if err != nil {
		return err
	}
	if sameStore(s.Store(), into) {
		return usagef("--to is the same store")
	}
	to, err := a.stores.Store(ctx, into, "export --to")
	if err != nil {
		return err
	}
	return a.copyStore(ctx, s, from, to, o.toContext, o.all)
}

// copyStore copies secrets between stores, for export --to and import --from.
func (a *app) copyStore(ctx context.Context, s *scoped, from, into *store.Store, to []string, all bool) error {
	r := store.CopyRequest{Scope: s.Scope, Into: into, AllVersions: all}
	var err error
	if r.To, err = toContext(to); err != nil {
		return err
	}
	outcomes, err := from.Copy(ctx, r)
	return a.finish(s, outcomes, err)
}

// exported returns the entries of a file, or an error if one secret cannot be exported
// or two get the same name.
func exported(s *scoped, got map[string]source.Result, envNames bool) ([]secretfile.Entry, error) {
	var entries []secretfile.Entry
	var failed []*source.RefError
	taken := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		res, as := got[name], name
		if envNames {
			as = secretfile.EnvName(name)
			if secretfile.LosesLetters(name) && res.Err == nil {
				res.Err = fmt.Errorf("contains characters that a variable name cannot contain: %w", secretfile.ErrUnfit)
			}
		}
		if other, ok := taken[as]; ok {
			res.Err = fmt.Errorf("would become %s, like %s: %w", as, source.Show(other), secretfile.ErrUnfit)
		}
		taken[as] = name
		if res.Err != nil {
			failed = append(failed, &source.RefError{Ref: s.One(name, ""), Err: res.Err})
			continue
		}
		entries = append(entries, secretfile.Entry{Name: as, Value: res.Secret})
	}
	if len(failed) > 0 {
		return nil, manyFailed(len(got), "secrets failed to export", failed)
	}
	return entries, nil
}

func unfit(err error) error {
	return fmt.Errorf("%w\n--env-names changes names to fit dotenv, shell and tfvars; json and yaml can hold every name and value", err)
}

// warnDisputed warns of values that programs read differently from .env files, however
// they are quoted.
func (a *app) warnDisputed(entries []secretfile.Entry) {
	for _, e := range entries {
		if secretfile.Disputed(e.Value) {
			a.log.Warn(e.Name+" is quoted for shells and systemd: dotenv libraries read its CR, quotes or backslashes differently", "name", e.Name)
		}
	}
}

func printPlannedExport(a *app, entries []secretfile.Entry, o resultFlags) error {
	var list []plannedAction
	for _, e := range entries {
		list = append(list, plannedAction{Action: actionWrite, Name: e.Name, Size: len(e.Value.Reveal())})
	}
	return a.printActions(list, o)
}

// checkPlaintext refuses an output that would show values to others. It runs before
// anything is fetched.
func (a *app) checkPlaintext(o *exportOptions) error {
	switch {
	case o.plaintext || o.dryRun:
		return nil
	case o.file == "" && isTerminal(a.stdout):
		return usagef("refusing to print secrets to a terminal: write to a file with --file FILE, or pass --plaintext")
	case o.file == "":
		if f, ok := a.stdout.(*os.File); ok {
			info, err := f.Stat()
			return checkReadable("standard output", info, err)
		}
		return nil
	}
	info, err := os.Stat(a.abs(o.file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return checkReadable(o.file, info, err)
}

func checkReadable(name string, info fs.FileInfo, err error) error {
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0 {
		return usagef("%s can be read by others (mode %04o): change the mode, or pass --plaintext", name, info.Mode().Perm())
	}
	return err
}
