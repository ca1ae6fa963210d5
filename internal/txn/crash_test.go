package txn_test

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/fsystest"
)

// The exhaustive crash model: the real transaction and the real state
// directory on a simulated disk. Before every operation the process is killed
// or the power is cut, with any selection of the directory changes that were
// not synced; then the next run recovers, and is itself crashed everywhere.

// model is one story to be crashed.
type model struct {
	old, new map[string]fsystest.Entry // destinations; absent ones are missing
	removed  []string                  // old files that the change removes
	inPlace  string                    // a destination written in place
	refuse   bool                      // verify refuses the new files
	lostKey  bool                      // the runtime directory does not survive
	pending  bool                      // nothing to install, a hook pending
	replace  bool                      // one file without a hook: Replace
	skip     string                    // the sync that is left out
	syncs    map[string]bool           // the syncs that there are

	seen  map[string]bool
	bad   map[string]string // violation: the first way to it
	trail []string          // of operations at which it crashed
	runs  int
}

func entry(content string, perm fs.FileMode, uid int) fsystest.Entry {
	return fsystest.Entry{Content: content, Perm: perm, UID: uid, GID: uid}
}

func newModel() *model {
	m := &model{
		old: map[string]fsystest.Entry{
			"/d1/a": entry("old a", 0o644, 7),
		},
		new: map[string]fsystest.Entry{
			"/d1/a":     entry("new a", 0o600, 8),
			"/d2/sub/e": entry("new e", 0o600, 0),
		},
		seen:  map[string]bool{},
		bad:   map[string]string{},
		syncs: map[string]bool{},
	}
	return m
}

// disk is the file system before the story, all of it durable.
func (m *model) disk(t *testing.T) *fsystest.Sim {
	t.Helper()
	s := fsystest.NewSim("/d1", "/d2", "/d3", "/s", "/run")
	for name, e := range m.old {
		s.Put(name, e.Content, e.Perm, e.UID, e.GID)
	}
	d := m.open(t, s)
	j, err := d.Job("j", "j", state.Identity{})
	if err != nil {
		t.Fatal(err)
	}
	err = j.Update(func(r *state.Record) {
		if m.pending {
			r.AddPendingHook(time.Unix(0, 0), nil)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
	s.Settle()
	return s
}

func (m *model) open(t *testing.T, f fsys.FS) *state.Dir {
	t.Helper()
	o := state.Options{Dir: "/s", Runtime: "/run", FS: f, Rand: rand.New(rand.NewSource(1))}
	if m.lostKey {
		o.Runtime = ""
		o.Rand = rand.New(rand.NewSource(int64(m.runs)))
	}
	m.runs++
	d, err := state.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// violated notes a violation, with the way to it.
func (m *model) violated(what string) {
	if _, ok := m.bad[what]; !ok {
		m.bad[what] = strings.Join(m.trail, "; then ")
	}
}

// world is what happens outside the disk.
type world struct{ hooked bool }

// change is a run that has something new to install.
func (m *model) change(t *testing.T, f fsys.FS, w *world) {
	t.Helper()
	d := m.open(t, f)
	defer d.Close()
	j, err := d.Job("j", "j", state.Identity{})
	if err != nil {
		t.Fatal(err)
	}
	var files []txn.File
	for _, dest := range slices.Sorted(maps.Keys(m.new)) {
		e := m.new[dest]
		files = append(files, txn.File{
			Dest: dest, Data: []byte(e.Content), Mode: e.Perm, UID: e.UID, GID: e.GID, CreateDirs: true, InPlace: dest == m.inPlace,
		})
	}
	for _, dest := range m.removed {
		files = append(files, txn.File{Dest: dest, Remove: true})
	}
	x, err := txn.Disk{FS: f, Rand: rand.New(rand.NewSource(2))}.Prepare(t.Context(), j, files)
	if err != nil {
		t.Fatal(err)
	}
	if m.replace {
		if err := x.Replace(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := j.Update(func(r *state.Record) { r.HookDone() }); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := x.Commit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if m.refuse {
		if err := x.Rollback(false); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := x.Done(); err != nil {
		t.Fatal(err)
	}
	m.settle(t, j, w)
}

func (m *model) settle(t *testing.T, j *state.Job, w *world) {
	t.Helper()
	r := j.Record()
	if !r.HookPending() {
		return
	}
	w.hooked = true
	if err := j.Update(func(r *state.Record) { r.HookDone() }); err != nil {
		t.Fatal(err)
	}
}

// recover is the next run, which has nothing to install. It calls check
// between recovery and hook, and again at its end.
func (m *model) recover(t *testing.T, f fsys.FS, w *world, check func(pending bool)) {
	t.Helper()
	d := m.open(t, f)
	defer d.Close()
	l, err := d.Lock(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Release() }()
	jobs, err := d.Jobs()
	if err != nil {
		m.violated("state cannot be read")
		return
	}
	pending := false
	for _, j := range jobs {
		if _, err := (txn.Disk{FS: f}).Recover(t.Context(), j.Record().Txn, j); err != nil {
			t.Fatal(err)
		}
		r := j.Record()
		pending = pending || r.HookPending()
	}
	check(pending)
	for _, j := range jobs {
		m.settle(t, j, w)
	}
	check(false)
}

// hook makes a file system that calls before ahead of each operation.
func (m *model) hook(s *fsystest.Sim, before func(fsystest.Op)) *fsystest.Hook {
	last, step := -1, ""
	atStep := func(label string) {
		if !strings.HasPrefix(label, "state.") {
			step = label
		}
	}
	return &fsystest.Hook{FS: s, AtStep: atStep, Before: func(op fsystest.Op) error {
		if op.File == "lock" && (op.Name == "write" || op.Name == "truncate") {
			return fsystest.ErrSkip // only words for people
		}
		if s.Changes() != last {
			last = s.Changes()
			before(op)
		}
		if op.Name == "sync" {
			at := "after " + cmp.Or(step, "start") + ": " + role(op.File)
			m.syncs[at] = true
			if at == m.skip {
				return fsystest.ErrSkip
			}
		}
		return nil
	}}
}

// role says what a file is for, for people.
func role(file string) string {
	switch {
	case file == "s":
		return "the journal's directory"
	case strings.HasPrefix(file, ".tmp-"):
		return "the journal"
	case strings.HasSuffix(file, ".new"):
		return "a staged file"
	case strings.HasSuffix(file, ".old"):
		return "a copy of an old file"
	case file == "a":
		return "a file written in place"
	}
	return "the directories"
}

// explore crashes the story everywhere.
func (m *model) explore(t *testing.T) {
	t.Helper()
	s, w := m.disk(t), &world{}
	crash := func(op fsystest.Op) {
		m.wholeFiles(s)
		m.crash(t, op, s, *w, 1)
	}
	if m.pending {
		m.recover(t, m.hook(s, crash), w, func(bool) {})
	} else {
		m.change(t, m.hook(s, crash), w)
	}
	crash(fsystest.Op{Name: "end"})
	m.check("no crash", s, *w, false)
	if s.OpenFiles() > 0 {
		m.violated(fmt.Sprintf("%d descriptors leak", s.OpenFiles()))
	}
}

// crash stops everything ahead of op and goes on with the next run, for each
// disk that it may find.
func (m *model) crash(t *testing.T, op fsystest.Op, s *fsystest.Sim, w world, depth int) {
	t.Helper()
	i := 0
	for c := range s.Crashes() {
		m.trail = append(m.trail, fmt.Sprintf("crash %d before %s %s after %s", i, op.Name, op.File, op.Label))
		m.next(t, c, w, depth)
		m.trail = m.trail[:len(m.trail)-1]
		i++
	}
}

// next is the run after a crash; it is crashed in turn, depth times.
func (m *model) next(t *testing.T, s *fsystest.Sim, w world, depth int) {
	t.Helper()
	key := fmt.Sprint(w, depth, s.Key())
	if m.seen[key] || m.skip != "" && len(m.bad) > 0 { // one violation will do there
		return
	}
	m.seen[key] = true
	crash := func(fsystest.Op) {}
	if depth > 0 {
		crash = func(op fsystest.Op) { m.crash(t, op, s, w, depth-1) }
	}
	m.recover(t, m.hook(s, crash), &w, func(pending bool) { m.check("recovered", s, w, pending) })
	crash(fsystest.Op{Name: "end"})
}

// wholeFiles: at every instant each destination is whole, with its own mode.
func (m *model) wholeFiles(s *fsystest.Sim) {
	now := s.Walk()
	for dest := range m.new {
		got, ok := now[dest]
		was, existed := m.old[dest]
		if dest != m.inPlace && (ok || existed) && got != m.new[dest] && got != was {
			m.violated("a destination is neither old nor new")
		}
	}
	for _, dest := range m.removed {
		if got, ok := now[dest]; ok && got != m.old[dest] {
			m.violated("a file to remove is neither old nor gone")
		}
	}
}

func (m *model) check(when string, s *fsystest.Sim, w world, pending bool) {
	now := s.Walk()
	olds, news := 0, 0
	for dest, want := range m.new {
		got, ok := now[dest]
		was, existed := m.old[dest]
		switch {
		case ok == existed && got == was:
			olds++
		case got == want:
			news++
		case strings.Contains(got.Content, fsystest.Torn):
			m.violated(when + ": torn")
		default:
			m.violated(when + ": lost")
		}
	}
	for _, dest := range m.removed {
		switch got, ok := now[dest]; {
		case !ok:
			news++
		case got == m.old[dest]:
			olds++
		default:
			m.violated(when + ": a file to remove is another")
		}
	}
	if olds > 0 && news > 0 {
		m.violated(when + ": mixed")
	}
	if news > 0 && !pending && !w.hooked && !m.replace {
		m.violated(when + ": hook lost")
	}
	if _, made := now["/d2/sub"]; made && news == 0 {
		m.violated(when + ": stray directory")
	}
	for name := range now {
		if strings.Contains(name, ".credrender-") || strings.Contains(name, ".tmp-") {
			m.violated(when + ": stray")
		}
	}
}

// remove has the change remove two files, one in a directory where nothing is written.
func (m *model) remove() {
	m.old["/d1/gone"], m.old["/d3/gone"] = entry("old gone", 0o640, 7), entry("", 0o600, 0)
	m.removed = []string{"/d1/gone", "/d3/gone"}
}

// stories are what may go on when it crashes.
func stories() map[string]func(*model) {
	return map[string]func(*model){
		"installed":          func(*model) {},
		"refused":            func(m *model) { m.refuse = true },
		"key lost":           func(m *model) { m.lostKey = true },
		"refused, key lost":  func(m *model) { m.refuse, m.lostKey = true, true },
		"in place":           func(m *model) { m.inPlace = "/d1/a" },
		"in place, key lost": func(m *model) { m.inPlace, m.lostKey = "/d1/a", true },
		"in place, refused":  func(m *model) { m.inPlace, m.refuse = "/d1/a", true },
		"pending":            func(m *model) { m.pending = true },
		"removed":            func(m *model) { m.remove() },
		"removed, refused":   func(m *model) { m.remove(); m.refuse = true },
		"removed, key lost":  func(m *model) { m.remove(); m.lostKey = true },
		"removed, refused, key lost": func(m *model) {
			m.remove()
			m.refuse, m.lostKey = true, true
		},
		"nothing but removed": func(m *model) {
			m.remove()
			m.new = nil
		},
		"one file": func(m *model) {
			delete(m.new, "/d2/sub/e")
			m.replace = true
		},
		"one file, key lost": func(m *model) {
			delete(m.new, "/d2/sub/e")
			m.replace, m.lostKey = true, true
		},
		"one new file": func(m *model) {
			m.old, m.new = nil, map[string]fsystest.Entry{"/d3/f": entry("new f", 0o600, 0)}
			m.replace = true
		},
		"one new file, in a new directory": func(m *model) {
			delete(m.new, "/d1/a")
			m.replace = true
		},
		"three files": func(m *model) {
			m.old["/d1/b"], m.new["/d1/b"] = entry("old b", 0o600, 0), entry("new b", 0o640, 0)
		},
	}
}

// explored are the stories that were explored with every sync made. Two tests use them.
var explored sync.Map // name to *exploration

type exploration struct {
	once sync.Once
	m    *model
}

// whole explores a story with every sync made, once.
func whole(t *testing.T, name string) *model {
	t.Helper()
	entry, _ := explored.LoadOrStore(name, &exploration{m: newModel()})
	e, _ := entry.(*exploration)
	e.once.Do(func() {
		stories()[name](e.m)
		e.m.explore(t)
	})
	return e.m
}

func TestCrashModel(t *testing.T) {
	for name := range stories() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := whole(t, name)
			t.Logf("%d states", len(m.seen))
			for what, how := range m.bad {
				t.Errorf("%s: %s", what, how)
			}
		})
	}
}
