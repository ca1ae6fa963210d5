package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/credrender/credrender/internal/rotate"
	"github.com/credrender/credrender/pkg/source"
)

// errKilled stands for the end of the process: nothing after it happens.
var errKilled = errors.New("killed")

// world is a source with versions, a server that knows which passwords are valid, and
// a host that reads the secret. Each write and each command is an event. The process can
// be killed before or after the effect of any of them.
type world struct {
	t        *testing.T
	versions map[string][]string // values by name, oldest first
	valid    []string            // what the server accepts
	events   int
	killAt   int // event at which the process is killed, counted from 1; 0: never
	late     bool
	dead     context.CancelFunc
	fails    map[rotate.Step]error
	ran      []string
	before   func(event string) // called before each event
	lost     bool               // the answer to a publication is lost
}

func newWorld(t *testing.T) *world {
	return &world{t: t, versions: map[string][]string{"db": {"zero", "one"}}, valid: []string{"one"}, fails: map[rotate.Step]error{}}
}

// event has an effect, unless the process is killed before it.
func (w *world) event(ctx context.Context, name string, effect func()) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if w.before != nil {
		w.before(name)
	}
	w.events++
	if w.events == w.killAt && !w.late {
		w.dead()
		return errKilled
	}
	effect()
	w.invariant(name)
	if w.events == w.killAt {
		w.dead()
		return errKilled
	}
	return nil
}

// invariant checks that what hosts read works at the server.
func (w *world) invariant(event string) {
	w.t.Helper()
	read := w.newest("db")
	if !slices.Contains(w.valid, read) {
		w.t.Errorf("after %s hosts read %q, and the server accepts %q", event, read, w.valid)
	}
	got := map[string]source.Result{}
	for name := range w.versions {
		got[name] = source.Result{Secret: source.NewSecret([]byte(w.newest(name)))}
	}
	for name, r := range source.DropCandidates(got) {
		if name != "db" {
			w.t.Errorf("after %s a pattern matches %s: %q", event, name, r.Secret.Reveal())
		}
	}
}

func (w *world) newest(name string) string {
	all := w.versions[name]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// Fetch implements source.Source.
func (w *world) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	out := map[source.Ref]source.Result{}
	for _, r := range refs {
		all := w.versions[r.Name]
		at := len(all)
		if r.Version != "" {
			_, _ = fmt.Sscan(r.Version, &at)
		}
		switch {
		case ctx.Err() != nil:
			out[r] = source.Result{Err: ctx.Err()}
		case at < 1 || at > len(all):
			out[r] = source.Result{Err: source.ErrNotFound}
		default:
			out[r] = source.Result{Secret: source.NewSecret([]byte(all[at-1])), Trace: source.Trace{Version: fmt.Sprint(at)}}
		}
	}
	return out
}

// History implements source.HistoryReader.
func (w *world) History(_ context.Context, ref source.Ref) ([]source.VersionInfo, error) {
	var all []source.VersionInfo
	for i := range w.versions[ref.Name] {
		all = append(all, source.VersionInfo{Version: fmt.Sprint(i + 1)})
	}
	return all, nil
}

// Put implements source.Writer.
func (w *world) Put(ctx context.Context, ref source.Ref, p source.Write) (source.Stored, error) {
	var refused error
	err := w.event(ctx, "put "+ref.Name, func() {
		held := w.versions[ref.Name]
		switch {
		case p.IfAbsent && len(held) > 0:
			refused = source.ErrExists
		case p.Expect != source.Trace{} && p.Expect.Version != fmt.Sprint(len(held)):
			refused = source.ErrChanged
		default:
			w.versions[ref.Name] = append(held, string(p.Value.Reveal()))
			if w.lost && ref.Name == "db" {
				refused = source.ErrUnreachable
			}
		}
	})
	return source.Stored{Changed: true}, errors.Join(err, refused)
}

// Delete implements source.Writer.
func (w *world) Delete(ctx context.Context, ref source.Ref, _ source.Deletion) (source.Deleted, error) {
	return source.Deleted{}, w.event(ctx, "delete "+ref.Name, func() { delete(w.versions, ref.Name) })
}

// command is what the user's commands do at the server.
func (w *world) command(ctx context.Context, s rotate.Step, v rotate.Values) error {
	var failure error
	err := w.event(ctx, string(s), func() {
		on := string(v.On.Reveal())
		w.ran = append(w.ran, string(s)+" "+on+"/"+string(v.Other.Reveal()))
		if failure = w.fails[s]; failure != nil && s != rotate.Apply {
			return
		}
		switch s {
		case rotate.Apply:
			if !slices.Contains(w.valid, on) {
				w.valid = append(w.valid, on)
			}
		case rotate.Verify:
			if !slices.Contains(w.valid, on) {
				failure = errors.New("refused")
			}
		case rotate.Unapply, rotate.Revoke:
			w.valid = slices.DeleteFunc(w.valid, func(s string) bool { return s == on })
		}
	})
	return errors.Join(err, failure)
}

// rotation is one run of the command, with its own process.
func (w *world) rotation() (*rotate.Rotation, context.Context) {
	ctx, cancel := context.WithCancel(w.t.Context())
	w.dead = cancel
	w.t.Cleanup(cancel)
	ref := source.Ref{Name: "db"}
	beside := &rotate.Beside{Ref: ref, Source: w, Writer: w}
	return &rotate.Rotation{
		Ref: ref, Source: w, History: w, Keeper: beside,
		Has: func(rotate.Step) bool { return true }, Run: w.command, Note: func(string) {},
	}, ctx
}

// run runs a rotation to value.
func (w *world) run(value string) error {
	r, ctx := w.rotation()
	return r.Do(ctx, func() (source.Secret, error) { return source.NewSecret([]byte(value)), nil }, nil)
}
