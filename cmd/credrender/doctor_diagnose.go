package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	"github.com/credrender/credrender/pkg/template/mask"
)

// diagnose returns the cause of a failure and the commands that fix it.
func (d *doctor) diagnose(ctx context.Context, where job.Store, ref source.Ref, err error) (text string, fixes []string) {
	switch {
	case errors.Is(err, source.ErrDisabled):
		call, _ := errors.AsType[*source.CallError](err)
		if call == nil {
			return err.Error(), nil
		}
		return err.Error(), enable(keyIn(err), call.Message)
	case errors.Is(err, source.ErrDenied):
		return d.denied(ref, err)
	case isExternal(ref) && !isOne(err, source.ErrThrottled, source.ErrUnreachable, source.ErrCredentials):
		return err.Error(), nil // no command of ours fixes what others have put there
	case errors.Is(err, source.ErrWrongContext):
		return d.wrongContext(ctx, where, ref)
	case errors.Is(err, source.ErrNoMatch):
		return "no name matches it: if that is allowed, add it to allow_no_match of its job", []string{d.line("list")}
	case errors.Is(err, source.ErrNotFound) && ref.Version != "":
		return "the table has no version " + source.Show(ref.Version) + " of it", []string{d.line("list", ref.Text())}
	case errors.Is(err, source.ErrNotFound):
		return "not found", []string{d.line(d.put(ref)...)}
	case errors.Is(err, source.ErrIntegrity), errors.Is(err, source.ErrUnsupported):
		return err.Error(), []string{d.line(d.put(ref)...)}
	case errors.Is(err, source.ErrThrottled) && !isExternal(ref):
		return err.Error(), []string{d.setup(where, ref, "--update")}
	case errors.Is(err, source.ErrNoStore):
		return err.Error(), []string{d.setup(where, ref)}
	}
	return err.Error(), []string{d.line("render", "--wait", "5m") + "  # keeps trying"}
}

// isExternal reports whether a ref is in another service of AWS, and not in a table.
func isExternal(ref source.Ref) bool {
	return slices.Contains([]string{source.S3, source.S3Object, source.SSM, source.SecretsManager, source.EC2}, ref.Source)
}

func (d *doctor) put(ref source.Ref) []string {
	return append([]string{"put", ref.Text(), "@FILE"}, contextWords(ref.Context)...)
}

// setup returns the command that makes or changes the store of a ref.
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

// foreignKey is part of the message of KMS for a ciphertext under a key of another region.
const foreignKey = "does not exist in this region"

// denied distinguishes missing permissions on the table from those on the key.
func (d *doctor) denied(ref source.Ref, err error) (text string, fixes []string) {
	call, _ := errors.AsType[*source.CallError](err)
	switch {
	case call != nil && strings.Contains(call.Message, foreignKey):
		return "KMS does not have its key in this region: " + err.Error(), []string{"export CREDRENDER_KMS_REGION=" + credstashRegion + "  # or where the key is"}
	case call != nil && strings.Contains(call.Op, "decrypt") && ref.Source == "" && !ref.Context.IsZero():
		_, twin := ref.Context.CaseTwins()
		if twin == "" {
			role := cmp.Or(d.me.Role(), d.me.ARN, "ROLE") // unknown without STS
			return "reading is allowed, decrypting is not", []string{d.line(append([]string{"grant", role, "--read"}, contextWords(ref.Context)...)...)}
		}
	case call != nil && strings.Contains(call.Op, "decrypt"):
		return "reading is allowed, decrypting is not", d.attach()
	}
	return err.Error(), d.attach()
}

// attach returns the commands that attach the policy of these templates to the identity.
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

// wrongContext looks for a context that opens the secret, among those in the config.
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
		line := append(append([]string{"rekey", ref.Name}, contextWords(r.Context)...), to...)
		return "it opens with " + orNone(r.Context) + ", but was requested with " + orNone(ref.Context), []string{
			d.line(line...) + "  # or request it with " + orNone(r.Context),
		}
	}
	return "it opens with none of the contexts in the config", []string{d.line(d.put(ref)...) + "  # with the original value"}
}

// triedVersions is the maximum number of older versions that olderOpens tries.
const triedVersions = 20

// olderOpens looks for an older version that opens with the requested context. If there
// is one, the newest version may have been put by mistake. Moving that version to the
// requested context would deploy the mistake.
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
			d.line(d.put(ref)...) + "  # with the right value",
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

// contextWords returns a context as arguments of a command, sorted.
func contextWords(c source.Context) []string {
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

// keyIn returns the ARN of the key in an error message.
func keyIn(err error) string {
	if arn := keyARNs().FindString(err.Error()); arn != "" {
		return arn
	}
	return "KEY"
}

// line returns a credrender command with the global flags of this one.
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

// shellWord quotes a word for a POSIX shell if necessary. What a terminal would obey takes
// the quotes of POSIX.1-2024, which bash, zsh and ksh have had for long.
func shellWord(s string) string {
	if mask.Visible(s) != s {
		var b strings.Builder
		for _, c := range []byte(s) {
			switch {
			case c < ' ' || c >= 0x7f:
				fmt.Fprintf(&b, `\%03o`, c)
			case c == '\'' || c == '\\':
				b.WriteString(`\` + string(c))
			default:
				b.WriteByte(c)
			}
		}
		return "$'" + b.String() + "'"
	}
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
