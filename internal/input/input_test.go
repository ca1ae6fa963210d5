package input_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/input"
)

func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadFile(t *testing.T) {
	r := input.NewReader(t.Context())
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/f", []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := r.ReadFile(dir + "/f"); err != nil || string(data) != "text" {
		t.Errorf("got %q, %v", data, err)
	}
	for path, want := range map[string]error{dir + "/none": fs.ErrNotExist, dir: syscall.EISDIR, "/dev/zero": input.ErrTooLarge} {
		if data, err := r.ReadFile(path); !errors.Is(err, want) || data != nil {
			t.Errorf("%s: got %d bytes, %v", path, len(data), err)
		}
	}
	if err := os.Truncate(dir+"/f", input.Max+1); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadFile(dir + "/f"); !errors.Is(err, input.ErrTooLarge) {
		t.Errorf("a large file: %v", err)
	}
}

// A pipe is read to its end, however slowly it is written to.
func TestPipeIsReadToItsEnd(t *testing.T) {
	r := input.NewReader(t.Context())
	r.SetIdle(10 * time.Second)
	path := fifo(t)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return
		}
		for range 3 {
			_, _ = f.WriteString("part ")
			time.Sleep(10 * time.Millisecond)
		}
		_ = f.Close()
	}()
	if data, err := r.ReadFile(path); err != nil || string(data) != "part part part " {
		t.Errorf("got %q, %v", data, err)
	}
}

// A FIFO is given up that nobody opens, and one that nobody writes to.
func TestSilentFIFO(t *testing.T) {
	r := input.NewReader(t.Context())
	r.SetIdle(50 * time.Millisecond)
	path := fifo(t)
	if _, err := r.ReadFile(path); !errors.Is(err, input.ErrSilent) || strings.Contains(err.Error(), path) {
		t.Errorf("without a writer: %v", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := r.ReadFile(path); !errors.Is(err, input.ErrSilent) {
		t.Errorf("with a silent writer: %v", err)
	}
}

func TestEndsWithTheCommand(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := input.NewReader(ctx)
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := r.ReadFile(fifo(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	pr, _ := io.Pipe()
	if _, err := r.ReadAll(pr, true); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestReadAll(t *testing.T) {
	r := input.NewReader(t.Context())
	want := bytes.Repeat([]byte("x"), 1<<20)
	if got, err := r.ReadAll(bytes.NewReader(want), false); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	broken := errors.New("broken")
	if _, err := r.ReadAll(io.MultiReader(strings.NewReader("a"), iotestErr{broken}), false); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type iotestErr struct{ err error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.err }
