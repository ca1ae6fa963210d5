package credstash

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
)

// tagSize is that of GCM at full strength; a shorter tag is easier to forge.
const tagSize = 16

// OpenOptions are how Open treats damage that other writers are known for.
type OpenOptions struct {
	// RescueCTR32LE opens values that rucredstash 0.9.1 and later encrypted
	// with a little-endian counter: recognised by a plaintext that turns from
	// UTF-8 to noise at byte 16, which binary data may do too. So it is off
	// unless asked for.
	RescueCTR32LE bool
	// Rescued, if set, is told of each item that was opened so: it should be
	// put again. A Store calls it from several goroutines.
	Rescued func(Item)
}

// Open verifies and decrypts an item with its data key, unwrapped. It returns
// source.ErrIntegrity where the item is not what was sealed, or not of the form
// that its algorithm demands, and source.ErrUnsupported for an algorithm or
// digest that it does not know.
//
// Key lengths are strict. Trying another split of the data key when the first
// fails, as some ports do, lets whoever may write the table turn known
// ciphertext into an item of his own.
func Open(item Item, dataKey []byte, o OpenOptions) ([]byte, error) {
	if err := item.Check(); err != nil {
		return nil, err
	}
	if !keyFits(item.Algorithm, len(dataKey)) {
		return nil, fmt.Errorf("%w: a data key of %d bytes", source.ErrIntegrity, len(dataKey))
	}
	if item.Algorithm == AESGCM {
		return openGCM(item, dataKey)
	}
	return openCTR(item, dataKey, o)
}

// Check reports what would make Open fail whatever the data key is, so that
// nothing is asked of KMS for an item that cannot be opened.
func (it Item) Check() error {
	switch {
	case it.Fault != nil:
		return it.Fault
	case it.Algorithm == AESGCM:
		return it.checkGCM()
	case it.Algorithm != Legacy && it.Algorithm != AESCTR:
		return fmt.Errorf("%w: algorithm %s", source.ErrUnsupported, source.Show(it.Algorithm))
	case len(it.Key) == 0:
		return fmt.Errorf("%w: no data key", source.ErrIntegrity)
	case len(it.HMAC) == 0:
		return fmt.Errorf("%w: no hmac", source.ErrIntegrity)
	case it.Algorithm == AESCTR && len(it.Nonce) != 0 && len(it.Nonce) != aes.BlockSize:
		return fmt.Errorf("%w: a nonce of %d bytes, not %d", source.ErrIntegrity, len(it.Nonce), aes.BlockSize)
	}
	_, err := hashOf(it.Digest)
	return err
}

func (it Item) checkGCM() error {
	switch {
	case len(it.Key) == 0:
		return fmt.Errorf("%w: no data key", source.ErrIntegrity)
	case len(it.IV) == 0:
		return fmt.Errorf("%w: no iv", source.ErrIntegrity)
	case len(it.Tag) != tagSize:
		return fmt.Errorf("%w: a tag of %d bytes, not %d", source.ErrIntegrity, len(it.Tag), tagSize)
	}
	return nil
}

// keyFits says which lengths of data key an algorithm takes, in bytes. The CTR
// algorithms cut theirs in half: one half to encrypt, one for the HMAC.
func keyFits(algorithm string, n int) bool {
	switch algorithm {
	case Legacy:
		return n == 64
	case AESCTR:
		return n == 32 || n == 48 || n == 64
	case AESGCM:
		return n == 16 || n == 24 || n == 32
	}
	return false
}

func openGCM(item Item, key []byte) ([]byte, error) {
	aead, err := newGCM(key, len(item.IV))
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, 0, len(item.Contents)+len(item.Tag))
	sealed = append(append(sealed, item.Contents...), item.Tag...)
	plain, err := aead.Open(sealed[:0], item.IV, sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: tag does not match", source.ErrIntegrity)
	}
	return plain, nil
}

func newGCM(key []byte, ivSize int) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithNonceSize(block, ivSize)
}

func openCTR(item Item, dataKey []byte, o OpenOptions) ([]byte, error) {
	half := len(dataKey) / 2
	mac, err := macOf(item, dataKey[half:])
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(mac, item.HMAC) { // before anything is decrypted; in constant time
		return nil, fmt.Errorf("%w: hmac does not match", source.ErrIntegrity)
	}
	block, err := aes.NewCipher(dataKey[:half])
	if err != nil {
		return nil, err
	}
	plain := xorCTR(block, item.Nonce, item.Contents)
	if o.RescueCTR32LE && item.Algorithm == Legacy && turnsToNoise(plain) {
		if rescued := xorCTR32LE(block, item.Contents); utf8.Valid(rescued) {
			if o.Rescued != nil {
				o.Rescued(item)
			}
			return rescued, nil
		}
	}
	return plain, nil
}

func macOf(item Item, key []byte) ([]byte, error) {
	h, err := hashOf(item.Digest)
	if err != nil {
		return nil, err
	}
	m := hmac.New(h, key)
	m.Write(item.Contents)
	return m.Sum(nil), nil
}

// firstCounter is where credstash's counter starts: a big-endian one.
func firstCounter() []byte {
	iv := make([]byte, aes.BlockSize)
	iv[len(iv)-1] = 1
	return iv
}

func xorCTR(block cipher.Block, nonce, in []byte) []byte {
	if len(nonce) == 0 {
		nonce = firstCounter()
	}
	out := make([]byte, len(in))
	cipher.NewCTR(block, nonce).XORKeyStream(out, in)
	return out
}

// turnsToNoise reports whether a text breaks at the end of its first block,
// which is the only one that both counters encrypt alike.
func turnsToNoise(b []byte) bool {
	if len(b) <= aes.BlockSize || utf8.Valid(b) {
		return false
	}
	head := b[:aes.BlockSize]
	for len(head) > 0 { // the last character may go on in the next block
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n <= 1 {
			return !utf8.FullRune(head)
		}
		head = head[n:]
	}
	return true
}

// xorCTR32LE counts as rucredstash does: in the first four bytes, little-endian,
// the rest of credstash's first counter standing still.
func xorCTR32LE(block cipher.Block, in []byte) []byte {
	counter, stream := firstCounter(), make([]byte, aes.BlockSize)
	out := make([]byte, len(in))
	for i := 0; i < len(in); i += aes.BlockSize {
		binary.LittleEndian.PutUint32(counter, uint32(i/aes.BlockSize))
		block.Encrypt(stream, counter)
		for j := i; j < min(i+aes.BlockSize, len(in)); j++ {
			out[j] = in[j] ^ stream[j-i]
		}
	}
	return out
}
