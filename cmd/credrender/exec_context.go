package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
)

// takeContext takes the arguments KEY=VALUE before -- and returns CMD with its arguments.
// The flags of exec end at the first argument, so pflag leaves -- among the others. As
// --context, the words reach the children of --watch too.
func (o *execOptions) takeContext(c *cobra.Command, args []string) ([]string, error) {
	if c.ArgsLenAtDash() >= 0 || len(args) == 0 || !isPair(args[0]) || strings.Contains(args[0], "/") {
		return args, nil
	}
	end := slices.Index(args, "--")
	if end < 0 {
		return nil, usagef("exec: CMD is missing after the context %s: credrender exec [flags] %s -- CMD [ARG]...", source.Show(args[0]), source.Show(args[0]))
	}
	words := args[:end]
	if i := slices.IndexFunc(words, func(w string) bool { return !isPair(w) }); i >= 0 {
		return nil, usagef("exec: %s follows the context: flags go before it, and CMD after --", source.Show(words[i]))
	}
	if len(o.env)+len(o.envFiles)+len(o.prefixes)+len(o.files) == 0 {
		return nil, usagef("exec: %s is a context, and no secret is requested: --env VAR=REF requests one; for a variable write 'env %s credrender exec'", source.Show(words[0]), source.Show(words[0]))
	}
	if err := checkWords(words); err != nil {
		return nil, err
	}
	for _, w := range words {
		if err := c.Flags().Set("context", w); err != nil {
			return nil, usagef("exec: %w", err)
		}
	}
	return args[end+1:], nil
}

// contextsByVariable parses --env-context. A variable's name has no colon, so the first
// one ends it.
func (o *execOptions) contextsByVariable() (map[string]map[string]string, error) {
	words := map[string][]string{}
	for _, arg := range o.envContexts {
		name, pair, ok := strings.Cut(arg, ":")
		if !ok || !secretfile.IsEnvName(name) {
			return nil, usagef("--env-context: %s is not VAR:KEY=VALUE", source.Show(arg))
		}
		if !slices.ContainsFunc(o.env, func(env string) bool { return strings.HasPrefix(env, name+"=") }) {
			return nil, usagef("--env-context %s: there is no --env %s=REF", source.Show(arg), name)
		}
		words[name] = append(words[name], pair)
	}
	contexts := map[string]map[string]string{}
	for name, list := range words {
		var err error
		if contexts[name], err = pairs("--env-context "+name, list); err != nil {
			return nil, err
		}
	}
	return contexts, nil
}
