package state

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

const (
	keyName = "fingerprint.key"
	keySize = 32
)

// KeyPath returns the path of the fingerprints' key in a runtime directory.
func KeyPath(runtime string) string { return path.Join(runtime, keyName) }

// printer makes fingerprints: an id of the key, which reveals fingerprints of another
// key, and an HMAC-SHA256. The content of a plain digest, such as one short password,
// could be guessed.
type printer struct {
	key []byte
	id  string
}

func newPrinter(key []byte) printer {
	p := printer{key: key}
	p.id = hex.EncodeToString(p.mac("id", nil)[:4])
	return p
}

func (p printer) mac(purpose string, data []byte) []byte {
	h := hmac.New(sha256.New, p.key)
	_, _ = io.WriteString(h, purpose+"\x00")
	h.Write(data)
	return h.Sum(nil)
}

// Fingerprint returns a digest of data under the key in the runtime directory.
func (d *Dir) Fingerprint(data []byte) string {
	return d.print.id + ":" + hex.EncodeToString(d.print.mac("content", data))
}

// Matches reports whether print is the fingerprint of data. known is false if print is
// empty or of another key.
func (d *Dir) Matches(print string, data []byte) (same, known bool) {
	if id, _, ok := strings.Cut(print, ":"); !ok || id != d.print.id {
		return false, false
	}
	return hmac.Equal([]byte(print), []byte(d.Fingerprint(data))), true
}

// loadPrinter reads the key or creates it. If the runtime directory cannot be used, the
// key lasts for this process only: the next run knows none of its fingerprints and checks
// everything again.
func loadPrinter(o Options) (printer, error) {
	if key, err := runtimeKey(o); err == nil {
		return newPrinter(key), nil
	}
	key, err := random(o.Rand)
	return newPrinter(key), err
}

func random(r io.Reader) ([]byte, error) {
	key := make([]byte, keySize)
	if _, err := io.ReadFull(r, key); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return key, nil
}

func runtimeKey(o Options) ([]byte, error) {
	if o.Runtime == "" {
		return nil, fs.ErrNotExist
	}
	p, err := openOrMake(o, o.Runtime)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := private(o.FS, p.Fd(), o.Runtime); err != nil {
		return nil, err
	}
	key, err := readKey(o.FS, p.Fd())
	if o.ReadOnly || err == nil {
		return key, err
	}
	// The key is missing, or incomplete after a crash: no other run has used it.
	if err := o.FS.Unlink(p.Fd(), keyName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return makeKey(o, p.Fd())
}

func readKey(f fsys.FS, dir int) ([]byte, error) {
	key, st, err := fsys.ReadFile(f, dir, keyName, keySize)
	if err == nil && (len(key) != keySize || st.UID != f.Euid() || st.Perm&0o077 != 0) {
		return nil, errors.New("not a key of this user")
	}
	return key, err
}

// makeKey writes a file and links it to the key's name, so that two processes that start
// together use the same key.
func makeKey(o Options, dir int) ([]byte, error) {
	id, errID := random(o.Rand)
	key, errKey := random(o.Rand)
	if err := errors.Join(errID, errKey); err != nil {
		return nil, err
	}
	tmp := tmpPrefix + hex.EncodeToString(id[:8])
	fd, err := o.FS.Open(dir, tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	err = errors.Join(fsys.WriteAll(o.FS, fd, key), o.FS.Close(fd))
	if err == nil {
		err = o.FS.Link(dir, tmp, keyName)
	}
	_ = o.FS.Unlink(dir, tmp) // 0600 and ours: at worst a stray
	if errors.Is(err, fs.ErrExist) {
		return readKey(o.FS, dir)
	}
	return key, err
}
