package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
)

const hostKeyName = "host.key"

type hostKey struct {
	Machine string `json:"machine"` // hash
	Key     []byte `json:"key"`
}

// HostKey returns 32 random bytes that stay the same on this machine, for the salts of
// htpasswd. If none are stored, or another machine's, it creates them, which needs the
// Lock. With ReadOnly, new ones last only for this process.
func (d *Dir) HostKey() ([]byte, error) {
	data, err := d.read(hostKeyName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var k hostKey
	if err == nil {
		if err := json.Unmarshal(data, &k); err != nil || len(k.Key) != keySize {
			return nil, &CorruptError{path.Join(d.o.Dir, hostKeyName), errors.Join(errors.New("not a host key"), err)}
		}
		if k.Machine == hash(d.o.Machine) {
			return k.Key, nil
		}
	}
	return d.makeHostKey()
}

func (d *Dir) makeHostKey() ([]byte, error) {
	key, err := random(d.o.Rand)
	if err != nil || d.o.ReadOnly {
		return key, err
	}
	data, err := json.Marshal(hostKey{hash(d.o.Machine), key})
	if err != nil {
		return nil, err
	}
	return key, d.write(hostKeyName, data)
}

// hash returns a stable name for the list of parts.
func hash(parts ...string) string {
	b, _ := json.Marshal(parts) // strings always encode
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
