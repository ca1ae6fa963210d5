package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path"
	"regexp"
	"syscall"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/edit"
	"github.com/credrender/credrender/pkg/source"
)

type editOptions struct {
	comment                   string
	create, allowEmpty, force bool
	literal                   []string
}

func newEdit(a *app) *cobra.Command {
	o := &editOptions{}
	c := &cobra.Command{
		Use:   "edit REF [KEY=VALUE]...",
		Short: "Change a secret in an editor",
		Long: `Open the newest version in $VISUAL or $EDITOR (on a terminal: vi) and store what the
editor leaves as the next version. If the value is unchanged or the editor fails,
nothing is stored. If another writer stores a version meanwhile, nothing is stored, and
the exit code is 1.

The editor's file has mode 0600 and is in memory where the machine has a tmpfs. It is
removed afterwards; after a kill, by the next edit. Vim and Neovim get no swap, undo,
backup and history files. What other editors keep is up to their settings.

A newline that the editor adds to the end of a value that had none is removed.`,
		Example: `  credrender edit app.config env=prod
  EDITOR='sed -i s/old/new/' credrender edit app.config env=prod`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runEdit(c.Context(), a, o, args) },
	}
	fl := c.Flags()
	fl.StringVar(&o.comment, "comment", "", "`TEXT` stored with the value, in clear text")
	fl.BoolVar(&o.create, "create", false, "begin with an empty value if the secret does not exist")
	fl.BoolVar(&o.allowEmpty, "allow-empty", false, "accept an empty value")
	fl.BoolVar(&o.force, "force", false, "write a secret that AWS manages or rotates, or to a bucket without versions")
	contextFlag(c, &o.literal)
	return c
}

func runEdit(ctx context.Context, a *app, o *editOptions, args []string) error {
	editor, err := a.editor()
	if err != nil {
		return err
	}
	cfg, err := a.storeConfig(ctx)
	if err != nil {
		return err
	}
	t, err := a.target(cfg, args[0], "", args[1:], o.literal)
	if err != nil {
		return err
	}
	writer, ref, err := t.Writer(ctx, "edit")
	if err != nil {
		return err
	}
	w := source.Write{Comment: o.comment, Force: o.force}
	got, err := t.Fetch(ctx)
	switch {
	case errors.Is(err, source.ErrNotFound) && o.create:
		w.IfAbsent = true
	case err != nil:
		return err
	case !utf8.Valid(got.Secret.Reveal()):
		return t.Fault(errors.New("it is binary, which editors change: use 'credrender get' and 'credrender put REF @FILE'"))
	}
	w.Expect = got.Trace
	return a.edit(ctx, o, editor, t, func(value []byte) error {
		w.Value = source.NewSecret(value)
		stored, err := writer.Put(ctx, ref, w)
		if err != nil {
			return t.Fault(err)
		}
		a.log.Info("stored "+t.Bare().At(stored.Version), "name", ref.Name, "version", stored.Version)
		return nil
	}, got.Secret.Reveal())
}

// edit lets the user edit a value, and stores it if it has changed.
func (a *app) edit(ctx context.Context, o *editOptions, editor edit.Editor, t *backend.Target, store func([]byte) error, before []byte) (err error) {
	// A terminal that is closed sends SIGHUP, which would leave the file behind.
	running, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	dirs, fallback := a.editDirs()
	w, err := edit.NewWorkspace(dirs, fallback, extension(t.Text()))
	if err != nil {
		return fmt.Errorf("edit: %w", err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if w.OnDisk {
		a.log.Warn("no file system in memory: the editor's file is on a disk, which may keep its text after it is removed")
	}
	if err := w.Write(before); err != nil {
		return fmt.Errorf("edit: %w", err)
	}
	if err := editor.Run(running, w.Path()); err != nil {
		return fmt.Errorf("edit: %w; nothing is stored", err)
	}
	after, err := w.Read()
	if err != nil {
		return fmt.Errorf("edit: %w; nothing is stored", err)
	}
	after = edit.Edited(before, after)
	switch {
	case bytes.Equal(before, after):
		if a.atTerminal(a.stderr) {
			a.log.Info("unchanged: nothing is stored; an editor with a window of its own needs a flag to wait, such as 'code --wait'")
		}
		return nil
	case len(trimNewline(after)) == 0 && !o.allowEmpty:
		return usagef("edit: the value is empty now: --allow-empty stores it")
	}
	if err := store(after); err != nil {
		return a.keepEdited(w, err)
	}
	return nil
}

// keepEdited keeps the text that a user at a terminal has edited and that could not be
// stored. A script can make it again.
func (a *app) keepEdited(w *edit.Workspace, cause error) error {
	if !a.atTerminal(a.stdin) {
		return cause
	}
	file, err := w.Keep()
	if err != nil {
		return errors.Join(cause, err)
	}
	return fmt.Errorf("%w; your text is in %s: 'credrender put REF @FILE' stores it, then remove the directory", cause, file)
}

// editor returns the user's editor.
func (a *app) editor() (edit.Editor, error) {
	e := edit.Editor{Env: a.environ, Dir: a.dir}
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if value, _ := a.lookupEnv(name); value != "" {
			e.Command = value
			break
		}
	}
	if e.Command == "" && !a.atTerminal(a.stdin) {
		return e, usagef("edit: no editor: set EDITOR to a command that changes the file that it gets as its last argument")
	}
	if e.Command == "" {
		e.Command = "vi"
	}
	e.Stdin, _ = a.stdin.(*os.File)
	e.Stdout, _ = a.stdout.(*os.File)
	e.Stderr, _ = a.stderr.(*os.File)
	return e, nil
}

// editDirs returns directories that are in memory on most machines, and the one for
// temporary files.
func (a *app) editDirs() (dirs []string, fallback string) {
	if dir, _ := a.lookupEnv("XDG_RUNTIME_DIR"); dir != "" {
		dirs = append(dirs, dir)
	}
	fallback = "/tmp"
	if dir, _ := a.lookupEnv("TMPDIR"); dir != "" {
		fallback = dir
	}
	return append(dirs, "/dev/shm", fallback), fallback
}

// extension returns the ending of a name, such as .json, by which editors choose a
// syntax. It is not part of the value.
func extension(name string) string {
	ext := path.Ext(name)
	if regexp.MustCompile(`^\.[a-z]{1,5}$`).MatchString(ext) {
		return ext
	}
	return ""
}
