package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/generate"
	"github.com/credrender/credrender/pkg/source"
)

type generateOptions struct {
	valueFlags
	comment, public, tier  string
	ifAbsent, print, force bool
	literal                []string
}

func newGenerate(a *app) *cobra.Command {
	o := &generateOptions{}
	c := &cobra.Command{
		Use:   "generate REF [KEY=VALUE]...",
		Short: "Store a random value or a new key",
		Long: `Generate a random value and store it as the next version. The value is not printed
without --print.

Formats are password (the default: 32 letters and digits), words (6 words, joined by
hyphens), hex, base64 and base64url (of 32 random bytes), uuid, and private keys: rsa
(3072 bits) and ed25519 as PKCS #8 in PEM, ssh-ed25519 and ssh-rsa as OpenSSH writes
them. --public writes the public half of a key to a file.

With --if-absent, a secret that exists is left as it is, and the exit code is 0.`,
		Example: `  credrender generate db.password env=prod
  credrender generate api.token --length 48 --alphabet lower,upper,digit,symbol
  credrender generate deploy.key --format ssh-ed25519 --public deploy.pub
  credrender generate ssm:/app/prod/password --if-absent`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runGenerate(c, a, o, args) },
	}
	fl := c.Flags()
	o.register(c)
	fl.StringVar(&o.comment, "comment", "", "`TEXT` stored with the value, in clear text")
	fl.BoolVar(&o.ifAbsent, "if-absent", false, "leave an existing secret unchanged")
	fl.BoolVar(&o.print, "print", false, "print the value")
	fl.StringVar(&o.public, "public", "", "`FILE` for the public half of a key; - is standard output")
	tierFlag(c, &o.tier)
	fl.BoolVar(&o.force, "force", false, "write a secret that AWS manages or rotates, or to a bucket without versions")
	contextFlag(c, &o.literal)
	return c
}

func runGenerate(c *cobra.Command, a *app, o *generateOptions, args []string) error {
	spec, err := o.spec(c, "generate", args[0])
	if err != nil {
		return err
	}
	if err := o.check(a, spec); err != nil {
		return err
	}
	cfg, err := a.storeConfig(c.Context())
	if err != nil {
		return err
	}
	if err := a.refuseProtected(cfg, a.protected(cfg), o.publicFile()); err != nil {
		return err
	}
	t, err := a.target(cfg, args[0], "", args[1:], o.literal)
	if err != nil {
		return err
	}
	return a.generate(c.Context(), o, t, spec)
}

// check refuses flags that do not fit each other.
func (o *generateOptions) check(a *app, spec generate.Spec) error {
	switch {
	case o.ifAbsent && (o.print || o.public != ""):
		return usagef("generate: --if-absent generates no value for an existing secret, so there is nothing to print: use 'credrender get' afterwards")
	case o.public != "" && !spec.IsKey():
		return usagef("generate: --public is for keys, and %s is not one", spec)
	case o.public == stdoutName && o.print:
		return usagef("generate: --print and --public - both write to standard output")
	}
	if o.publicFile() == "" {
		return nil
	}
	path, err := a.destination(o.public)
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return usagef("--public: %s is not a regular file", path)
	}
	_, err = os.Stat(filepath.Dir(path)) // a key is stored first
	return fileError(err)
}

// publicFile returns the file for the public half, or "".
func (o *generateOptions) publicFile() string {
	if o.public == stdoutName {
		return ""
	}
	return o.public
}

func (a *app) generate(ctx context.Context, o *generateOptions, t *backend.Target, spec generate.Spec) error {
	writer, ref, err := t.Writer(ctx, "generate")
	if err != nil {
		return err
	}
	value, err := a.makeValue(spec)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	stored, err := writer.Put(ctx, ref, source.Write{
		Value: source.NewSecret(value.Secret), Comment: o.comment, IfAbsent: o.ifAbsent, Tier: o.tier, Force: o.force,
	})
	if o.ifAbsent && errors.Is(err, source.ErrExists) {
		return nil
	}
	if err != nil {
		return t.Fault(err)
	}
	a.log.Info("stored "+t.Bare().At(stored.Version), "name", ref.Name, "version", stored.Version)
	return a.giveGenerated(o, value)
}

// giveGenerated prints the value and writes its public half, if the flags say so.
func (a *app) giveGenerated(o *generateOptions, value generate.Value) error {
	if o.print {
		if err := a.writeValue(value.Secret); err != nil {
			return fmt.Errorf("the value is stored, but: %w", err)
		}
	}
	var err error
	switch o.public {
	case "":
	case stdoutName:
		err = a.write(value.Public)
	default:
		err = writePrivate(a.abs(o.public), value.Public)
	}
	if err != nil {
		return fmt.Errorf("the key is stored, but its public half is not written: %w", err)
	}
	return nil
}

// valueFlags are the flags that describe a value to generate.
type valueFlags struct {
	format  string
	length  int
	classes []string
}

func (f *valueFlags) register(c *cobra.Command) {
	choiceFlag(c, &f.format, "format", "", generate.Password, strings.Join(generate.Formats(), "|"), "format of the value")
	c.Flags().IntVar(&f.length, "length", 0, "`NUMBER` of characters, words (words), bytes (hex, base64) or bits (rsa)")
	c.Flags().StringSliceVar(&f.classes, "alphabet", nil, "classes of characters of a password, each used at least once: `lower,upper,digit,symbol` (default lower,upper,digit)")
}

// spec returns the description of the value. verb is the command, for messages.
func (f *valueFlags) spec(c *cobra.Command, verb, name string) (generate.Spec, error) {
	s := generate.Spec{Format: f.format, Length: f.length, Classes: f.classes}
	if strings.HasPrefix(f.format, "ssh-") {
		s.Comment = name
	}
	if c.Flags().Changed("length") && f.length <= 0 {
		return s, usagef("%s: --length is not a number above zero", verb)
	}
	if err := s.Check(); err != nil {
		return s, usagef("%s: %w", verb, err)
	}
	return s, nil
}

// makeValue makes a value, and warns if it is easy to guess.
func (a *app) makeValue(s generate.Spec) (generate.Value, error) {
	end := a.doing("generating a value")
	v, err := s.Make()
	end()
	if err != nil {
		return v, err
	}
	if bits, weak := s.Weak(); weak {
		a.log.Warn(count(bits, "bit") + " of entropy are few enough to be guessed: a longer --length is safer")
	}
	return v, nil
}
