package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

// diagnose names the cause of one failure, and the commands that mend it.
func (d *doctor) diagnose(ctx context.Context, where job.Store, ref source.Ref, err error) (text string, fixes []string) {
	switch {
	case errors.Is(err, source.ErrDisabled):
		said, _ := errors.AsType[*source.CallError](err)
		if said == nil {
			return err.Error(), nil
		}
		return err.Error(), enable(keyIn(err), said.Message)
	case errors.Is(err, source.ErrDenied):
		return d.denied(ref, err)
	case isExternal(ref) && !isOne(err, source.ErrThrottled, source.ErrUnreachable, source.ErrCredentials):
		return err.Error(), nil // no command of ours fixes what others have put there
	case errors.Is(err, source.ErrWrongContext):
		return d.wrongContext(ctx, where, ref)
	case errors.Is(err, source.ErrNoMatch):
		return "no name matches it: a list that may be empty is one of allow_no_match of its job", []string{d.line("list")}
	case errors.Is(err, source.ErrNotFound) && ref.Version != "":
		return "the table has no version " + source.Show(ref.Version) + " of it", []string{d.line("list", ref.Text())}
	case errors.Is(err, source.ErrNotFound):
		return "it is not there", []string{d.line(d.put(ref)...)}
	case errors.Is(err, source.ErrIntegrity), errors.Is(err, source.ErrUnsupported):
		return err.Error(), []string{d.line(d.put(ref)...)}
	case errors.Is(err, source.ErrThrottled) && !isExternal(ref):
		return err.Error(), []string{d.setup(where, ref, "--update")}
	case errors.Is(err, source.ErrNoStore):
		return err.Error(), []string{d.setup(where, ref)}
	}
	return err.Error(), []string{d.line("render", "--wait", "5m") + "  # keeps trying"}
}

// isExternal reports whether a value is one of AWS's other services, and not an
// item of a table.
func isExternal(ref source.Ref) bool {
	return slices.Contains([]string{source.S3, source.S3Object, source.SSM, source.SecretsManager, source.EC2}, ref.Source)
}

func (d *doctor) put(ref source.Ref) []string {
	return append([]string{"put", ref.Text(), "@FILE"}, words(ref.Context)...)
}

// setup makes the place that a ref is in.
func (d *doctor) setup(where job.Store, ref source.Ref, flags ...string) string {
	named, ok := where.Named(ref.Source)
	switch {
	case !ok:
	case named.Kind == backend.Local:
		flags = append(flags, "--store", "local:"+named.Path, "--local-key", named.LocalKey)
	default:
		flags = append(flags, "--table", named.Table, "--region", named.Region)
	}
	return d.line(append([]string{"setup"}, flags...)...)
}

// foreignKey is what KMS says of a blob whose key it does not have here.
const foreignKey = "does not exist in this region"

// denied tells rights on the table from those on the key.
func (d *doctor) denied(ref source.Ref, err error) (text string, fixes []string) {
	said, _ := errors.AsType[*source.CallError](err)
	switch {
	case said != nil && strings.Contains(said.Message, foreignKey):
		return "KMS has not got its key in this region: " + err.Error(), []string{"export CREDRENDER_KMS_REGION=" + creditedRegion + "  # or where the key is"}
	case said != nil && strings.Contains(said.Op, "decrypt") && ref.Source == "" && !ref.Context.IsZero():
		_, twin := ref.Context.CaseTwins()
		if twin == "" {
			who := cmp.Or(d.me.Role(), d.me.ARN, "ROLE") // without STS nobody knows
			return "it may be read, and not decrypted", []string{d.line(append([]string{"grant", who, "--read"}, words(ref.Context)...)...)}
		}
	case said != nil && strings.Contains(said.Op, "decrypt"):
		return "it may be read, and not decrypted", d.attach()
	}
	return err.Error(), d.attach()
}

// attach gives the identity the policy of these templates.
func (d *doctor) attach() []string {
	if d.me.ARN == "" {
		return []string{d.line(append([]string{"policy"}, d.args...)...) + " > policy.json  # then attach it to the identity"}
	}
	kind, name := "user", d.me.ARN[strings.LastIndex(d.me.ARN, "/")+1:]
	if role := d.me.Role(); role != "" || strings.Contains(d.me.ARN, ":role/") {
		kind = "role"
		if role != "" {
			name = role[strings.LastIndex(role, "/")+1:]
		}
	}
	return []string{
		d.line(append([]string{"policy"}, d.args...)...) + " > policy.json",
		"aws iam put-" + kind + "-policy --" + kind + "-name " + shellWord(name) + " --policy-name credrender --policy-document file://policy.json",
	}
}

// wrongContext tries the contexts that are known, the right one first.
func (d *doctor) wrongContext(ctx context.Context, where job.Store, ref source.Ref) (text string, fixes []string) {
	st, err := d.a.stores.Source(ctx, where, ref.Source)
	if err != nil {
		return err.Error(), nil
	}
	if text, fixes := d.olderOpens(ctx, st, ref); text != "" {
		return text, fixes
	}
	refs := make([]source.Ref, len(d.contexts))
	for i, c := range d.contexts {
		refs[i] = ref
		refs[i].Context = c
	}
	got := st.Fetch(ctx, refs)
	for _, r := range refs {
		if got[r].Err != nil || ref.Source != "" {
			continue
		}
		to := []string{"--to-context", "none"}
		if m := ref.Context.Map(); len(m) > 0 {
			to = nil
			for _, k := range slices.Sorted(maps.Keys(m)) {
				to = append(to, "--to-context", k+"="+m[k])
			}
		}
		line := append(append([]string{"rekey", ref.Name}, words(r.Context)...), to...)
		return "it opens with " + orNone(r.Context) + ", and is asked for with " + orNone(ref.Context), []string{
			d.line(line...) + "  # or ask for it with " + orNone(r.Context),
		}
	}
	return "it opens with none of the contexts that the config knows", []string{d.line(d.put(ref)...) + "  # with the value from where it came from"}
}

// triedVersions bounds the older versions that are opened to learn what a newer one
// should have been.
const triedVersions = 20

// olderOpens finds an older version that opens as it was asked for. Then the newer
// one may have been put by mistake, such as a word that was meant for a context:
// to put it in the context that is asked for would deploy it.
func (d *doctor) olderOpens(ctx context.Context, src source.Source, ref source.Ref) (text string, fixes []string) {
	st, ok := src.(*store.Store)
	if !ok {
		return "", nil
	}
	entries, err := st.Deletable(ctx, ref.Name, "")
	if err != nil {
		return "", nil
	}
	if i := slices.IndexFunc(entries, func(e source.Entry) bool { return ref.Version != "" && e.Version == credstash.Pad(ref.Version) }); i >= 0 {
		entries = entries[:i+1]
	}
	if len(entries) < 2 {
		return "", nil
	}
	newest, older := entries[len(entries)-1], entries[max(0, len(entries)-1-triedVersions):len(entries)-1]
	var refs []source.Ref
	for _, e := range older {
		refs = append(refs, source.Ref{Source: ref.Source, Name: ref.Name, Version: e.Version, Context: ref.Context})
	}
	got := st.Fetch(ctx, refs)
	for _, r := range slices.Backward(refs) {
		if got[r].Err != nil {
			continue
		}
		return "version " + source.Show(newest.Version) + " does not open with " + orNone(ref.Context) + ", and the older version " + source.Show(r.Version) + " does: was the newer one put by mistake?", []string{
			d.line(d.put(ref)...) + "  # with the value that is meant",
			d.line("delete", ref.Text(), "-v", newest.Version) + "  # or go back to version " + source.Show(r.Version),
		}
	}
	return "", nil
}

func orNone(c source.Context) string {
	if c.IsZero() {
		return "no context"
	}
	return c.String()
}

// words are a context's pairs on a command line, sorted.
func words(c source.Context) []string {
	m := c.Map()
	list := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if pair := k + "=" + m[k]; isJoined(pair) {
			list = append(list, "--context", pair)
		} else {
			list = append(list, pair)
		}
	}
	return list
}

var keyARNs = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+`)
})

// keyIn is the key that a message is about.
func keyIn(err error) string {
	if arn := keyARNs().FindString(err.Error()); arn != "" {
		return arn
	}
	return "KEY"
}

// line is a command of ours, with the global flags that this one was given.
func (d *doctor) line(args ...string) string {
	list := []string{"credrender"}
	given := d.a.globals.given()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		list = append(list, "--"+name, shellWord(given[name]))
	}
	for _, a := range args {
		list = append(list, shellWord(a))
	}
	return strings.Join(list, " ")
}

// shellWord quotes for a POSIX shell where that is needed.
func shellWord(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
