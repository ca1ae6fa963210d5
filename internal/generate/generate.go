// Package generate makes random values: passwords, passphrases, bytes, UUIDs and keys.
// All randomness is crypto/rand's.
//
// A [Spec] is checked by [Spec.Check] before anything is made, so a caller can refuse a
// wrong one before it asks a store for anything. [Spec.Make] returns a [Value], whose
// Public half is set for keys.
package generate

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"github.com/sethvargo/go-diceware/diceware"
)

// Formats of values.
const (
	Password   = "password"
	Words      = "words"
	Hex        = "hex"
	Base64     = "base64"
	Base64URL  = "base64url"
	UUID       = "uuid"
	RSA        = "rsa"
	Ed25519    = "ed25519"
	SSHEd25519 = "ssh-ed25519"
	SSHRSA     = "ssh-rsa"
)

// Formats returns all formats, in the order of the help.
func Formats() []string {
	return []string{Password, Words, Hex, Base64, Base64URL, UUID, RSA, Ed25519, SSHEd25519, SSHRSA}
}

// Spec describes a value to make. The zero Spec is a password of the default length.
type Spec struct {
	Format string // empty: Password
	// Length counts characters of a password, words of a passphrase, random bytes of
	// hex and base64, and bits of an RSA key; 0: the format's default. Other formats
	// have one length.
	Length int
	// Classes are the classes of characters of a password, each of which it contains
	// at least once: see [ClassNames]. Empty: lower, upper and digit.
	Classes []string
	// Comment ends the public half of an SSH key.
	Comment string
}

// Value is a new value.
type Value struct {
	Secret []byte
	// Public is the public half of a key: PEM, or a line of authorized_keys; nil for
	// other formats.
	Public []byte
}

// limits are the lengths that a format takes.
type limits struct {
	standard, min, max int
	unit               string
	bits               float64 // of entropy per unit; 0: a key
}

// maxBytes is as much random data as fits into every store that takes more than a
// few kilobytes.
const maxBytes = 64 << 10

func (s Spec) limits() (limits, bool) {
	byFormat := map[string]limits{
		Password:  {32, 1, maxBytes, "characters", math.Log2(float64(len(s.alphabet())))},
		Words:     {6, 1, 1000, "words", math.Log2(float64(numWords()))},
		Hex:       {32, 1, maxBytes, "bytes", 8},
		Base64:    {32, 1, maxBytes, "bytes", 8},
		Base64URL: {32, 1, maxBytes, "bytes", 8},
		RSA:       {3072, 2048, 8192, "bits", 0},
		SSHRSA:    {3072, 2048, 8192, "bits", 0},
	}
	l, ok := byFormat[s.format()]
	return l, ok
}

func numWords() int {
	if w, ok := diceware.WordListEffLarge().(diceware.WordListNumWordser); ok {
		return w.NumWords()
	}
	return 0
}

func (s Spec) format() string {
	if s.Format == "" {
		return Password
	}
	return s.Format
}

// Check returns an error if no value can be made.
func (s Spec) Check() error {
	if !slices.Contains(Formats(), s.format()) {
		return fmt.Errorf("format %q is not one of %s", s.Format, strings.Join(Formats(), ", "))
	}
	if len(s.Classes) > 0 && s.format() != Password {
		return fmt.Errorf("character classes are for passwords, not for %s", s.format())
	}
	if err := s.checkClasses(); err != nil {
		return err
	}
	if strings.ContainsFunc(s.Comment, unicode.IsControl) {
		return errors.New("the comment of a key has a control character")
	}
	l, ok := s.limits()
	switch {
	case !ok && s.Length != 0:
		return fmt.Errorf("%s has one length only", s.format())
	case ok && s.Length != 0 && (s.Length < l.min || s.Length > l.max):
		return fmt.Errorf("%s: the length must be %d to %d %s", s.format(), l.min, l.max, l.unit)
	case ok && l.bits == 0 && s.length()%8 != 0:
		return fmt.Errorf("%s: the length must be a multiple of 8 bits", s.format())
	case s.format() == Password && s.length() < len(s.classes()):
		return fmt.Errorf("a password of %d characters cannot contain %d classes", s.length(), len(s.classes()))
	}
	return nil
}

func (s Spec) length() int {
	if l, ok := s.limits(); ok && s.Length == 0 {
		return l.standard
	}
	return s.Length
}

// guessable is the entropy in bits below which a value may be found by trying.
const guessable = 64

// Weak returns how many bits of entropy the value has if they are too few to resist
// guessing, and reports whether that is so.
func (s Spec) Weak() (bits int, weak bool) {
	l, ok := s.limits()
	if !ok || l.bits == 0 {
		return 0, false
	}
	bits = int(l.bits * float64(s.length()))
	return bits, bits < guessable
}

// String describes the value without showing it, such as "password of 32 characters".
func (s Spec) String() string {
	if l, ok := s.limits(); ok {
		return fmt.Sprintf("%s of %d %s", s.format(), s.length(), l.unit)
	}
	return s.format()
}

// IsKey reports whether the value has a public half.
func (s Spec) IsKey() bool {
	return slices.Contains([]string{RSA, Ed25519, SSHEd25519, SSHRSA}, s.format())
}

// Make makes a value.
func (s Spec) Make() (Value, error) {
	if err := s.Check(); err != nil {
		return Value{}, err
	}
	switch s.format() {
	case Password:
		return Value{Secret: s.password()}, nil
	case Words:
		words, err := diceware.Generate(s.length())
		return Value{Secret: []byte(strings.Join(words, "-"))}, err
	case Hex:
		return Value{Secret: []byte(hex.EncodeToString(random(s.length())))}, nil
	case Base64:
		return Value{Secret: []byte(base64.StdEncoding.EncodeToString(random(s.length())))}, nil
	case Base64URL:
		return Value{Secret: []byte(base64.RawURLEncoding.EncodeToString(random(s.length())))}, nil
	case UUID:
		id, err := uuid.NewRandom()
		return Value{Secret: []byte(id.String())}, err
	}
	return s.key()
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return b
}
