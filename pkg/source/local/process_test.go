package local_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
)

func mkfifo(t testing.TB, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}

// writerArg makes the test binary another process that writes to a store.
const writerArg = "write-to-store"

func TestMain(m *testing.M) {
	if len(os.Args) == 6 && os.Args[1] == writerArg {
		writer(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
		return
	}
	os.Exit(m.Run())
}

// writer puts numbered values until it has put as many as it was told; each
// that is stored is a line on its output.
func writer(path, keyPath, id, count string) {
	s := open(local.Options{Path: path, KeyPath: keyPath, Timeout: time.Minute}) // machines that run tests are busy
	n := 0
	_, _ = fmt.Sscan(count, &n)
	for i := range n {
		value := fmt.Sprintf("%s/%d", id, i)
		r := store.PutRequest{Name: "n", Value: source.NewSecret([]byte(value))}
		if _, _, err := s.Put(context.Background(), r); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println(value)
	}
}

func startWriter(t *testing.T, o local.Options, id, count int) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, writerArg, o.Path, o.KeyPath, fmt.Sprint(id), fmt.Sprint(count))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// lines reads up to n lines, or with a negative n all there are.
func lines(out *bufio.Scanner, n int) (all []string) {
	for ; n != 0 && out.Scan(); n-- {
		all = append(all, out.Text())
	}
	return all
}

// stored returns the values of n's versions, which must be 1, 2, 3, ...
func stored(t *testing.T, o local.Options) []string {
	t.Helper()
	s := open(o)
	entries, err := s.List(t.Context(), "n")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for i, e := range entries {
		if want := fmt.Sprintf("%019d", i+1); e.Version != want {
			t.Fatalf("version %s stands where %s is due", e.Version, want)
		}
		value, err := get(t.Context(), s, source.Ref{Name: "n", Version: e.Version})
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	return values
}

// TestProcesses: several processes write the same secret at once. No value is
// lost, no version left out.
func TestProcesses(t *testing.T) {
	_, o := create(t)
	const writers, each = 4, 10
	var cmds []*exec.Cmd
	var outs []*bufio.Scanner
	for id := range writers {
		cmd, out := startWriter(t, o, id, each)
		cmds, outs = append(cmds, cmd), append(outs, out)
	}
	var want []string
	for id, cmd := range cmds {
		said := lines(outs[id], -1)
		if err := cmd.Wait(); err != nil {
			t.Fatalf("writer %d: %v, %v", id, err, said)
		}
		want = append(want, said...)
	}
	got := stored(t, o)
	slices.Sort(want)
	slices.Sort(got)
	if len(got) != writers*each || !slices.Equal(got, want) {
		t.Errorf("stored %v, want %v", got, want)
	}
}

// TestManyAtOnce: none of many writers of one process waits so long that it
// gives up.
func TestManyAtOnce(t *testing.T) {
	_, o := create(t)
	o.Timeout = 100 * time.Millisecond
	s := open(o)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for n := range 10 {
				r := store.PutRequest{Name: fmt.Sprintf("n%d", i), Version: fmt.Sprint(n + 1), Value: source.NewSecret([]byte("x"))}
				if _, _, err := s.Put(t.Context(), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestKilled: a process killed while it writes leaves what it has confirmed, at
// most one value more, and no lock.
func TestKilled(t *testing.T) {
	_, o := create(t)
	cmd, out := startWriter(t, o, 0, 1<<20)
	confirmed := lines(out, 5)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	confirmed = append(confirmed, lines(out, -1)...)
	_ = cmd.Wait() // killed
	got := stored(t, o)
	if len(confirmed) < 5 || len(got) < len(confirmed) || len(got) > len(confirmed)+1 || !slices.Equal(got[:len(confirmed)], confirmed) {
		t.Errorf("%d stored, %d confirmed", len(got), len(confirmed))
	}
	put(t, open(o), "n", "after", nil)
}
