package main

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// once lets every flag of c that takes one value be given once. pflag takes the
// last of several: delete --version 1 --version 2 would keep version 1. The global
// flags are not among them, since those after the command replace those before it.
func once(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		_, list := f.Value.(pflag.SliceValue)
		if !list && f.Annotations[globalFlag] == nil {
			f.Value = &onceValue{Value: f.Value}
			if f.DefValue == "0s" { // pflag knows only its own durations
				f.DefValue = "0"
			}
		}
	})
}

// onceValue is the value of such a flag.
type onceValue struct {
	pflag.Value
	given string
	set   bool
}

// Set refuses a second value, unless it is the first again.
func (v *onceValue) Set(s string) error {
	if v.set && v.given != s {
		return errors.New("it is given twice, with different values")
	}
	v.given, v.set = s, true
	return v.Value.Set(s)
}
