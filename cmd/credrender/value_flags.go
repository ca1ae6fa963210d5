package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/generate"
)

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
